// The options of `serve` and `fetch` for TLS and certificates.
#pragma once

#include <vector>

#include "cmd/command_line.h"
#include "net/tls/identity.h"

namespace topnet::cmd {

struct TransportOptions {
  bool is_tls_given = false;
  bool is_no_tls_given = false;
  bool allows_unsafe_plaintext = false;
  net::PkiFiles pki;

  bool uses_tls() const { return !is_no_tls_given; }
};

// The table of these options. Each sets its member of `options`, which must outlive the table.
std::vector<Option> transport_options(TransportOptions& options);

// Throws UsageError if the options contradict each other.
void validate(const TransportOptions& options);

}  // namespace topnet::cmd
