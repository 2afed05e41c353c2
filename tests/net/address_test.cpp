#include "net/address.h"

#include "net/socket.h"
#include "support/catch.h"

using namespace topnet::net;

TEST_CASE("Address: HOST:PORT is parsed in every form, and formatted as it is parsed",
          "[address]") {
  CHECK(parse_host_port("db1:22") == HostPort{"db1", 22});
  CHECK(parse_host_port("db1", 8676) == HostPort{"db1", 8676});
  CHECK(parse_host_port("[::1]:0") == HostPort{"::1", 0});
  CHECK(parse_host_port("[::1]", 8676) == HostPort{"::1", 8676});
  CHECK(parse_host_port("::1", 8676) == HostPort{"::1", 8676});
  CHECK(parse_host_port("fe80::1%eth0", 8676) == HostPort{"fe80::1%eth0", 8676});
  CHECK(to_string(HostPort{"::1", 80}) == "[::1]:80");
  CHECK(to_string(HostPort{"127.0.0.1", 80}) == "127.0.0.1:80");
}

TEST_CASE("Address: invalid HOST:PORT texts are rejected", "[address]") {
  for (const std::string_view text :
       {"", ":80", "db1:", "db1:70000", "db1:-1", "db1: 80", "db1:80x", "[::1", "[]:80", "[::1]80",
        "[::1]:", "a:b:c", "1:2:3"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_host_port(text, 8676));
  }
  CHECK_FALSE(parse_host_port("db1"));
  CHECK_FALSE(parse_host_port("::1"));
}

TEST_CASE("Address: IPv4-mapped IPv6 addresses count as IPv4", "[address]") {
  const auto numeric = [](const char* host) {
    return resolve({host, 9}, Purpose::Listening).front();
  };
  CHECK(to_host_port(numeric("::ffff:192.0.2.7")) == HostPort{"192.0.2.7", 9});
  for (const char* const host : {"127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"}) {
    CAPTURE(host);
    CHECK(is_loopback(numeric(host)));
  }
  for (const char* const host : {"0.0.0.0", "128.0.0.1", "::", "::2", "::ffff:10.0.0.1"}) {
    CAPTURE(host);
    CHECK_FALSE(is_loopback(numeric(host)));
  }
}
