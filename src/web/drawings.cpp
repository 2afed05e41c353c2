#include "web/drawings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <string>

namespace topnet::web {
namespace {

using Seconds = std::chrono::duration<double>;

// A unit of the chart is a second across, and a hundredth of all CPUs upwards.
constexpr double kChartWidth = 600;
constexpr double kChartHeight = 100;

// To a tenth.
std::string coordinate(double value) { return fmt::format("{:g}", std::round(value * 10) / 10); }

std::string share(double part, double whole) {
  return coordinate(whole > 0 ? std::clamp(part / whole * 100, 0.0, 100.0) : 0);
}

double at_least_nothing(std::int64_t ticks) {
  return static_cast<double>(std::max<std::int64_t>(ticks, 0));
}

// The sums of the parts of a stretch, the first alone, then with the second one, and so on.
std::array<double, 5> sums(const proc::Stretch& stretch) {
  std::array<double, 5> sums{
      static_cast<double>(stretch.listed_ticks), static_cast<double>(stretch.other_ticks),
      static_cast<double>(stretch.ended_ticks), static_cast<double>(stretch.interrupt_ticks),
      at_least_nothing(stretch.unexplained_ticks)};
  for (std::size_t i = 1; i < sums.size(); ++i) sums.at(i) += sums.at(i - 1);
  return sums;
}

// The left end of the history. Its windows follow each other; only the last one is placed by the
// clock.
double begin_of(const std::vector<proc::Stretch>& history, proc::WallTime now) {
  if (history.empty()) return kChartWidth;
  const proc::Stretch& last = history.back();
  double begin = kChartWidth - std::max(Seconds(now - last.time - last.length).count(), 0.0);
  for (const proc::Stretch& each : history) begin -= Seconds(each.length).count();
  return begin;
}

// The area beneath one of the sums.
std::string area(const std::vector<proc::Stretch>& history, proc::WallTime now, std::size_t sum) {
  std::string path;
  double end = begin_of(history, now);
  for (const proc::Stretch& each : history) {
    const double begin = std::max(end, 0.0);
    end += Seconds(each.length).count();
    if (end <= 0) continue;
    if (path.empty()) path = fmt::format("M{} {}", coordinate(begin), kChartHeight);
    const auto whole = static_cast<double>(each.capacity_ticks);
    const double height = whole > 0 ? std::min(sums(each).at(sum) / whole, 1.0) * kChartHeight : 0;
    path += fmt::format("V{}H{}", coordinate(kChartHeight - height), coordinate(end));
  }
  if (!path.empty()) path += fmt::format("V{}Z", kChartHeight);
  return path;
}

}  // namespace

Split split_of(const proc::Accounting& accounting) {
  return {
      {{"listed", "listed below", static_cast<std::int64_t>(accounting.listed_ticks)},
       {"other", "other processes", static_cast<std::int64_t>(accounting.other_ticks)},
       {"ended", "ended processes", static_cast<std::int64_t>(accounting.ended_ticks.value_or(0))},
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
    const double ticks = at_least_nothing(part.ticks);
    out += fmt::format(R"(<rect class="{}" x="{}" width="{}" height="1"/>)", part.name,
                       share(left, capacity), share(ticks, capacity));
    left += ticks;
  }
  return {out + "</svg>"};
}

Html history_chart(const std::vector<proc::Stretch>& history, proc::WallTime now) {
  // The largest first: each one hides what is beneath it of the one before.
  const Split parts = split_of({});
  std::string out =
      fmt::format(R"(<svg id="chart" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" )"
                  R"(aria-labelledby="chart-title">)",
                  kChartWidth, kChartHeight);
  for (std::size_t i = parts.size(); i-- > 0;) {
    out += fmt::format(R"(<path class="{}" d="{}"/>)", parts.at(i).name, area(history, now, i));
  }
  return {out + "</svg>"};
}

}  // namespace topnet::web
