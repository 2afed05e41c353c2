#include "proc/accounting_text.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "proc/escape.h"
#include "proc/number.h"
#include "proc/text.h"

namespace topnet::proc {
namespace {

constexpr std::string_view kChildrenOf = " s children of ";
constexpr std::string_view kJoin = "; ";
// Far above what a machine can be busy, and so small that every sum of them is exact.
constexpr double kMostTicks = 1e15;

// In percent, and not a negative zero where it is printed with one digit.
double share(double ticks, std::uint64_t busy_ticks) {
  if (busy_ticks == 0) return 0;
  const double percent = 100 * ticks / static_cast<double>(busy_ticks);
  return std::abs(percent) < 0.05 ? 0 : percent;
}

double seconds(std::uint64_t ticks, std::uint32_t ticks_per_second) {
  return static_cast<double>(ticks) / ticks_per_second;
}

// A number with so many digits behind the point, such as -14.6.
std::optional<double> parse_decimal(std::string_view text, std::size_t decimals) {
  const std::size_t point = text.find('.');
  if (point == std::string_view::npos || text.size() != point + 1 + decimals) return std::nullopt;
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  if (error != std::errc{} || stopped != end || !std::isfinite(number)) return std::nullopt;
  return number;
}

std::optional<std::uint64_t> parse_ticks(std::string_view seconds, std::uint32_t ticks_per_second) {
  const auto number = parse_decimal(seconds, 2);
  if (!number || *number < 0 || *number * ticks_per_second > kMostTicks) return std::nullopt;
  return static_cast<std::uint64_t>(std::llround(*number * ticks_per_second));
}

// Takes a share such as "5.1% listed" off `line`.
std::optional<std::int64_t> take_share(std::string_view& line, std::string_view what,
                                       std::uint64_t busy_ticks) {
  const auto percent = parse_decimal(take_until(line, "% "), 1);
  if (!percent || !take_prefix(line, what)) return std::nullopt;
  const double ticks = *percent * static_cast<double>(busy_ticks) / 100;
  if (std::abs(ticks) > kMostTicks) return std::nullopt;
  return std::llround(ticks);
}

// The same for one that is joined to the next, and is never negative.
std::optional<std::uint64_t> take_part(std::string_view& line, std::string_view what,
                                       std::uint64_t busy_ticks) {
  const auto ticks = take_share(line, what, busy_ticks);
  if (!ticks || *ticks < 0 || !take_prefix(line, " + ")) return std::nullopt;
  return static_cast<std::uint64_t>(*ticks);
}

std::optional<EndedChildren> parse_parent(std::string_view text, std::uint32_t ticks_per_second) {
  const auto ticks = parse_ticks(take_until(text, kChildrenOf), ticks_per_second);
  const auto open = text.rfind(" (");
  if (!ticks || open == std::string_view::npos || !text.ends_with(')')) return std::nullopt;
  const auto pid = parse_number<pid_t>(text.substr(open + 2, text.size() - open - 3));
  const std::string_view name = text.substr(0, open);
  if (!pid || *pid <= 0 || !is_escaped(name)) return std::nullopt;
  return EndedChildren{.pid = *pid, .name = std::string(name), .ticks = *ticks};
}

// Takes the first parent and what joins it to the next one off `line`. A name may look like the end
// of a parent and the beginning of the next, but the kernel's are too short for all of that.
std::optional<EndedChildren> take_parent(std::string_view& line, std::uint32_t ticks_per_second) {
  for (auto at = line.find(kJoin); at != std::string_view::npos; at = line.find(kJoin, at + 1)) {
    std::string_view rest = line.substr(at + kJoin.size());
    if (rest.find(kChildrenOf) == std::string_view::npos) break;
    auto parent = parse_parent(line.substr(0, at), ticks_per_second);
    std::string_view next = rest;
    if (parent && parse_ticks(take_until(next, kChildrenOf), ticks_per_second)) {
      line = rest;
      return parent;
    }
  }
  auto parent = parse_parent(line, ticks_per_second);
  line = {};
  return parent;
}

}  // namespace

std::string to_cpu_line(const Accounting& accounting, std::uint32_t ticks_per_second) {
  const auto percent = [&](auto ticks) {
    return share(static_cast<double>(ticks), accounting.busy_ticks);
  };
  const std::string known =
      fmt::format("{:.2f} s busy = {:.1f}% listed + {:.1f}% other processes",
                  seconds(accounting.busy_ticks, ticks_per_second),
                  percent(accounting.listed_ticks), percent(accounting.other_ticks));
  if (!accounting.ended_ticks) {
    return fmt::format("{} + {:.1f}% interrupts + {:.1f}% ended or unexplained", known,
                       percent(accounting.interrupt_ticks), percent(accounting.unexplained_ticks));
  }
  return fmt::format("{} + {:.1f}% ended processes + {:.1f}% interrupts + {:.1f}% unexplained",
                     known, percent(*accounting.ended_ticks), percent(accounting.interrupt_ticks),
                     percent(accounting.unexplained_ticks));
}

std::string to_ended_line(const std::vector<EndedChildren>& parents,
                          std::uint32_t ticks_per_second) {
  std::string line;
  for (const EndedChildren& parent : parents) {
    line +=
        fmt::format("{}{:.2f}{}{} ({})", line.empty() ? "" : kJoin,
                    seconds(parent.ticks, ticks_per_second), kChildrenOf, parent.name, parent.pid);
  }
  return line;
}

std::optional<Accounting> parse_cpu_line(std::string_view line, std::uint32_t ticks_per_second) {
  const auto busy = parse_ticks(take_until(line, " s busy = "), ticks_per_second);
  if (!busy) return std::nullopt;
  const auto listed = take_part(line, "listed", *busy);
  const auto other = take_part(line, "other processes", *busy);
  if (!listed || !other) return std::nullopt;
  Accounting accounting{.busy_ticks = *busy,
                        .listed_ticks = *listed,
                        .other_ticks = *other,
                        .ended_ticks = {},
                        .ended_by_parent = {}};
  const bool tells_ended = line.find("ended processes") != std::string_view::npos;
  if (tells_ended) {
    accounting.ended_ticks = take_part(line, "ended processes", *busy);
    if (!accounting.ended_ticks) return std::nullopt;
  }
  const auto interrupts = take_part(line, "interrupts", *busy);
  const auto rest = take_share(line, tells_ended ? "unexplained" : "ended or unexplained", *busy);
  if (!interrupts || !rest || !line.empty()) return std::nullopt;
  accounting.interrupt_ticks = *interrupts;
  accounting.unexplained_ticks = *rest;
  return accounting;
}

std::optional<std::vector<EndedChildren>> parse_ended_line(std::string_view line,
                                                           std::uint32_t ticks_per_second) {
  std::vector<EndedChildren> parents;
  while (!line.empty()) {
    auto parent = take_parent(line, ticks_per_second);
    if (!parent) return std::nullopt;
    parents.push_back(std::move(*parent));
  }
  return parents;
}

}  // namespace topnet::proc
