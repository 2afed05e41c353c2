#include "cmd/option_values.h"

#include "cmd/command_line.h"
#include "support/catch.h"

using topnet::cmd::parse_count;
using topnet::cmd::parse_host;
using topnet::cmd::parse_listen_address;
using topnet::cmd::parse_time;
using topnet::cmd::TimeUnit;
using topnet::cmd::UsageError;
using topnet::net::HostPort;
using namespace std::chrono_literals;

TEST_CASE("OptionValues: a time is a decimal number, in seconds if it has no unit",
          "[option_values]") {
  CHECK(parse_time("10ms", 10ms, 1h) == 10ms);
  CHECK(parse_time("2s", 10ms, 1h) == 2s);
  CHECK(parse_time("1.5m", 10ms, 1h) == 90s);
  CHECK(parse_time("0.5h", 10ms, 1h) == 30min);
  CHECK(parse_time("7d", 1s, 365 * 24h) == 7 * 24h);
  CHECK(parse_time("0.0105", 10ms, 1h) == 11ms);
  CHECK(parse_time("0", 0ms, 1h) == 0ms);
  CHECK(parse_time("1", 10ms, 1h) == 1s);
  CHECK(parse_time("0.01", 10ms, 1h) == 10ms);
  CHECK_THROWS_WITH(parse_time("15", 1s, 365 * 24h, TimeUnit::Required),
                    "is not a time; write a number with the unit ms, s, m, h or d");
}

TEST_CASE("OptionValues: an invalid time is refused with the form of a time", "[option_values]") {
  for (const char* const text : {"", "+1", " 1", "1 ", "1e1", "0x1s", "nan", "inf", "1,5", "s",
                                 "1h30m", "15 m", "1min", "1S", "m15"}) {
    CAPTURE(text);
    CHECK_THROWS_WITH(parse_time(text, 10ms, 1h),
                      "is not a time; write a number with the unit ms, s, m, h or d; "
                      "without a unit it is in seconds");
  }
}

TEST_CASE("OptionValues: a value outside the limits is refused with the limits",
          "[option_values]") {
  const std::string digits(400, '9');
  for (const std::string& text : {std::string("0"), std::string("0.009"), std::string("3600.1"),
                                  std::string("2h"), std::string("61m"), std::string("9ms"),
                                  std::string("-1"), std::string("1d"), digits, digits + "s"}) {
    CAPTURE(text);
    CHECK_THROWS_WITH(parse_time(text, 10ms, 1h), "is not between 10ms and 1h");
  }
  CHECK_THROWS_WITH(parse_time("-1", 0ms, 24h), "is not between 0ms and 1d");
  for (const std::string& text : {std::string("0"), std::string("-1"), std::string("11"), digits}) {
    CAPTURE(text);
    CHECK_THROWS_WITH(parse_count(text, 10), "is not between 1 and 10");
  }
  for (const char* const text : {"", "-", "x", "1.5", " 5", "+1"}) {
    CAPTURE(text);
    CHECK_THROWS_WITH(parse_count(text, 10), "is not a whole number from 1 to 10");
  }
}

TEST_CASE("OptionValues: a host may be a name or an address, with or without a port",
          "[option_values]") {
  CHECK(parse_host("db1") == HostPort{"db1", 8676});
  CHECK(parse_host("db1:22") == HostPort{"db1", 22});
  CHECK(parse_host("192.0.2.1") == HostPort{"192.0.2.1", 8676});
  CHECK(parse_host("[2001:db8::1]:22") == HostPort{"2001:db8::1", 22});
  CHECK(parse_host("2001:db8::1") == HostPort{"2001:db8::1", 8676});
  CHECK_THROWS_WITH(parse_host("8676"), "is not a host; is this a port? Write HOST:PORT");
  CHECK_THROWS_WITH(parse_host("http://db1/"), "is a URL; omit http://");
  CHECK_THROWS_WITH(parse_host("a:b:c"),
                    "has several colons; write an IPv6 address with a port as [::1]:8676");
  CHECK_THROWS_WITH(parse_host("db1:70000"), "has no port from 1 to 65535 after the colon");
  CHECK_THROWS_WITH(parse_host("fe80::1"),
                    "is link-local and needs its interface; write ADDR%INTERFACE");
  for (const char* const text : {"db 1", "me@db1", "db1/x", "d*"}) {
    CAPTURE(text);
    CHECK_THROWS_WITH(parse_host(text),
                      "is not a host name of letters, digits, dots, hyphens and underscores");
  }
  for (const char* const text : {"", "db1:", "db1:0", "db1:70000", ":22", "a:b:c"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(parse_host(text), UsageError);
  }
}

TEST_CASE("OptionValues: a listen address may be only a port", "[option_values]") {
  CHECK(parse_listen_address("8676") == HostPort{"", 8676});
  CHECK(parse_listen_address("0") == HostPort{"", 0});
  CHECK(parse_listen_address("127.0.0.1:80") == HostPort{"127.0.0.1", 80});
  CHECK(parse_listen_address("[::1]:80") == HostPort{"::1", 80});
  for (const char* const text : {"", "db1", "::1", "70000", "127.0.0.1:70000", ":80", "-1"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(parse_listen_address(text), UsageError);
  }
}
