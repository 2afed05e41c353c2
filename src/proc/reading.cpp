#include "proc/reading.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

namespace topnet::proc {
namespace {

using Entry = Reading::Entry;

// Each round takes a fraction of the time of the one before, so a few are enough.
constexpr int kMostRounds = 8;

class Reader {
 public:
  Reader(Source& source, Clocks clocks, std::size_t expected)
      : source_(source), asks_clocks_(clocks == Clocks::Ask && source.has_clocks()) {
    entries_.reserve(expected);
  }

  void read(pid_t pid, const Entry* earlier) {
    const auto clock = ask_clock(pid);
    if (earlier != nullptr && clock && clock == earlier->clock) {
      entries_.push_back(*earlier);
      return;
    }
    Source::Stat stat = source_.read_stat(pid);
    if (stat.process) {
      entries_.push_back({.process = std::move(*stat.process), .clock = clock});
      read_.insert(pid);
    } else if (stat.is_unreadable) {
      ++unreadable_;
    } else {
      vanished_.push_back(pid);
      if (earlier != nullptr) note_gone(earlier->process);
    }
  }

  // It had an entry, but was not there any more when the reading began.
  void note_gone_before(pid_t pid) { gone_.insert(pid); }

  void make_agree() {
    for (int round = 0; round < kMostRounds; ++round) {
      for (const pid_t parent : std::exchange(bereaved_, {})) read_again(parent);
      look_after_relatives();
      if (bereaved_.empty() && read_.empty()) return;
    }
  }

  // In rising order.
  std::vector<pid_t> vanished() const {
    std::vector<pid_t> pids = vanished_;
    std::sort(pids.begin(), pids.end());
    return pids;
  }
  Reading take() { return {.entries = std::move(entries_), .unreadable = unreadable_}; }

 private:
  std::optional<std::uint64_t> ask_clock(pid_t pid) {
    return asks_clocks_ ? source_.read_clock(pid) : std::nullopt;
  }

  void note_gone(const Process& process) {
    gone_.insert(process.pid);
    bereaved_.insert(process.parent);
  }

  // The time of a process that is gone has moved into its parent since that was read, perhaps.
  void read_again(pid_t pid) {
    const auto entry =
        std::lower_bound(entries_.begin(), entries_.end(), pid,
                         [](const Entry& each, pid_t other) { return each.process.pid < other; });
    if (entry == entries_.end() || entry->process.pid != pid) return;
    read_again(*entry);
  }

  void read_again(Entry& entry) {
    const pid_t pid = entry.process.pid;
    const auto clock = ask_clock(pid);
    Source::Stat stat = source_.read_stat(pid);
    if (stat.process) {
      entry = {.process = std::move(*stat.process), .clock = clock};
      read_.insert(pid);
    } else {
      note_gone(entry.process);
    }
  }

  // A child may have ended before its parent was read, and is in both then. And who has lost its
  // parent has another one.
  void look_after_relatives() {
    const std::unordered_set<pid_t> parents = std::exchange(read_, {});
    const std::unordered_set<pid_t> dead = std::exchange(gone_, {});
    for (Entry& entry : entries_) {
      if (dead.contains(entry.process.pid)) continue;
      if (dead.contains(entry.process.parent)) {
        read_again(entry);
      } else if (parents.contains(entry.process.parent) && !is_there(entry.process.pid)) {
        note_gone(entry.process);
      }
    }
    std::erase_if(entries_, [&](const Entry& entry) {
      const pid_t pid = entry.process.pid;
      if (!dead.contains(pid) && !gone_.contains(pid)) return false;
      vanished_.push_back(pid);
      return true;
    });
  }

  bool is_there(pid_t pid) {
    if (ask_clock(pid)) return true;
    const Source::Stat stat = source_.read_stat(pid);
    return stat.process || stat.is_unreadable;
  }

  Source& source_;
  bool asks_clocks_;
  std::vector<Entry> entries_;  // in the order of reading
  std::vector<pid_t> vanished_;
  std::uint64_t unreadable_ = 0;
  // Of the last round:
  std::unordered_set<pid_t> read_;      // whose stat was read
  std::unordered_set<pid_t> gone_;      // who had an entry and is not there any more
  std::unordered_set<pid_t> bereaved_;  // the parents of those
};

}  // namespace

Reading read_all(Source& source, PidList& list, std::optional<std::uint64_t> forks, Clocks clocks,
                 const std::vector<Entry>& earlier) {
  const std::vector<pid_t>& pids = list.update(forks);
  Reader reader(source, clocks, pids.size());
  EntryWalk known(earlier);
  const auto note_gone = [&](const Entry& entry) { reader.note_gone_before(entry.process.pid); };
  for (const pid_t pid : pids) reader.read(pid, known.find(pid, note_gone));
  known.finish(note_gone);
  if (!earlier.empty()) reader.make_agree();
  list.remove(reader.vanished());
  return reader.take();
}

}  // namespace topnet::proc
