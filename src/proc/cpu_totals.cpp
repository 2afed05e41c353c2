#include "proc/cpu_totals.h"

#include <algorithm>
#include <exception>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "proc/clock_ticks.h"

namespace topnet::proc {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLongIdle{300000};
// A culprit: a name that has used this part of a CPU.
constexpr std::uint64_t kCulpritPart = 10;

void add_to(GroupTotal& total, const GroupTotal& used) {
  total.user_ticks += used.user_ticks;
  total.system_ticks += used.system_ticks;
  total.used_at = used.used_at;
}

bool is_culprit(const GroupTotal& used, milliseconds window) {
  return used.cpu_ticks() * kCulpritPart * 1000 >=
         static_cast<std::uint64_t>(window.count()) * clock_ticks_per_second();
}

// What each name has used, the most first.
std::vector<GroupTotal> by_name(const Usage& usage, milliseconds now) {
  std::unordered_map<std::string_view, GroupTotal> names;
  for (const Process& process : usage.processes) {
    if (process.cpu_ticks() == 0) continue;
    GroupTotal& used = names[process.name];
    used.user_ticks += process.user_ticks;
    used.system_ticks += process.system_ticks;
  }
  std::vector<GroupTotal> result;
  result.reserve(names.size());
  for (auto& [name, used] : names) {
    used.name = name;
    used.used_at = now;
    result.push_back(std::move(used));
  }
  std::sort(result.begin(), result.end(), [](const GroupTotal& a, const GroupTotal& b) {
    return std::pair(b.cpu_ticks(), std::string_view(a.name)) <
           std::pair(a.cpu_ticks(), std::string_view(b.name));
  });
  return result;
}

}  // namespace

void CpuCounter::add(const Usage& usage, milliseconds read) noexcept {
  totals_.watched += usage.window.value_or(milliseconds(0));
  std::uint64_t found = 0;
  for (const Process& process : usage.processes) found += process.cpu_ticks();
  try {
    add_groups(usage, read);
  } catch (const std::exception&) {
    for (const Process& process : usage.processes) {
      totals_.other.user_ticks += process.user_ticks;
      totals_.other.system_ticks += process.system_ticks;
    }
  }
  std::uint64_t ended = 0;
  if (usage.ended) {
    for (const EndedChildren& each : *usage.ended) ended += each.ticks;
  }
  const CpuTimes machine = usage.machine.value_or(CpuTimes());
  totals_.busy_ticks += machine.busy_ticks;
  totals_.ended_ticks += ended;
  totals_.interrupt_ticks += machine.interrupt_ticks;
  found += ended + machine.interrupt_ticks;
  if (found <= machine.busy_ticks) {
    totals_.unexplained_ticks += machine.busy_ticks - found;
  } else {
    totals_.overexplained_ticks += found - machine.busy_ticks;
  }
}

// All of it, or where that throws nothing.
void CpuCounter::add_groups(const Usage& usage, milliseconds read) {
  std::vector<GroupTotal> groups = totals_.groups;
  GroupTotal other = totals_.other;
  for (const GroupTotal& used : by_name(usage, totals_.watched)) {
    GroupTotal* const room = find_room(groups, used, usage, read);
    add_to(room != nullptr ? *room : other, used);
  }
  totals_.groups = std::move(groups);
  totals_.other = std::move(other);
}

// Null: in the other group.
GroupTotal* CpuCounter::find_room(std::vector<GroupTotal>& groups, const GroupTotal& used,
                                  const Usage& usage, milliseconds read) const {
  if (used.name.empty() || used.name == kOtherGroup) return nullptr;
  const auto own = std::find_if(groups.begin(), groups.end(),
                                [&](const GroupTotal& each) { return each.name == used.name; });
  if (own != groups.end()) return &*own;
  if (groups.size() < most_groups_) return &groups.emplace_back(GroupTotal{.name = used.name});
  if (!is_culprit(used, usage.window.value_or(milliseconds(0)))) return nullptr;
  const auto idle = std::min_element(
      groups.begin(), groups.end(),
      [](const GroupTotal& a, const GroupTotal& b) { return a.used_at < b.used_at; });
  if (idle == groups.end() || idle->used_at > read || totals_.watched - idle->used_at < kLongIdle) {
    return nullptr;
  }
  *idle = {.name = used.name};
  return &*idle;
}

}  // namespace topnet::proc
