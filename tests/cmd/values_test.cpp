#include "cmd/values.h"

#include "cmd/command_line.h"
#include "support/catch.h"

using topnet::cmd::parse_duration;
using topnet::cmd::parse_seconds;
using topnet::cmd::UsageError;
using namespace std::chrono_literals;

TEST_CASE("a duration is a whole number with s, m, h or d behind it") {
  CHECK(parse_duration("1s") == 1s);
  CHECK(parse_duration("90s") == 90s);
  CHECK(parse_duration("15m") == 15min);
  CHECK(parse_duration("24h") == 24h);
  CHECK(parse_duration("7d") == 7 * 24h);
}

TEST_CASE("a duration is 1 second to 365 days") {
  for (const char* const text : {"365d", "8760h", "525600m", "31536000s"}) {
    CHECK(parse_duration(text) == 365 * 24h);
  }
  for (const char* const text : {"366d", "8761h", "525601m", "31536001s", "0s", "0d",
                                 "9223372036854775807d", "99999999999999999999s"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(parse_duration(text), UsageError);
  }
}

TEST_CASE("what is no duration is refused") {
  for (const char* const text : {"", "s", "15", "15M", "15 m", " 15m", "15m ", "1h30m", "1.5h",
                                 "-1s", "+1s", "15min", "0x1s", "1e2s", "m15"}) {
    CAPTURE(text);
    CHECK_THROWS_WITH(parse_duration(text),
                      "is not a number with s, m, h or d behind it, from 1s to 365d");
  }
}

TEST_CASE("seconds are a number with an optional fraction, to the millisecond, within limits") {
  CHECK(parse_seconds("1", 10ms, 3600s) == 1s);
  CHECK(parse_seconds("0.01", 10ms, 3600s) == 10ms);
  CHECK(parse_seconds("0.0105", 10ms, 3600s) == 11ms);
  CHECK(parse_seconds("3600", 10ms, 3600s) == 3600s);
  CHECK(parse_seconds("0", 0ms, 3600s) == 0ms);
  for (const char* const text :
       {"", "0", "0.009", "3600.1", "-1", "1s", " 1", "1 ", "1e1", "0x1", "nan", "inf", "1,5"}) {
    CAPTURE(text);
    CHECK_THROWS_WITH(parse_seconds(text, 10ms, 3600s),
                      "is not a number of seconds from 0.01 to 3600");
  }
}
