#include "web/pages.h"

#include "web/accept.h"
#include "web/assets.h"
#include "web/metrics.h"
#include "web/status_html.h"
#include "web/status_json.h"

namespace topnet::web {
namespace {

constexpr const char* kPlainText = "text/plain; charset=utf-8";
constexpr const char* kHtml = "text/html; charset=utf-8";
constexpr const char* kJson = "application/json";

}  // namespace

std::vector<Route> pages(const std::function<Status()>& status,
                         const std::function<Status()>& metrics) {
  const auto show_json = [=](std::string_view) {
    return Answer{.content_type = kJson, .body = to_json(status())};
  };
  const auto show_status = [=](std::string_view accept) {
    if (prefers_json(accept)) return show_json(accept);
    return Answer{.content_type = kHtml, .body = to_html(status())};
  };
  return {
      {"/",
       [](std::string_view) {
         return Answer{.content_type = kPlainText, .body = "", .location = "/status"};
       }},
      {"/status", show_status},
      {"/status.json", show_json},
      {"/metrics",
       [=](std::string_view) {
         return Answer{.content_type = kMetricsType, .body = to_metrics(metrics())};
       }},
      {"/healthz",
       [](std::string_view) { return Answer{.content_type = kPlainText, .body = "ok"}; }},
      {"/page.css",
       [](std::string_view) {
         return Answer{.content_type = "text/css; charset=utf-8",
                       .body = std::string(assets::kPageCss)};
       }},
      {"/page.js",
       [](std::string_view) {
         return Answer{.content_type = "text/javascript; charset=utf-8",
                       .body = std::string(assets::kPageJs)};
       }},
  };
}

}  // namespace topnet::web
