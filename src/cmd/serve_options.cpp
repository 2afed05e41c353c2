#include "cmd/serve_options.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/escape.h"
#include "cmd/option_values.h"
#include "cmd/source_options.h"
#include "cmd/state_dir.h"
#include "web/http_text.h"

namespace topnet::cmd {
namespace {

std::optional<net::HostPort> parse_listen_address_or_off(const std::string& text) {
  if (text == "off") return std::nullopt;
  if (net::is_numeric_address(text)) return parse_listen_address(text, kDefaultHttpPort);
  try {
    return parse_listen_address(text);
  } catch (const UsageError&) {
    throw UsageError("is not PORT, ADDR:PORT or off, with a port from 0 to 65535");
  }
}

// A name as in the Host header of HTTP, without a port.
std::string parse_host_name(const std::string& text) {
  const bool is_name = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
  });
  if (!is_name)
    throw UsageError("is not a host name of letters, digits, dots, hyphens and underscores");
  return web::to_lower(text);
}

}  // namespace

std::vector<std::string> ServeOptions::accepted_http_hosts() const {
  std::vector<std::string> names = http_hosts;
  if (http_tls && !transport.pki.certificate.is_given()) {
    names.emplace_back(net::kOwnCertificateName);
  }
  return names;
}

std::vector<Option> serve_options(ServeOptions& options) {
  std::vector<Option> table = with_group(
      "Clients",
      {{.names = "--listen",
        .value = "[ADDR:]PORT",
        .help = "Listen for clients here; without ADDR on all addresses, or with --no-tls on "
                "127.0.0.1; can be repeated (default 8676)",
        .set =
            [&](const std::string& text) { options.listen.push_back(parse_listen_address(text)); },
        .is_repeatable = true},
       {.names = "--max-clients",
        .value = "N",
        .help = "Maximum number of clients at the same time (default 1024)",
        .set = [&](const std::string& text) { options.max_clients = parse_count(text, 1000000); }},
       {.names = "--keep-tops",
        .value = "N",
        .help = "Maximum number of client reports to keep (default 100000)",
        .set =
            [&](const std::string& text) { options.keep.max_count = parse_count(text, 10000000); }},
       {.names = "--keep-days",
        .value = "D",
        .help = "Number of days to keep client reports for (default 7)",
        .set = [&](const std::string& text) {
          options.keep.max_age = std::chrono::days(parse_count(text, 36500));
        }}});
  const auto add = [&](const std::vector<Option>& options_to_add) {
    table.insert(table.end(), options_to_add.begin(), options_to_add.end());
  };
  add({proc_root_option(options.proc_root), exhaustive_option(options.scan_mode)});
  add(with_group(
      "Status port",
      {{.names = "--http",
        .value = "[ADDR:]PORT",
        .help = "Serve the status page here, or off; without ADDR on 127.0.0.1 (default 8080)",
        .set =
            [&](const std::string& text) {
              options.http = parse_listen_address_or_off(text);
              options.is_http_given = true;
            }},
       {.names = "--http-host",
        .value = "NAME",
        .help = "Also accept this host name in requests for the status page; can be repeated",
        .set =
            [&](const std::string& text) { options.http_hosts.push_back(parse_host_name(text)); },
        .is_repeatable = true},
       {.names = "--http-tls",
        .value = "",
        .help = "Serve the status page over HTTPS, with the server's certificate",
        .set = [&](const std::string&) { options.http_tls = true; }},
       {.names = "--http-token-file",
        .value = "FILE",
        .help = "Require the token in this file for the status page",
        .set =
            [&](const std::string& text) {
              options.http_token_file = {text, base::Secrecy::Secret};
            }},
       {.names = "--metric-groups",
        .value = "K",
        .help = "Maximum number of program names with their own series in /metrics (default 32)",
        .set = [&](const std::string& text) {
          options.metric_groups = parse_count(text, 10000);
        }}}));
  add(transport_options(options.transport));
  add({state_dir_option(options.state_dir)});
  return table;
}

void validate(const ServeOptions& options) {
  validate(options.transport);
  for (auto each = options.listen.begin(); each != options.listen.end(); ++each) {
    if (each->port == 0 || std::find(options.listen.begin(), each, *each) == each) continue;
    const std::string text =
        each->host.empty() ? std::to_string(each->port) : net::to_string(*each);
    throw UsageError(fmt::format("--listen {} is given twice; omit one", base::escape(text)));
  }
  if (options.http) return;
  const char* const useless = options.http_tls                     ? "--http-tls"
                              : options.http_token_file.is_given() ? "--http-token-file"
                              : !options.http_hosts.empty()        ? "--http-host"
                                                                   : nullptr;
  if (useless == nullptr) return;
  throw UsageError(fmt::format(
      "{0} requires a status port; omit {0}, or replace --http off by an address", useless));
}

}  // namespace topnet::cmd
