// Random values for tests. The same seed gives the same values on all machines.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <initializer_list>
#include <numeric>
#include <random>
#include <string>
#include <vector>

namespace topnet::test {

// 1 to `count`, or only N if the environment has TOPNET_SEED=N.
inline std::vector<std::uint32_t> seeds(std::uint32_t count) {
  if (const char* const text = std::getenv("TOPNET_SEED")) {
    return {static_cast<std::uint32_t>(std::stoul(text))};
  }
  std::vector<std::uint32_t> all(count);
  std::iota(all.begin(), all.end(), 1U);
  return all;
}

class Random {
 public:
  explicit Random(std::uint32_t seed) : engine_(seed) {}

  std::uint64_t below(std::uint64_t limit) { return engine_() % limit; }
  bool one_in(std::uint64_t n) { return below(n) == 0; }

  template <typename Value>
  Value one_of(std::initializer_list<Value> values) {
    return values.begin()[below(values.size())];
  }

  // `container` must not be empty.
  template <typename Container>
  auto any_of(const Container& container) {
    return container[below(container.size())];
  }

 private:
  std::mt19937 engine_;
};

}  // namespace topnet::test
