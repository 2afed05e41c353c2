#include "cmd/listener.h"

#include "cmd/command_error.h"
#include "net/socket.h"
#include "support/catch.h"

using namespace topnet;
using namespace topnet::cmd;

namespace {

// Sets the option `name`, as the command line does.
void set(ServeOptions& options, const std::string& name, const std::string& value) {
  for (const Option& option : serve_options(options)) {
    if (option.names == name) option.set(value);
  }
}

std::vector<std::string> addresses(const ServeOptions& options) {
  std::vector<std::string> result;
  for (const Listener& each : listen_for_clients(options)) result.push_back(each.address);
  return result;
}

}  // namespace

TEST_CASE("Listener: the default status port may be in use, a chosen one may not", "[listener]") {
  const base::UniqueFd taken = net::listen_on(*net::to_socket_address({"127.0.0.1", 0}));
  const net::HostPort address = net::to_host_port(net::local_address(taken.raw()));
  ServeOptions options;
  options.http = address;  // stands for 8080
  CHECK_FALSE(listen_for_http(options));
  set(options, "--http", net::to_string(address));
  CHECK_THROWS_AS(listen_for_http(options), CommandError);
}

TEST_CASE("Listener: every --listen gets a socket, and all of them are checked", "[listener]") {
  ServeOptions options;
  set(options, "--listen", "127.0.0.1:0");
  set(options, "--listen", "127.0.0.2:0");
  const std::vector<std::string> both = addresses(options);
  REQUIRE(both.size() == 2);
  CHECK(both[0].starts_with("127.0.0.1:"));
  CHECK(both[1].starts_with("127.0.0.2:"));
  set(options, "--listen", "0.0.0.0:0");
  options.transport.is_no_tls_given = true;
  CHECK_THROWS_WITH(listen_for_clients(options), Catch::Contains("--no-tls on 0.0.0.0:0"));
}

TEST_CASE("Listener: all IPv4 and all IPv6 addresses can be listened on separately", "[listener]") {
  ServeOptions options;
  set(options, "--listen", "127.0.0.1:0");
  const std::string port = addresses(options).front().substr(sizeof "127.0.0.1");
  options.listen.clear();
  set(options, "--listen", "[::]:" + port);
  set(options, "--listen", "0.0.0.0:" + port);
  CHECK(addresses(options) == std::vector<std::string>{"[::]:" + port, "0.0.0.0:" + port});
}

TEST_CASE("Listener: a link-local address needs its interface", "[listener]") {
  ServeOptions options;
  set(options, "--listen", "[fe80::1]:0");
  CHECK_THROWS_WITH(listen_for_clients(options), Catch::Contains("[ADDR%INTERFACE]:PORT"));
  options.listen.clear();
  set(options, "--listen", "localhost:0");
  CHECK_THROWS_WITH(listen_for_clients(options), Catch::Contains("use a numeric address"));
}
