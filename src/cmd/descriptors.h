// How many descriptors `serve` may have, and how many clients it can serve with them.
#pragma once

#include <cstddef>

namespace topnet::cmd {

// Raises the soft limit of this process to the hard one. Returns `wanted`, or as many clients as
// that allows to be served at once; says so on standard error where it is less. Throws Failure
// where it allows none.
std::size_t clients_within_limits(std::size_t wanted);

}  // namespace topnet::cmd
