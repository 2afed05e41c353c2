#include "cmd/transport_options.h"

namespace topnet::cmd {

std::vector<Option> transport_options(TransportOptions& options) {
  return with_group(
      "Trust",
      {{.names = "--tls",
        .value = "",
        .help = "Use TLS (the default)",
        .set = [&](const std::string&) { options.says_tls = true; }},
       {.names = "--no-tls",
        .value = "",
        .help = "Use plaintext, which authenticates neither side; on a loopback address only",
        .set = [&](const std::string&) { options.says_no_tls = true; }},
       {.names = "--unsafe-plaintext",
        .value = "",
        .help = "With --no-tls: on any address",
        .set = [&](const std::string&) { options.allows_unsafe_plaintext = true; }},
       {.names = "--cert",
        .value = "FILE",
        .help = "Show this certificate (PEM, with its chain) instead of this machine's own key",
        .set = [&](const std::string& text) { options.certificate = text; }},
       {.names = "--key",
        .value = "FILE",
        .help = "The private key of --cert (PEM)",
        .set = [&](const std::string& text) { options.key = text; }},
       {.names = "--ca",
        .value = "FILE",
        .help = "Trust certificates of this CA (PEM)",
        .set = [&](const std::string& text) { options.ca = text; }}});
}

void check(const TransportOptions& options) {
  if (options.says_tls && options.says_no_tls) {
    throw UsageError("--tls and --no-tls exclude each other; leave one out");
  }
  if (options.certificate.empty() != options.key.empty()) {
    throw UsageError("--cert and --key go together; give both");
  }
  const bool has_pki = !options.certificate.empty() || !options.ca.empty();
  if (has_pki && options.says_no_tls) {
    throw UsageError("--cert, --key and --ca need TLS; leave out --no-tls");
  }
}

}  // namespace topnet::cmd
