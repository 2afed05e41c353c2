#include "web/accept.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <tuple>

#include "proc/text.h"
#include "web/http_text.h"

namespace topnet::web {
namespace {

using proc::take_until;

// A quality from 0 to 1 in thousandths: "0.8" is 800. What is no such number counts as 0.
int parse_quality(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return 0;
  int quality = (text[0] - '0') * 1000;
  if (text.size() > 1 && text[1] != '.') return 0;
  int weight = 100;
  for (const char c : text.substr(std::min<std::size_t>(text.size(), 2))) {
    if (c < '0' || c > '9') return 0;
    quality += (c - '0') * weight;
    weight /= 10;
  }
  return quality > 1000 ? 0 : quality;
}

// How narrowly `range` names `type`: 3 by its name, 2 as "text/*", 1 as "*/*", 0 not at all.
int narrowness(std::string_view range, std::string_view type) {
  const std::string lower = to_lower(range);
  if (lower == type) return 3;
  if (lower == std::string(type.substr(0, type.find('/'))) + "/*") return 2;
  return lower == "*/*" ? 1 : 0;
}

struct Preference {
  int narrowness = 0;
  int quality = 0;
};

// The narrowest range that covers a type says its quality.
Preference preference_for(std::string_view type, std::string_view accept) {
  Preference found;
  while (!accept.empty()) {
    std::string_view entry = take_until(accept, ",");
    const int narrow = narrowness(trim(take_until(entry, ";")), type);
    int quality = 1000;
    while (!entry.empty()) {
      const std::string_view parameter = trim(take_until(entry, ";"));
      if (parameter.starts_with("q=") || parameter.starts_with("Q=")) {
        quality = parse_quality(parameter.substr(2));
      }
    }
    if (narrow > found.narrowness) found = {.narrowness = narrow, .quality = quality};
  }
  return found;
}

}  // namespace

bool prefers_json(std::string_view accept) {
  const Preference json = preference_for("application/json", accept);
  const Preference html = preference_for("text/html", accept);
  // A quality of 0 says: anything but this.
  return json.quality > 0 &&
         std::tie(json.quality, json.narrowness) > std::tie(html.quality, html.narrowness);
}

}  // namespace topnet::web
