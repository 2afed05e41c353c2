// Exit statuses: topnet(1), section EXIT STATUS.
#pragma once

#include <cstdint>

namespace topnet::cmd {

enum class ExitCode : std::uint8_t {
  Done = 0,
  Failure = 1,
  Usage = 2,
  Unreachable = 3,
  Untrusted = 4,
  Refused = 5,
  LocalFile = 6,
  Protocol = 8,
  Interrupted = 130,  // 128 + SIGINT, as in shells
};

}  // namespace topnet::cmd
