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

using Groups = std::vector<GroupTotal>;

constexpr std::uint64_t kCulpritPart = 10;  // of a CPU
constexpr milliseconds kInnocent{300000};   // after its last deed
// Two minutes between two scrapes of one collector, and what one window may be shown later than
// another after its end.
constexpr milliseconds kLongestScrape{130000};
constexpr std::size_t kRestingPart = 4;  // of all groups

struct Used {
  std::uint64_t user_ticks = 0;
  std::uint64_t system_ticks = 0;

  std::uint64_t cpu_ticks() const { return user_ticks + system_ticks; }
};
using UsedByName = std::unordered_map<std::string_view, Used>;

UsedByName by_name(const Usage& usage) {
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

// The names of one window, and the groups that they are given.
class Distribution {
 public:
  Distribution(CpuTotals& totals, std::vector<LostGroup>& lost, milliseconds window,
               milliseconds read)
      : groups_(totals.groups),
        other_(totals.other),
        lost_(lost),
        now_(totals.watched),
        window_(window),
        read_(read) {
    std::erase_if(lost_, [&](const LostGroup& each) { return is_long_ago(each.since); });
  }

  void add_to_group(GroupTotal& group, const Used& used) {
    if (is_culprit(used)) {
      group.culprit_at = now_;
      group.rests_since.reset();
    }
    add_to(group.rests_since ? other_ : group, used);
  }

  void add_newcomer(std::string_view name, const Used& used, std::size_t most) {
    if (name.empty() || name == kOtherGroup) return add_to(other_, used);
    if (groups_.size() < most) {
      return add_to_group(groups_.emplace_back(group_of(name)), used);
    }
    GroupTotal* const room = is_culprit(used) && !has_lost(name) ? find_ready() : nullptr;
    if (room == nullptr) return add_to(other_, used);
    lost_.push_back({.name = room->name, .since = now_});
    *room = group_of(name);
    add_to_group(*room, used);
  }

  // The least of those that are no culprits.
  void put_to_rest(std::size_t count) {
    std::vector<GroupTotal*> awake;
    for (GroupTotal& each : groups_) {
      if (rests(each)) {
        if (count > 0) --count;
      } else if (may_rest(each)) {
        awake.push_back(&each);
      }
    }
    std::stable_sort(awake.begin(), awake.end(), [](const GroupTotal* a, const GroupTotal* b) {
      return a->cpu_ticks() < b->cpu_ticks();
    });
    awake.resize(std::min(count, awake.size()));
    for (GroupTotal* const each : awake) each->rests_since = now_;
  }

 private:
  static GroupTotal group_of(std::string_view name) {
    return {.name = std::string(name), .culprit_at = {}, .rests_since = {}};
  }
  static bool rests(const GroupTotal& group) { return group.rests_since.has_value(); }

  bool is_culprit(const Used& used) const {
    return used.cpu_ticks() * kCulpritPart * 1000 >=
           static_cast<std::uint64_t>(window_.count()) * clock_ticks_per_second();
  }
  bool may_rest(const GroupTotal& group) const {
    return !group.culprit_at || now_ - *group.culprit_at >= kInnocent;
  }
  // Every collector has seen the totals of that moment, or later ones.
  bool is_long_ago(milliseconds moment) const {
    return moment <= read_ && now_ - moment >= kLongestScrape;
  }
  bool has_lost(std::string_view name) const {
    return std::any_of(lost_.begin(), lost_.end(),
                       [&](const LostGroup& each) { return each.name == name; });
  }

  // The one that rests for longest, if that is long enough.
  GroupTotal* find_ready() const {
    GroupTotal* longest = nullptr;
    for (GroupTotal& each : groups_) {
      if (!rests(each)) continue;
      if (longest == nullptr || *each.rests_since < *longest->rests_since) longest = &each;
    }
    return longest != nullptr && is_long_ago(*longest->rests_since) ? longest : nullptr;
  }

  Groups& groups_;
  GroupTotal& other_;
  std::vector<LostGroup>& lost_;
  milliseconds now_;
  milliseconds window_;
  milliseconds read_;
};

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
  CpuTotals totals = totals_;
  std::vector<LostGroup> lost = lost_;
  Distribution distribution(totals, lost, usage.window.value_or(milliseconds(0)), read);
  UsedByName names = by_name(usage);
  for (GroupTotal& group : totals.groups) {
    const auto own = names.find(group.name);
    if (own == names.end()) continue;
    distribution.add_to_group(group, own->second);
    names.erase(own);
  }
  std::vector<std::pair<std::string_view, Used>> newcomers(names.begin(), names.end());
  std::sort(newcomers.begin(), newcomers.end(), [](const auto& a, const auto& b) {
    return std::pair(b.second.cpu_ticks(), a.first) < std::pair(a.second.cpu_ticks(), b.first);
  });
  for (const auto& [name, used] : newcomers) distribution.add_newcomer(name, used, most_groups_);
  if (totals.groups.size() == most_groups_) {
    distribution.put_to_rest(std::max<std::size_t>(most_groups_ / kRestingPart, 1));
  }
  totals_ = std::move(totals);
  lost_ = std::move(lost);
}

}  // namespace topnet::proc
