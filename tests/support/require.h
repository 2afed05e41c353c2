// Assertions of fuzz targets. They print nothing, because the fuzzer keeps the input.
#pragma once

#include <cstdlib>

namespace topnet::test {

inline void require(bool ok) {
  if (!ok) std::abort();
}

}  // namespace topnet::test
