#include "cmd/transport_options.h"

namespace topnet::cmd {

std::vector<Option> transport_options(TransportOptions& options) {
  return {{.names = "--tls",
           .value = "",
           .help = "Speak TLS (the default)",
           .set = [&](const std::string&) { options.says_tls = true; }},
          {.names = "--no-tls",
           .value = "",
           .help = "Speak plaintext: nobody is authenticated; on a loopback address only",
           .set = [&](const std::string&) { options.says_no_tls = true; }},
          {.names = "--unsafe-plaintext",
           .value = "",
           .help = "With --no-tls: on any address",
           .set = [&](const std::string&) { options.allows_unsafe_plaintext = true; }}};
}

void check(const TransportOptions& options) {
  if (options.says_tls && options.says_no_tls) {
    throw UsageError("--tls and --no-tls exclude each other; leave one out");
  }
}

}  // namespace topnet::cmd
