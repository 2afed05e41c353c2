// The status as an HTML page that is complete in itself. Pure.
#pragma once

#include <string>

#include "web/status.h"

namespace topnet::web {

std::string to_html(const Status& status);

}  // namespace topnet::web
