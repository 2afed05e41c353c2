#include "proc/stat.h"

#include <cstdint>

#include "base/escape.h"
#include "base/parse_number.h"

namespace topnet::proc {
namespace {

constexpr std::uint64_t kMaxTicks = std::uint64_t{1} << 62U;

bool is_letter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

// Reads the fields after the name, numbered as in proc(5).
class Fields {
 public:
  explicit Fields(std::string_view text) : rest_(text) {}

  // Field `number`; empty if it is missing. Numbers have to rise from call to call.
  std::string_view field(int number) {
    std::string_view found;
    // A field that nothing follows may be truncated and is treated as missing.
    for (; next_ <= number; ++next_) {
      const std::size_t length = rest_.find_first_of(" \n");
      if (length == std::string_view::npos) return {};
      found = rest_.substr(0, length);
      rest_.remove_prefix(length + 1);
    }
    return found;
  }

 private:
  std::string_view rest_;
  int next_ = 3;
};

// cutime or cstime. Kernels have shown negative figures. Such a figure, or one that is not
// possible, is not known and counts as 0.
std::uint64_t parse_children_ticks(std::string_view field) {
  const auto ticks = base::parse_number<std::uint64_t>(field);
  return ticks && *ticks <= kMaxTicks ? *ticks : 0;
}

}  // namespace

std::optional<Process> parse_stat(std::string_view text) {
  const std::size_t open = text.find(" (");
  const std::size_t close = text.rfind(") ");
  if (open == std::string_view::npos || close == std::string_view::npos || close < open + 2) {
    return std::nullopt;
  }
  const auto pid = base::parse_number<pid_t>(text.substr(0, open));
  if (!pid || *pid <= 0) return std::nullopt;

  Fields fields(text.substr(close + 2));
  const std::string_view state = fields.field(3);
  const auto parent = base::parse_number<pid_t>(fields.field(4));
  const auto user = base::parse_number<std::uint64_t>(fields.field(14));
  const auto system = base::parse_number<std::uint64_t>(fields.field(15));
  const std::uint64_t children_user = parse_children_ticks(fields.field(16));
  const std::uint64_t children_system = parse_children_ticks(fields.field(17));
  const auto start_time = base::parse_number<std::uint64_t>(fields.field(22));
  if (!user || !system || !start_time) return std::nullopt;
  // No machine has used 10^9 years of CPU time. Such a file is forged, and sums would overflow.
  if (*user > kMaxTicks || *system > kMaxTicks) return std::nullopt;

  return Process{.pid = *pid,
                 .name = base::escape(text.substr(open + 2, close - open - 2)),
                 .state = state.size() == 1 && is_letter(state[0]) ? state[0] : '\0',
                 .user_ticks = *user,
                 .system_ticks = *system,
                 .start_time_ticks = *start_time,
                 .parent = parent.value_or(0),
                 .children_ticks = children_user + children_system};
}

}  // namespace topnet::proc
