#include "cmd/serve_options.h"

#include "support/catch.h"

using topnet::cmd::ServeOptions;
using Names = std::vector<std::string>;

TEST_CASE("ServeOptions: the status port accepts the name in the server's own certificate",
          "[serve_options]") {
  ServeOptions options;
  options.http_hosts = {"web01"};
  CHECK(options.accepted_http_hosts() == Names{"web01"});
  options.http_tls = true;
  CHECK(options.accepted_http_hosts() == Names{"web01", "topnet"});
  options.transport.pki.certificate = {"web01.pem", topnet::base::Secrecy::Public};
  CHECK(options.accepted_http_hosts() == Names{"web01"});
}
