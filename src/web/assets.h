// The contents of web/assets, embedded at build time by cmake/embed.cmake.
#pragma once

#include <string_view>

namespace topnet::web::assets {

extern const std::string_view kPageCss;
extern const std::string_view kPageJs;

}  // namespace topnet::web::assets
