#include "web/routes.h"

#include "base/string_scan.h"
#include "web/assets.h"
#include "web/http_text.h"
#include "web/metrics.h"
#include "web/status_html.h"
#include "web/status_json.h"

namespace topnet::web {
namespace {

constexpr const char* kHtml = "text/html; charset=utf-8";
constexpr const char* kJson = "application/json";

// Whether an Accept header names JSON and not HTML. Wildcards and qualities are ignored.
bool wants_json(std::string_view accept) {
  bool names_json = false;
  while (!accept.empty()) {
    std::string_view entry = base::take_until(accept, ",");
    const std::string type = to_lower(trim(base::take_until(entry, ";")));
    if (type == "text/html") return false;
    if (type == kJson) names_json = true;
  }
  return names_json;
}

}  // namespace

std::vector<Route> status_routes(const std::function<Status()>& status,
                                 const std::function<Status()>& metrics) {
  const auto show_json = [=](std::string_view) {
    return Response{.content_type = kJson, .body = to_json(status())};
  };
  const auto show_html = [=](std::string_view) {
    return Response{.content_type = kHtml, .body = to_html(status())};
  };
  return {
      {"/", show_html},
      {"/status",
       [=](std::string_view accept) {
         return wants_json(accept) ? show_json(accept) : show_html(accept);
       }},
      {"/status.json", show_json},
      {"/metrics",
       [=](std::string_view) {
         return Response{.content_type = kMetricsType, .body = to_metrics(metrics())};
       }},
      {"/healthz",
       [](std::string_view) { return Response{.content_type = kPlainText, .body = "ok"}; }},
      {"/page.css",
       [](std::string_view) {
         return Response{.content_type = "text/css; charset=utf-8",
                         .body = std::string(assets::kPageCss)};
       }},
      {"/page.js",
       [](std::string_view) {
         return Response{.content_type = "text/javascript; charset=utf-8",
                         .body = std::string(assets::kPageJs)};
       }},
  };
}

}  // namespace topnet::web
