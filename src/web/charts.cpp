#include "web/charts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
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

// The running sums of the parts of a window, in the order of Split.
std::array<double, 5> running_sums(const proc::WindowStats& window) {
  std::array<double, 5> sums{
      static_cast<double>(window.listed_ticks), static_cast<double>(window.other_ticks),
      static_cast<double>(window.exited_ticks), static_cast<double>(window.interrupt_ticks),
      non_negative(window.unexplained_ticks)};
  for (std::size_t i = 1; i < sums.size(); ++i) sums.at(i) += sums.at(i - 1);
  return sums;
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

// The area below the running sum up to `part`.
std::string area(const std::vector<proc::WindowStats>& history, base::WallTime now,
                 std::size_t part) {
  std::string path;
  double end = left_end(history, now);
  for (const proc::WindowStats& window : history) {
    const double begin = std::max(end, 0.0);
    end += Seconds(window.length).count();
    if (end <= 0) continue;
    if (path.empty()) path = fmt::format("M{} {}", coordinate(begin), kChartHeight);
    const auto whole = static_cast<double>(window.capacity_ticks);
    const double height =
        whole > 0 ? std::min(running_sums(window).at(part) / whole, 1.0) * kChartHeight : 0;
    path += fmt::format("V{}H{}", coordinate(kChartHeight - height), coordinate(end));
  }
  if (!path.empty()) path += fmt::format("V{}Z", kChartHeight);
  return path;
}

}  // namespace

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
    out +=
        fmt::format(R"(<path class="{}" d="{}"/>)", parts.at(i).css_class, area(history, now, i));
  }
  return {out + "</svg>"};
}

}  // namespace topnet::web
