#include "web/units.h"

#include "support/catch.h"

using namespace topnet::web;
using namespace std::chrono_literals;

TEST_CASE("Units: percentages are rounded and bounded", "[units]") {
  CHECK(percent(1, 8) == "12.5 %");
  CHECK(percent(1, 16) == "6.3 %");
  CHECK(percent(0, 8) == "0.0 %");
  CHECK(percent(9, 8) == "112.5 %");
  CHECK(percent(1999, 2000) == "100.0 %");
  CHECK(percent(-1, 8) == "−12.5 %");
  CHECK(percent(1, 0) == "–");
  CHECK(fine_percent(0.00042) == "0.04 %");
  CHECK(fine_percent(0.12345) == "12.35 %");
  CHECK(fine_percent(0) == "0.00 %");
  CHECK(percent(1e30, 0.01) == "100000000.0 %");
  CHECK(percent(-1e30, 0.01) == "−100000000.0 %");
}

TEST_CASE("Units: seconds are rounded to a decimal", "[units]") {
  CHECK(seconds(2s) == "2.0 s");
  CHECK(seconds(2251ms) == "2.3 s");
  CHECK(seconds(249ms) == "0.2 s");
}

TEST_CASE("Units: an age has its largest unit", "[units]") {
  const std::vector<std::pair<std::chrono::milliseconds, std::string>> ages{
      {-24h, "in the future"},
      {-5001ms, "in the future"},
      {-5s, "now"},
      {999ms, "now"},
      {1s, "1 s"},
      {59999ms, "59 s"},
      {1min, "1 min"},
      {59min + 59s, "59 min"},
      {1h, "1 h"},
      {24h - 1s, "23 h"},
      {24h, "1 d"},
      {24h * 400, "400 d"}};
  for (const auto& [passed, expected] : ages) {
    CHECK(age(passed) == expected);
  }
}

TEST_CASE("Units: CPU time gets coarser as it grows", "[units]") {
  CHECK(cpu_time(0, 100) == "0.00 s");
  CHECK(cpu_time(843, 100) == "8.43 s");
  CHECK(cpu_time(843, 250) == "3.37 s");
  CHECK(cpu_time(5999, 100) == "59.99 s");
  CHECK(cpu_time(6000, 100) == "1 min 00 s");
  CHECK(cpu_time(360000, 100) == "1 h 00 min");
  CHECK(cpu_time(std::uint64_t{1} << 62U, 1) == "1281023894007607 h 45 min");
}
