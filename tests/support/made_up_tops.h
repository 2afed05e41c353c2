// Tops of no real process.
#pragma once

#include <cstddef>
#include <vector>

#include "net/random_id.h"
#include "net/received_top.h"

namespace topnet::test {

// Just received; each has an id of its own.
inline net::ReceivedTop made_up_top() {
  return {.time = proc::now(),
          .client = "db1",
          .peer = "192.0.2.1:4000",
          .top = {.id = net::random_id(),
                  .host = "db1",
                  .pid = 4121,
                  .name = "postgres",
                  .user_ticks = 812,
                  .system_ticks = 31}};
}

inline std::vector<net::ReceivedTop> made_up_tops(std::size_t count) {
  std::vector<net::ReceivedTop> tops;
  for (std::size_t i = 0; i < count; ++i) tops.push_back(made_up_top());
  return tops;
}

}  // namespace topnet::test
