// The files under web/assets, as they were at build time (cmake/embed.cmake).
#pragma once

#include <string_view>

namespace topnet::web::assets {

extern const std::string_view kPageCss;
extern const std::string_view kPageJs;

}  // namespace topnet::web::assets
