#include "web/charts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>
#include <string>

namespace topnet::web {
namespace {

using Seconds = std::chrono::duration<double>;

// A unit of the chart is a second horizontally, and a hundredth of all CPUs vertically.
constexpr double kChartWidth = 600;
constexpr double kChartHeight = 100;

// Rounds to a tenth.
std::string coordinate(double value) { return fmt::format("{:g}", std::round(value * 10) / 10); }

std::string share(double part, double whole) {
  return coordinate(whole > 0 ? std::clamp(part / whole * 100, 0.0, 100.0) : 0);
}

double non_negative(std::int64_t ticks) {
  return static_cast<double>(std::max<std::int64_t>(ticks, 0));
}

// The sum of the parts of a window up to `last`, in the order of Split.
double sum_up_to(std::size_t last, const proc::Accounting& accounting) {
  const Split parts = split_of(accounting);
  double sum = 0;
  for (std::size_t i = 0; i <= last; ++i) sum += non_negative(parts.at(i).ticks);
  return sum;
}

// The left end of the history. Only the last window is placed by the wall clock, which may jump;
// the others precede it without gaps.
double left_end(const std::vector<proc::WindowStats>& history, base::WallTime now) {
  if (history.empty()) return kChartWidth;
  const proc::WindowStats& last = history.back();
  double begin = kChartWidth - std::max(Seconds(now - last.time - last.length).count(), 0.0);
  for (const proc::WindowStats& window : history) begin -= Seconds(window.length).count();
  return begin;
}

// The height of the area below a part, or nullopt without one.
using HeightOf = std::function<std::optional<double>(const proc::WindowStats&)>;

// The areas below a height, as an SVG path.
std::string area(const std::vector<proc::WindowStats>& history, base::WallTime now,
                 const HeightOf& height_of) {
  const std::string close = fmt::format("V{}Z", kChartHeight);
  std::string path;
  bool is_open = false;
  double end = left_end(history, now);
  for (const proc::WindowStats& window : history) {
    const double begin = std::max(end, 0.0);
    end += Seconds(window.length).count();
    if (end <= 0) continue;
    const auto height = height_of(window);
    if (is_open && !height) path += close;
    if (!is_open && height) path += fmt::format("M{} {}", coordinate(begin), kChartHeight);
    if (height) path += fmt::format("V{}H{}", coordinate(kChartHeight - *height), coordinate(end));
    is_open = height.has_value();
  }
  return is_open ? path + close : path;
}

std::string path_of(std::string_view css_class, const std::string& path) {
  return fmt::format(R"(<path class="{}" d="{}"/>)", css_class, path);
}

}  // namespace

bool is_known(const proc::WindowStats& window) {
  return window.accounting && window.capacity_ticks.value_or(0) > 0;
}

Split split_of(const proc::Accounting& accounting) {
  return {{{"listed", "listed below", static_cast<std::int64_t>(accounting.listed_ticks)},
           {"other", "other processes", static_cast<std::int64_t>(accounting.other_ticks)},
           {"exited", "exited processes",
            static_cast<std::int64_t>(accounting.exited_ticks.value_or(0))},
           {"interrupts", "interrupts", static_cast<std::int64_t>(accounting.interrupt_ticks)},
           {"unexplained", "unexplained", accounting.unexplained_ticks}}};
}

Html bar(double part, double whole) {
  return {fmt::format(R"(<svg class="bar" viewBox="0 0 100 1" preserveAspectRatio="none" )"
                      R"(aria-hidden="true"><rect width="{}" height="1"/></svg>)",
                      share(part, whole))};
}

Html split_bar(const Split& split, double capacity) {
  std::string out =
      R"(<svg id="split" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">)";
  double left = 0;
  for (const Part& part : split) {
    const double ticks = non_negative(part.ticks);
    out += fmt::format(R"(<rect class="{}" x="{}" width="{}" height="1"/>)", part.css_class,
                       share(left, capacity), share(ticks, capacity));
    left += ticks;
  }
  return {out + "</svg>"};
}

Html history_chart(const std::vector<proc::WindowStats>& history, base::WallTime now) {
  // The largest sum first: later areas cover the lower parts of earlier ones.
  const Split parts = split_of({});
  std::string out =
      fmt::format(R"(<svg id="chart" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" )"
                  R"(aria-labelledby="chart-title">)",
                  kChartWidth, kChartHeight);
  for (std::size_t i = parts.size(); i-- > 0;) {
    const auto height = [i](const proc::WindowStats& window) -> std::optional<double> {
      if (!is_known(window)) return std::nullopt;
      const auto whole = static_cast<double>(*window.capacity_ticks);
      return std::min(sum_up_to(i, *window.accounting) / whole, 1.0) * kChartHeight;
    };
    out += path_of(parts.at(i).css_class, area(history, now, height));
  }
  const auto unknown = [](const proc::WindowStats& window) {
    return is_known(window) ? std::nullopt : std::optional(kChartHeight);
  };
  return {out + path_of("unknown", area(history, now, unknown)) + "</svg>"};
}

}  // namespace topnet::web
