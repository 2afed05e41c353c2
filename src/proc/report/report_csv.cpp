// The CSV form of a report: RFC 4180, one row per process.

#include <fmt/format.h>

#include "proc/report/report.h"

namespace topnet::proc {
namespace {

// Spreadsheets evaluate such a cell.
bool looks_like_formula(std::string_view text) { return text.find_first_of("=+-@") == 0; }

std::string quote(std::string_view text) {
  std::string cell = looks_like_formula(text) ? "'" : "";
  cell += text;
  if (cell.find_first_of("\",") == std::string::npos) return cell;
  std::string quoted = "\"";
  for (const char c : cell) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace

std::string to_csv(const Report& report) {
  std::string out = "pid,user_ticks,system_ticks,cpu_ticks,name,state,start_time_ticks\r\n";
  for (const Process& process : report.processes) {
    const std::string state(process.state == 0 ? 0 : 1, process.state);
    out += fmt::format("{},{},{},{},{},{},{}\r\n", process.pid, process.user_ticks,
                       process.system_ticks, process.cpu_ticks(), quote(process.name), state,
                       process.start_time_ticks);
  }
  return out;
}

}  // namespace topnet::proc
