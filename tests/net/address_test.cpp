#include "net/address.h"

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
  const auto numeric = [](const char* host) { return to_socket_address({host, 9}).value(); };
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

TEST_CASE("Address: a link-local address keeps its zone", "[address]") {
  const HostPort zoned{"fe80::1%lo", 9};
  const auto address = to_socket_address(zoned);
  REQUIRE(address);
  CHECK(to_host_port(*address) == zoned);
  CHECK_FALSE(lacks_zone(*address));
  CHECK(lacks_zone(to_socket_address({"fe80::1", 9}).value()));
  CHECK_FALSE(to_socket_address({"fe80::1%no-such-one", 9}));
  CHECK(to_host_port(to_socket_address({"fe80::1%2147483647", 9}).value()).host ==
        "fe80::1%2147483647");
  CHECK(is_numeric_address("fe80::1%lo"));
  CHECK(network_of("fe80::1%lo") == "fe80::%lo");
}
