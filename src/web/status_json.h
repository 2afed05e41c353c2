// The status as JSON: schema topnet.status/1 of topnet-status(7). Pure.
#pragma once

#include <string>

#include "web/status.h"

namespace topnet::web {

std::string to_json(const Status& status);  // one document on one line

}  // namespace topnet::web
