// The options that `serve` and `fetch` have in common: whether a connection is TLS.
#pragma once

#include <string>
#include <vector>

#include "cmd/command_line.h"

namespace topnet::cmd {

struct TransportOptions {
  bool says_tls = false;
  bool says_no_tls = false;
  bool allows_unsafe_plaintext = false;
  std::string certificate;  // files of an own PKI; empty: none
  std::string key;
  std::string ca;

  bool uses_tls() const { return !says_no_tls; }
};

// The table of these options; each sets its member of `options`, which must outlive the table.
std::vector<Option> transport_options(TransportOptions& options);

// Throws UsageError where the options contradict each other.
void check(const TransportOptions& options);

}  // namespace topnet::cmd
