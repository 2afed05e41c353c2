// Waits until threads of this process are blocked.
#pragma once

#include <sys/types.h>

#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

namespace topnet::test {

// The context switch counters of a thread of this process, as text; empty unless it sleeps.
inline std::string context_switches_if_sleeping(pid_t thread) {
  std::ifstream file("/proc/self/task/" + std::to_string(thread) + "/status");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (text.find("\nState:\tS") == std::string::npos) return {};
  return text.substr(text.find("\nvoluntary_ctxt_switches") + 1);
}

// Returns when all threads sleep and none has run between two checks. Then no thread is about to be
// woken by another of them.
inline void wait_until_all_sleep(const std::vector<pid_t>& threads) {
  std::vector<std::string> before;
  for (;;) {
    std::vector<std::string> now;
    bool all_sleep = true;
    for (const pid_t thread : threads) {
      now.push_back(context_switches_if_sleeping(thread));
      all_sleep = all_sleep && !now.back().empty();
    }
    if (all_sleep && now == before) return;
    before = all_sleep ? std::move(now) : std::vector<std::string>{};
    std::this_thread::yield();
  }
}

}  // namespace topnet::test
