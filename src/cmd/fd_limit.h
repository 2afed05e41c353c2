// The limit on open descriptors, and how many clients `serve` can handle within it.
#pragma once

#include <cstddef>

namespace topnet::cmd {

// Raises the soft limit of this process to the hard limit. Returns `wanted`, or the number of
// simultaneous clients that the limit allows if that is less, and logs the reduction. Throws
// CommandError if the limit allows no client.
std::size_t clients_within_fd_limit(std::size_t wanted);

}  // namespace topnet::cmd
