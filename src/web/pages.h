// The pages of the status port: which path shows what.
#pragma once

#include <functional>
#include <vector>

#include "web/http_responder.h"
#include "web/status.h"

namespace topnet::web {

// `status` is asked at every request, in any thread.
std::vector<Route> pages(const std::function<Status()>& status);

}  // namespace topnet::web
