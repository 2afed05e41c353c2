// The pages of the status port: which path shows what.
#pragma once

#include <functional>
#include <vector>

#include "web/http_responder.h"
#include "web/status.h"

namespace topnet::web {

// Asked at every request, in any thread: `status` for what people see, `metrics` for what machines
// collect.
std::vector<Route> pages(const std::function<Status()>& status,
                         const std::function<Status()>& metrics);

}  // namespace topnet::web
