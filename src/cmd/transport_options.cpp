#include "cmd/transport_options.h"

namespace topnet::cmd {

std::vector<Option> transport_options(TransportOptions& options) {
  return with_group(
      "Trust",
      {{.names = "--tls",
        .value = "",
        .help = "Use TLS (the default)",
        .set = [&](const std::string&) { options.is_tls_given = true; }},
       {.names = "--no-tls",
        .value = "",
        .help = "Use plaintext without authentication; only on a loopback address",
        .set = [&](const std::string&) { options.is_no_tls_given = true; }},
       {.names = "--unsafe-plaintext",
        .value = "",
        .help = "With --no-tls: allow any address",
        .set = [&](const std::string&) { options.allows_unsafe_plaintext = true; }},
       {.names = "--cert",
        .value = "FILE",
        .help = "Present this certificate (PEM, with its chain) instead of this machine's key",
        .set =
            [&](const std::string& text) {
              options.pki.certificate = {text, base::Secrecy::Public};
            }},
       {.names = "--key",
        .value = "FILE",
        .help = "The private key of --cert (PEM)",
        .set =
            [&](const std::string& text) {
              options.pki.key = {text, base::Secrecy::Secret};
            }},
       {.names = "--ca",
        .value = "FILE",
        .help = "Trust certificates signed by this CA (PEM)",
        .set = [&](const std::string& text) {
          options.pki.ca = {text, base::Secrecy::Public};
        }}});
}

void validate(const TransportOptions& options) {
  if (options.is_tls_given && options.is_no_tls_given) {
    throw UsageError("--tls and --no-tls cannot be combined; omit one");
  }
  if (options.pki.certificate.is_given() != options.pki.key.is_given()) {
    throw UsageError("--cert and --key require each other; add the missing one");
  }
  if (options.allows_unsafe_plaintext && !options.is_no_tls_given) {
    throw UsageError(
        "--unsafe-plaintext requires --no-tls; add --no-tls, or omit --unsafe-plaintext");
  }
  const bool has_pki = options.pki.certificate.is_given() || options.pki.ca.is_given();
  if (has_pki && options.is_no_tls_given) {
    throw UsageError("--cert, --key and --ca require TLS; omit --no-tls");
  }
}

}  // namespace topnet::cmd
