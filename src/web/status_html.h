// The status as a complete HTML page. Pure.
#pragma once

#include <string>

#include "web/status.h"

namespace topnet::web {

std::string to_html(const Status& status);

}  // namespace topnet::web
