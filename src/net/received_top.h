// A client's busiest process, as the server has heard of it. A plain value.
#pragma once

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

}  // namespace topnet::net
