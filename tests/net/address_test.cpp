#include "net/address.h"

#include "net/socket.h"
#include "support/catch.h"

using topnet::net::HostPort;
using topnet::net::is_loopback;
using topnet::net::listen_on;
using topnet::net::local_address;
using topnet::net::parse_host_port;
using topnet::net::Purpose;
using topnet::net::resolve;
using topnet::net::to_host_port;
using topnet::net::to_string;

TEST_CASE("HOST:PORT is read in every form, and shown as it is read") {
  CHECK(parse_host_port("db1:22") == HostPort{"db1", 22});
  CHECK(parse_host_port("db1", 8676) == HostPort{"db1", 8676});
  CHECK(parse_host_port("[::1]:0") == HostPort{"::1", 0});
  CHECK(parse_host_port("[::1]", 8676) == HostPort{"::1", 8676});
  CHECK(parse_host_port("::1", 8676) == HostPort{"::1", 8676});
  CHECK(parse_host_port("fe80::1%eth0", 8676) == HostPort{"fe80::1%eth0", 8676});
  CHECK(to_string(HostPort{"::1", 80}) == "[::1]:80");
  CHECK(to_string(HostPort{"127.0.0.1", 80}) == "127.0.0.1:80");
}

TEST_CASE("what is no HOST:PORT is refused") {
  for (const std::string_view text :
       {"", ":80", "db1:", "db1:70000", "db1:-1", "db1: 80", "db1:80x", "[::1", "[]:80", "[::1]80",
        "[::1]:", "a:b:c", "1:2:3"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_host_port(text, 8676));
  }
  CHECK_FALSE(parse_host_port("db1"));
  CHECK_FALSE(parse_host_port("::1"));
}

TEST_CASE("loopback addresses of both families are known, mapped ones too") {
  for (const char* const host : {"127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"}) {
    CAPTURE(host);
    CHECK(is_loopback(resolve({host, 1}, Purpose::Listening).front()));
  }
  for (const char* const host : {"0.0.0.0", "128.0.0.1", "::", "::2", "::ffff:10.0.0.1"}) {
    CAPTURE(host);
    CHECK_FALSE(is_loopback(resolve({host, 1}, Purpose::Listening).front()));
  }
}

TEST_CASE("a mapped IPv4 address is shown as IPv4") {
  CHECK(to_host_port(resolve({"::ffff:192.0.2.7", 9}, Purpose::Listening).front()) ==
        HostPort{"192.0.2.7", 9});
}

TEST_CASE("port 0 picks a port, and a port in use is an error that names it") {
  const auto first = listen_on(resolve({"127.0.0.1", 0}, Purpose::Listening).front());
  const auto address = local_address(first.raw());
  CHECK(to_host_port(address).port != 0);
  CHECK_THROWS_WITH(listen_on(address),
                    Catch::Contains(to_string(to_host_port(address)) + ": Address already in use"));
}
