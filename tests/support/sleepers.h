// Threads of this process that wait for each other.
#pragma once

#include <sys/types.h>

#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

namespace topnet::test {

// How often a thread of ours has been switched to, as text; empty while it does not sleep.
inline std::string switches_of_sleeper(pid_t thread) {
  std::ifstream file("/proc/self/task/" + std::to_string(thread) + "/status");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (text.find("\nState:\tS") == std::string::npos) return {};
  return text.substr(text.find("\nvoluntary_ctxt_switches") + 1);
}

// Returns when all of them sleep, and none has run while it was looked at the others: then none of
// them is about to be woken by another one.
inline void wait_until_all_sleep(const std::vector<pid_t>& threads) {
  std::vector<std::string> before;
  for (;;) {
    std::vector<std::string> now;
    bool all_sleep = true;
    for (const pid_t thread : threads) {
      now.push_back(switches_of_sleeper(thread));
      all_sleep = all_sleep && !now.back().empty();
    }
    if (all_sleep && now == before) return;
    before = all_sleep ? std::move(now) : std::vector<std::string>{};
    std::this_thread::yield();
  }
}

}  // namespace topnet::test
