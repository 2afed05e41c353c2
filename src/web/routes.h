// The paths of the status port.
#pragma once

#include <functional>
#include <vector>

#include "web/http_responder.h"
#include "web/status.h"

namespace topnet::web {

// `status` is called for each request for HTML or JSON, `metrics` for each one for /metrics, in any
// thread.
std::vector<Route> status_routes(const std::function<Status()>& status,
                                 const std::function<Status()>& metrics);

}  // namespace topnet::web
