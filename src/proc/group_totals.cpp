#include "proc/group_totals.h"

#include <algorithm>
#include <numeric>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "proc/clock_ticks.h"

namespace topnet::proc {
namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t kHeavyPercent = 10;  // of a CPU
constexpr milliseconds kHeavyTime{30'000};
constexpr milliseconds kPeriod{600'000};

struct Used {
  std::uint64_t user_ticks = 0;
  std::uint64_t system_ticks = 0;

  std::uint64_t cpu_ticks() const { return user_ticks + system_ticks; }
};
using UsedByName = std::unordered_map<std::string_view, Used>;

UsedByName by_name(const CpuUsage& usage) {
  UsedByName names;
  for (const Process& process : usage.processes) {
    if (process.cpu_ticks() == 0) continue;
    Used& used = names[process.name];
    used.user_ticks += process.user_ticks;
    used.system_ticks += process.system_ticks;
  }
  return names;
}

void add_to(GroupTotal& total, const Used& used) {
  total.user_ticks += used.user_ticks;
  total.system_ticks += used.system_ticks;
}

void add_to_group(GroupTotal& group, const Used& used) {
  add_to(group, used);
  group.last_hour_ticks.front() += used.cpu_ticks();
}

bool is_heavy(const Used& used, milliseconds window) {
  return used.cpu_ticks() * 100 * 1000 >
         kHeavyPercent * static_cast<std::uint64_t>(window.count()) * clock_ticks_per_second();
}

// The largest use first.
std::vector<std::pair<std::string_view, Used>> sorted(const UsedByName& names) {
  std::vector<std::pair<std::string_view, Used>> result(names.begin(), names.end());
  std::sort(result.begin(), result.end(), [](const auto& a, const auto& b) {
    return std::pair(b.second.cpu_ticks(), a.first) < std::pair(a.second.cpu_ticks(), b.first);
  });
  return result;
}

// Of the groups that are not heavy in this window, the one that used least in the last hour. Null
// if all are heavy.
GroupTotal* find_lightest(std::vector<GroupTotal>& groups, const UsedByName& names,
                          milliseconds window) {
  GroupTotal* lightest = nullptr;
  std::uint64_t least = 0;
  for (GroupTotal& group : groups) {
    const auto used = names.find(group.name);
    if (used != names.end() && is_heavy(used->second, window)) continue;
    const auto& periods = group.last_hour_ticks;
    const std::uint64_t ticks = std::accumulate(periods.begin(), periods.end(), std::uint64_t{0});
    if (lightest == nullptr || ticks < least) {
      lightest = &group;
      least = ticks;
    }
  }
  return lightest;
}

}  // namespace

void GroupTotals::add(const CpuUsage& usage) {
  add_groups(usage);
  add_accounting(usage);
}

void GroupTotals::add_accounting(const CpuUsage& usage) {
  std::uint64_t exited = 0;
  if (usage.exited) {
    for (const ExitedChildren& each : *usage.exited) exited += each.ticks;
  }
  totals_.exited_ticks += exited;
  totals_.has_machine = usage.machine.has_value();
  if (!usage.machine) return;
  const CpuTimes& machine = *usage.machine;
  totals_.busy_ticks += machine.busy_ticks;
  totals_.interrupt_ticks += machine.interrupt_ticks;
  std::uint64_t found = exited + machine.interrupt_ticks;
  for (const Process& process : usage.processes) found += process.cpu_ticks();
  if (found <= machine.busy_ticks) {
    totals_.unexplained_ticks += machine.busy_ticks - found;
  } else {
    totals_.overexplained_ticks += found - machine.busy_ticks;
  }
}

void GroupTotals::add_groups(const CpuUsage& usage) {
  const milliseconds window = usage.window.value_or(milliseconds(0));
  advance_periods(window);
  const UsedByName names = by_name(usage);
  UsedByName ungrouped = names;
  for (GroupTotal& group : totals_.groups) {
    const auto used = ungrouped.find(group.name);
    if (used == ungrouped.end()) continue;
    add_to_group(group, used->second);
    ungrouped.erase(used);
  }
  std::map<std::string, Heavy> heavy;
  for (const auto& [name, used] : sorted(ungrouped)) {
    if (name.empty() || name == kOtherGroup) {
      add_to(totals_.other, used);
    } else if (totals_.groups.size() < max_groups_) {
      add_to_group(totals_.groups.emplace_back(GroupTotal{.name = std::string(name)}), used);
    } else {
      add_to(totals_.other, used);
      if (!is_heavy(used, window)) continue;
      Heavy now = heavy_[std::string(name)];
      now.time += window;
      now.ticks += used.cpu_ticks();
      GroupTotal* const lightest =
          now.time >= kHeavyTime ? find_lightest(totals_.groups, names, window) : nullptr;
      if (lightest != nullptr) {
        *lightest = {.name = std::string(name), .last_hour_ticks = {now.ticks}};
      } else {
        heavy[std::string(name)] = now;
      }
    }
  }
  heavy_ = std::move(heavy);
}

void GroupTotals::advance_periods(milliseconds window) {
  for (period_ += window; period_ >= kPeriod; period_ -= kPeriod) {
    for (GroupTotal& group : totals_.groups) {
      auto& periods = group.last_hour_ticks;
      std::rotate(periods.begin(), periods.end() - 1, periods.end());
      periods.front() = 0;
    }
  }
}

}  // namespace topnet::proc
