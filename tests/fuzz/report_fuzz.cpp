// A report that is accepted can be printed again, and is the same when that is read back; it holds
// nothing that is not safe to show. Whatever else the bytes are, they are refused.

#include <algorithm>
#include <cstdint>
#include <string>

#include "proc/escape.h"
#include "proc/report.h"
#include "support/require.h"

namespace {

using topnet::proc::is_escaped;
using topnet::proc::Report;
using topnet::test::require;

bool is_safe(const Report& report) {
  const auto has_safe_name = [](const auto& each) { return is_escaped(each.name) && each.pid > 0; };
  if (!is_escaped(report.host.name.value_or("")) || !is_escaped(report.hidden.value_or(""))) {
    return false;
  }
  if (report.accounting) {
    const auto& parents = report.accounting->ended_by_parent;
    if (!std::all_of(parents.begin(), parents.end(), has_safe_name)) return false;
  }
  return std::all_of(report.processes.begin(), report.processes.end(), has_safe_name);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(data, data + size);
  const auto report = topnet::proc::parse_text(text);
  if (!report) return 0;
  require(is_safe(*report));
  const std::string printed = to_text(*report);
  const auto again = topnet::proc::parse_text(printed);
  require(again == report);
  require(to_text(*again) == printed);
  require(!to_json(*report).empty() && !to_csv(*report).empty());
  return 0;
}
