// A client's busiest process, as the server has heard of it, and for how long it remembers it.
// Plain values.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

#include "net/message.h"
#include "proc/time_text.h"

namespace topnet::net {

struct ReceivedTop {
  proc::WallTime time;                // when it came
  std::optional<std::string> client;  // the name it is enrolled under
  std::string peer;                   // "127.0.0.1:41234"
  Top top;

  friend bool operator==(const ReceivedTop&, const ReceivedTop&) = default;
};

// Which tops are let go: those beyond so many, and those that are older.
struct TopLimits {
  std::size_t most = 100000;
  std::chrono::days longest{7};
};

}  // namespace topnet::net
