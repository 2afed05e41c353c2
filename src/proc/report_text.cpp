// The text form of a report, written and read back.

#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <map>

#include "proc/accounting_text.h"
#include "proc/escape.h"
#include "proc/number.h"
#include "proc/report.h"
#include "proc/text.h"

namespace topnet::proc {
namespace {

constexpr std::string_view kTitle = "topnet report 1";
constexpr std::string_view kSinceStart = "since start";
constexpr std::string_view kColumns = "    PID      USER    SYSTEM     TOTAL  NAME";

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

std::string window_line(const std::optional<std::chrono::milliseconds>& window) {
  if (!window) return std::string(kSinceStart);
  return fmt::format("{}.{:03} s", window->count() / 1000, window->count() % 1000);
}

// Digits, a point and three digits.
std::optional<std::chrono::milliseconds> parse_window(std::string_view line) {
  const auto seconds = parse_number<std::uint32_t>(take_until(line, "."));
  const auto digits = line.substr(0, 3);
  const auto milliseconds = parse_number<std::uint32_t>(digits);
  if (!seconds || !milliseconds || digits.size() != 3 || line.substr(3) != " s") {
    return std::nullopt;
  }
  return std::chrono::seconds(*seconds) + std::chrono::milliseconds(*milliseconds);
}

// What the header lines of a report say, by their keys; those that are not known are never asked
// for.
class Header {
 public:
  void add(std::string_view line) {
    const std::string_view key = take_until(line, ": ");
    lines_.insert_or_assign(key, line);
  }

  // nullopt if there is no such line.
  std::optional<std::string_view> at(std::string_view key) const {
    const auto found = lines_.find(key);
    if (found == lines_.end()) return std::nullopt;
    return found->second;
  }

  template <typename Parse>
  auto parse(std::string_view key, Parse parse_line) const -> decltype(parse_line(key)) {
    const auto line = at(key);
    return line ? parse_line(*line) : std::nullopt;
  }

 private:
  std::map<std::string_view, std::string_view> lines_;
};

std::optional<std::string> parse_words(std::string_view line) {
  if (!is_escaped(line)) return std::nullopt;
  return std::string(line);
}

struct Counts {
  std::uint64_t seen;
  std::uint64_t listed;
};

std::optional<Counts> parse_counts(std::string_view line) {
  const auto seen = parse_number<std::uint64_t>(take_until(line, " seen, "));
  const auto listed = parse_number<std::uint64_t>(take_until(line, " "));
  if (!seen || !listed || line != "listed") return std::nullopt;
  return Counts{.seen = *seen, .listed = *listed};
}

// False where a line that has to be there is missing, or where one that is there makes no sense.
bool read_header(const Header& header, Report& report, std::uint64_t& listed) {
  const auto time = header.parse("time", parse_time);
  const auto ticks = header.parse("clock ticks per second", parse_number<std::uint32_t>);
  const auto counts = header.parse("processes", parse_counts);
  const auto window = header.at("window");
  if (!time || !ticks || *ticks == 0 || !counts || !window) return false;
  report.time = *time;
  report.clock_ticks_per_second = *ticks;
  report.processes_seen = counts->seen;
  listed = counts->listed;
  if (*window != kSinceStart) {
    report.window = parse_window(*window);
    if (!report.window) return false;
  }
  report.host.name = header.parse("host", parse_words);
  report.hidden = header.parse("visibility", parse_words);
  if (header.at("host") && !report.host.name) return false;
  if (header.at("visibility") && !report.hidden) return false;
  if (const auto line = header.at("cpu")) {
    report.accounting = parse_cpu_line(*line, *ticks);
    if (!report.accounting) return false;
  }
  if (const auto line = header.at("ended"); line && report.accounting) {
    auto parents = parse_ended_line(*line, *ticks);
    if (!parents) return false;
    report.accounting->ended_by_parent = std::move(*parents);
  }
  return true;
}

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
  line("# window: {}", window_line(report.window));
  line("# clock ticks per second: {}", report.clock_ticks_per_second);
  line("# processes: {} seen, {} listed", report.processes_seen, report.processes.size());
  if (report.accounting) {
    const std::uint32_t ticks = report.clock_ticks_per_second;
    line("# cpu: {}", to_cpu_line(*report.accounting, ticks));
    const auto& parents = report.accounting->ended_by_parent;
    if (!parents.empty()) line("# ended: {}", to_ended_line(parents, ticks));
  }
  if (report.hidden) line("# visibility: {}", *report.hidden);
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
  while (text.starts_with("# ")) header.add(take_until(text, "\n").substr(2));
  if (take_until(text, "\n") != kColumns) return std::nullopt;
  Report report;
  std::uint64_t listed = 0;
  if (!read_header(header, report, listed)) return std::nullopt;
  while (!text.empty()) {
    auto process = parse_row(take_until(text, "\n"));
    if (!process) return std::nullopt;
    report.processes.push_back(std::move(*process));
  }
  if (report.processes.size() != listed) return std::nullopt;
  return report;
}

}  // namespace topnet::proc
