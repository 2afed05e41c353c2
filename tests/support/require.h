// What a fuzz target claims. It says no more than that a claim is broken: the input tells the rest.
#pragma once

#include <cstdlib>

namespace topnet::test {

inline void require(bool ok) {
  if (!ok) std::abort();
}

}  // namespace topnet::test
