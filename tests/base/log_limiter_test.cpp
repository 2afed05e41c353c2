#include "base/log_limiter.h"

#include <vector>

#include "support/catch.h"

using topnet::base::LogLimiter;
using namespace std::chrono_literals;

namespace {

constexpr LogLimiter::Clock::time_point kStart{1000h};

struct Fixture {
  std::vector<std::string> lines;
  LogLimiter limiter{[this](const std::string& line) { lines.push_back(line); }, "refusals"};
};

}  // namespace

TEST_CASE("LogLimiter: each key is logged once a minute", "[log_limiter]") {
  Fixture fixture;
  fixture.limiter.log("a", "first of a", kStart);
  fixture.limiter.log("a", "second of a", kStart + 59999ms);
  fixture.limiter.log("b", "first of b", kStart + 59999ms);
  fixture.limiter.log("a", "third of a", kStart + 60s);
  CHECK(fixture.lines == std::vector<std::string>{"first of a", "first of b", "third of a"});
}

TEST_CASE("LogLimiter: at most 10 lines a minute are logged, and the others are counted",
          "[log_limiter]") {
  Fixture fixture;
  for (int i = 0; i < 1000; ++i) {
    fixture.limiter.log(std::to_string(i), std::to_string(i), kStart + i * 10ms);
  }
  CHECK(fixture.lines.size() == 10);
  CHECK(fixture.lines.back() == "9");
  // The first line was left out at 100 ms.
  fixture.limiter.log_omitted(kStart + 60099ms);
  CHECK(fixture.lines.size() == 10);
  fixture.limiter.log_omitted(kStart + 60100ms);
  CHECK(fixture.lines.back() == "refusals that were not logged: 990");
  fixture.limiter.log_omitted(kStart + 1h);
  CHECK(fixture.lines.size() == 11);
  fixture.limiter.log("9", "9 again", kStart + 1h);
  CHECK(fixture.lines.back() == "9 again");
}
