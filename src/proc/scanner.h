// Scans one root again and again, and remembers what makes the next scan cheaper. Used by one
// thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "proc/pid_list.h"
#include "proc/source.h"
#include "proc/usage.h"
#include "proc/window.h"

namespace topnet::proc {

enum class Method : std::uint8_t {
  Fastest,     // by CPU clocks where these can be asked and agree with stat
  Exhaustive,  // every stat is opened
};

class Scanner {
 public:
  Scanner(std::unique_ptr<Source> source, Method method);

  // What each process has used since it started; the rankings in `wishes` can be made of it. Throws
  // what the source throws, and std::runtime_error where there is no process that can be read.
  Usage since_start(const std::vector<Wish>& wishes);

  // Both ends of a window; any number may be open. Throws as above.
  Baseline open();
  Usage close(const Baseline& baseline);
  // Closes it and opens the next one at the same moment.
  Usage roll(Baseline& baseline);

 private:
  bool asks_clocks() const;
  Clocks clocks() const { return asks_clocks() ? Clocks::Ask : Clocks::Ignore; }

  std::unique_ptr<Source> source_;
  Method method_;
  PidList pids_;
};

}  // namespace topnet::proc
