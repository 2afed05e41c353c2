#include "proc/snapshot.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

namespace topnet::proc {
namespace {

using Entry = Snapshot::Entry;

// Each round is much shorter than the one before, so that a few are enough.
constexpr int kMaxRounds = 8;

class SnapshotReader {
 public:
  SnapshotReader(ProcessSource& source, Clocks clocks, std::size_t expected)
      : source_(source), uses_clocks_(clocks == Clocks::Use && source.has_clocks()) {
    entries_.reserve(expected);
  }

  void read(pid_t pid, const Entry* earlier) {
    const auto clock = read_clock(pid);
    if (earlier != nullptr && clock && clock == earlier->clock) {
      entries_.push_back(*earlier);
      return;
    }
    ProcessSource::Stat stat = source_.read_stat(pid);
    if (stat.process) {
      entries_.push_back({.process = std::move(*stat.process), .clock = clock});
      updated_.insert(pid);
    } else if (stat.is_unreadable) {
      ++unreadable_;
    } else {
      vanished_.push_back(pid);
      if (earlier != nullptr) record_vanished(earlier->process);
    }
  }

  // For a process with an earlier entry that had already vanished when the reading began.
  void record_vanished_earlier(pid_t pid) { newly_vanished_.insert(pid); }

  void reconcile() {
    for (int round = 0; round < kMaxRounds; ++round) {
      for (const pid_t parent : std::exchange(parents_to_reread_, {})) reread(parent);
      update_relatives();
      if (parents_to_reread_.empty() && updated_.empty()) return;
    }
  }

  // In rising order.
  std::vector<pid_t> vanished() const {
    std::vector<pid_t> pids = vanished_;
    std::sort(pids.begin(), pids.end());
    return pids;
  }

  Snapshot release() { return {.entries = std::move(entries_), .unreadable = unreadable_}; }

 private:
  std::optional<std::uint64_t> read_clock(pid_t pid) {
    return uses_clocks_ ? source_.read_clock(pid) : std::nullopt;
  }

  void record_vanished(const Process& process) {
    newly_vanished_.insert(process.pid);
    parents_to_reread_.insert(process.parent);
  }

  void reread(pid_t pid) {
    const auto entry =
        std::lower_bound(entries_.begin(), entries_.end(), pid,
                         [](const Entry& each, pid_t other) { return each.process.pid < other; });
    if (entry == entries_.end() || entry->process.pid != pid) return;
    reread(*entry);
  }

  void reread(Entry& entry) {
    const pid_t pid = entry.process.pid;
    const auto clock = read_clock(pid);
    ProcessSource::Stat stat = source_.read_stat(pid);
    if (stat.process) {
      entry = {.process = std::move(*stat.process), .clock = clock};
      updated_.insert(pid);
    } else {
      record_vanished(entry.process);
    }
  }

  // A child of an updated parent may have ended before the parent was read; its time would then be
  // in both. A child of a vanished parent has another parent now.
  void update_relatives() {
    const std::unordered_set<pid_t> parents = std::exchange(updated_, {});
    const std::unordered_set<pid_t> vanished = std::exchange(newly_vanished_, {});
    for (Entry& entry : entries_) {
      if (vanished.contains(entry.process.pid)) continue;
      if (vanished.contains(entry.process.parent)) {
        reread(entry);
      } else if (parents.contains(entry.process.parent) && !exists(entry.process.pid)) {
        record_vanished(entry.process);
      }
    }
    std::erase_if(entries_, [&](const Entry& entry) {
      const pid_t pid = entry.process.pid;
      if (!vanished.contains(pid) && !newly_vanished_.contains(pid)) return false;
      vanished_.push_back(pid);
      return true;
    });
  }

  bool exists(pid_t pid) {
    if (read_clock(pid)) return true;
    const ProcessSource::Stat stat = source_.read_stat(pid);
    return stat.process || stat.is_unreadable;
  }

  ProcessSource& source_;
  bool uses_clocks_;
  std::vector<Entry> entries_;  // in the order of reading
  std::vector<pid_t> vanished_;
  std::uint64_t unreadable_ = 0;
  // In the current round:
  std::unordered_set<pid_t> updated_;            // whose stats were read
  std::unordered_set<pid_t> newly_vanished_;     // that had an entry
  std::unordered_set<pid_t> parents_to_reread_;  // which may have got time of vanished children
};

}  // namespace

Snapshot read_all(ProcessSource& source, PidList& list, std::optional<std::uint64_t> forks,
                  Clocks clocks, const std::vector<Entry>& earlier) {
  const std::vector<pid_t>& pids = list.update(forks);
  SnapshotReader reader(source, clocks, pids.size());
  SnapshotCursor cursor(earlier);
  const auto record_vanished = [&](const Entry& entry) {
    reader.record_vanished_earlier(entry.process.pid);
  };
  for (const pid_t pid : pids) reader.read(pid, cursor.find(pid, record_vanished));
  cursor.finish(record_vanished);
  if (!earlier.empty()) reader.reconcile();
  list.remove(reader.vanished());
  return reader.release();
}

}  // namespace topnet::proc
