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
// Far above what a machine can be busy, and so small that every sum of them is exact.
constexpr double kMostTicks = 1e15;

double share(double ticks, std::uint64_t busy_ticks) {
  return busy_ticks == 0 ? 0 : 100 * ticks / static_cast<double>(busy_ticks);
}

double seconds(std::uint64_t ticks, std::uint32_t ticks_per_second) {
  return static_cast<double>(ticks) / ticks_per_second;
}

// A number in fixed notation, such as -14.6.
std::optional<double> parse_decimal(std::string_view text) {
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  if (error != std::errc{} || stopped != end || !std::isfinite(number)) return std::nullopt;
  return number;
}

std::optional<std::uint64_t> parse_ticks(std::string_view seconds, std::uint32_t ticks_per_second) {
  const auto number = parse_decimal(seconds);
  if (!number || *number < 0 || *number * ticks_per_second > kMostTicks) return std::nullopt;
  return static_cast<std::uint64_t>(std::llround(*number * ticks_per_second));
}

// Takes "5.1% listed" and what joins it to the next share off `line`.
std::optional<std::int64_t> take_share(std::string_view& line, std::string_view what,
                                       std::uint64_t busy_ticks) {
  const auto percent = parse_decimal(take_until(line, "% "));
  if (!percent || !take_prefix(line, what)) return std::nullopt;
  if (!line.empty() && !take_prefix(line, " + ")) return std::nullopt;
  const double ticks = *percent * static_cast<double>(busy_ticks) / 100;
  if (std::abs(ticks) > kMostTicks) return std::nullopt;
  return std::llround(ticks);
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

// Where the next parent begins: behind "); " and before a number of seconds. A name can hold the
// first, but is too short for all of it.
std::size_t find_next_parent(std::string_view line) {
  for (auto at = line.find("); "); at != std::string_view::npos; at = line.find("); ", at + 1)) {
    std::string_view rest = line.substr(at + 3);
    if (rest.find(kChildrenOf) != std::string_view::npos &&
        parse_decimal(take_until(rest, kChildrenOf))) {
      return at + 3;
    }
  }
  return std::string_view::npos;
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
        fmt::format("{}{:.2f}{}{} ({})", line.empty() ? "" : "; ",
                    seconds(parent.ticks, ticks_per_second), kChildrenOf, parent.name, parent.pid);
  }
  return line;
}

std::optional<Accounting> parse_cpu_line(std::string_view line, std::uint32_t ticks_per_second) {
  const auto busy = parse_ticks(take_until(line, " s busy = "), ticks_per_second);
  if (!busy) return std::nullopt;
  const bool tells_ended = line.find("ended processes") != std::string_view::npos;
  const auto listed = take_share(line, "listed", *busy);
  const auto other = take_share(line, "other processes", *busy);
  const auto ended = tells_ended ? take_share(line, "ended processes", *busy) : 0;
  const auto interrupts = take_share(line, "interrupts", *busy);
  const auto rest = take_share(line, tells_ended ? "unexplained" : "ended or unexplained", *busy);
  if (!listed || !other || !ended || !interrupts || !rest || !line.empty()) return std::nullopt;
  if (*listed < 0 || *other < 0 || *ended < 0 || *interrupts < 0) return std::nullopt;
  Accounting accounting{.busy_ticks = *busy,
                        .listed_ticks = static_cast<std::uint64_t>(*listed),
                        .other_ticks = static_cast<std::uint64_t>(*other),
                        .interrupt_ticks = static_cast<std::uint64_t>(*interrupts),
                        .ended_ticks = {},
                        .unexplained_ticks = *rest,
                        .ended_by_parent = {}};
  if (tells_ended) accounting.ended_ticks = static_cast<std::uint64_t>(*ended);
  return accounting;
}

std::optional<std::vector<EndedChildren>> parse_ended_line(std::string_view line,
                                                           std::uint32_t ticks_per_second) {
  std::vector<EndedChildren> parents;
  while (!line.empty()) {
    const std::size_t next = find_next_parent(line);
    const bool is_last = next == std::string_view::npos;
    auto parent = parse_parent(is_last ? line : line.substr(0, next - 2), ticks_per_second);
    if (!parent) return std::nullopt;
    parents.push_back(std::move(*parent));
    line.remove_prefix(is_last ? line.size() : next);
  }
  return parents;
}

}  // namespace topnet::proc
