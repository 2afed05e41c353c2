// The text form of a report, written and read back.

#include <fmt/format.h>

#include <array>
#include <cstddef>

#include "proc/escape.h"
#include "proc/number.h"
#include "proc/report.h"

namespace topnet::proc {
namespace {

constexpr std::string_view kTitle = "topnet report 1";
constexpr std::string_view kSinceStart = "since start";
constexpr std::string_view kColumns = "    PID      USER    SYSTEM     TOTAL  NAME";

// Takes what precedes `separator` off `text`, with the separator; all of it where there is none.
std::string_view take_until(std::string_view& text, std::string_view separator) {
  const std::size_t length = text.find(separator);
  const std::string_view taken = text.substr(0, length);
  text.remove_prefix(length == std::string_view::npos ? text.size() : length + separator.size());
  return taken;
}

// Takes a right-aligned number off `row`.
template <typename Number>
std::optional<Number> take_number(std::string_view& row) {
  row.remove_prefix(std::min(row.find_first_not_of(' '), row.size()));
  const std::size_t length = std::min(row.find(' '), row.size());
  const auto number = parse_number<Number>(row.substr(0, length));
  row.remove_prefix(length);
  return number;
}

std::optional<Process> parse_row(std::string_view row) {
  const auto pid = take_number<pid_t>(row);
  const auto user = take_number<std::uint64_t>(row);
  const auto system = take_number<std::uint64_t>(row);
  const auto total = take_number<std::uint64_t>(row);
  if (!pid || *pid <= 0 || !user || !system || !total) return std::nullopt;
  if (*user > *total || *total - *user != *system) return std::nullopt;
  if (!row.starts_with("  ")) return std::nullopt;
  row.remove_prefix(2);
  if (!is_escaped(row)) return std::nullopt;
  return Process{
      .pid = *pid, .name = std::string(row), .user_ticks = *user, .system_ticks = *system};
}

// Reads the digits that stand for '0' in `pattern`; every other character must match.
std::optional<std::array<int, 7>> match_digits(std::string_view text, std::string_view pattern) {
  if (text.size() != pattern.size()) return std::nullopt;
  std::array<int, 7> numbers{};
  std::size_t number = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (pattern[i] == '0') {
      if (text[i] < '0' || text[i] > '9') return std::nullopt;
      numbers.at(number) = numbers.at(number) * 10 + (text[i] - '0');
    } else {
      if (text[i] != pattern[i]) return std::nullopt;
      ++number;
    }
  }
  return numbers;
}

std::optional<std::chrono::sys_time<std::chrono::milliseconds>> parse_time(std::string_view text) {
  using namespace std::chrono;
  const auto numbers = match_digits(text, "0000-00-00T00:00:00.000Z");
  if (!numbers) return std::nullopt;
  const auto [y, mon, d, h, min, s, ms] = *numbers;
  const year_month_day date{year{y}, month(static_cast<unsigned>(mon)),
                            day(static_cast<unsigned>(d))};
  if (!date.ok() || h > 23 || min > 59 || s > 59) return std::nullopt;
  return sys_days{date} + hours{h} + minutes{min} + seconds{s} + milliseconds{ms};
}

// What the header lines of a report say; a line that is not known changes nothing.
struct Header {
  bool since_start = false;
  std::optional<std::string> host;
  std::optional<std::chrono::sys_time<std::chrono::milliseconds>> time;
  std::optional<std::uint32_t> clock_ticks_per_second;
  std::optional<std::uint64_t> seen;
  std::optional<std::uint64_t> listed;

  void read_line(std::string_view line) {
    const std::string_view key = take_until(line, ": ");
    if (key == "host" && is_escaped(line)) host = line;
    if (key == "time") time = parse_time(line);
    if (key == "window") since_start = line == kSinceStart;
    if (key == "clock ticks per second") clock_ticks_per_second = parse_number<std::uint32_t>(line);
    if (key == "processes") {
      seen = parse_number<std::uint64_t>(take_until(line, " seen, "));
      listed = parse_number<std::uint64_t>(take_until(line, " listed"));
    }
  }

  bool is_complete() const {
    return since_start && time && clock_ticks_per_second && seen && listed;
  }
};

}  // namespace

std::string to_text(const Report& report) {
  fmt::memory_buffer out;
  const auto line = [&out](fmt::string_view format, const auto&... values) {
    fmt::vformat_to(fmt::appender(out), format, fmt::make_format_args(values...));
    out.push_back('\n');
  };
  line("# {}", kTitle);
  if (report.host.name) line("# host: {}", *report.host.name);
  line("# time: {}", format_time(report.time));
  line("# window: {}", kSinceStart);
  line("# clock ticks per second: {}", report.clock_ticks_per_second);
  line("# processes: {} seen, {} listed", report.processes_seen, report.processes.size());
  line("{}", kColumns);
  for (const Process& process : report.processes) {
    // The blanks stand apart from the widths, so that no number ever runs into the next.
    line("{:>7} {:>9} {:>9} {:>9}  {}", process.pid, process.user_ticks, process.system_ticks,
         process.cpu_ticks(), process.name);
  }
  return fmt::to_string(out);
}

std::optional<Report> parse_text(std::string_view text) {
  if (!text.ends_with('\n') || take_until(text, "\n") != fmt::format("# {}", kTitle)) {
    return std::nullopt;
  }
  Header header;
  while (text.starts_with("# ")) header.read_line(take_until(text, "\n").substr(2));
  if (!header.is_complete() || take_until(text, "\n") != kColumns) return std::nullopt;

  Report report{.host = {.name = std::move(header.host), .boot_id = {}, .cpus = {}},
                .time = *header.time,
                .clock_ticks_per_second = *header.clock_ticks_per_second,
                .processes_seen = *header.seen,
                .processes = {}};
  while (!text.empty()) {
    auto process = parse_row(take_until(text, "\n"));
    if (!process) return std::nullopt;
    report.processes.push_back(std::move(*process));
  }
  if (report.processes.size() != *header.listed) return std::nullopt;
  return report;
}

std::string format_time(std::chrono::sys_time<std::chrono::milliseconds> time) {
  using namespace std::chrono;
  const auto midnight = floor<days>(time);
  const year_month_day date{midnight};
  const hh_mm_ss clock{time - midnight};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     clock.subseconds().count());
}

}  // namespace topnet::proc
