// A client's busiest process as the server has received it, and for how long it is kept. Plain
// values.
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

// Tells clients apart. A client without a name is known by the host that it says.
inline std::string client_key(const ReceivedTop& received) {
  return received.client ? "client:" + *received.client : "host:" + received.top.host.value_or("");
}

// Tops beyond these limits are deleted.
struct TopLimits {
  std::size_t most = 100000;
  std::chrono::days longest{7};
};

}  // namespace topnet::net
