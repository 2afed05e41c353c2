#include "cmd/fetch_options.h"

#include <fmt/format.h>

#include "cmd/source_options.h"
#include "cmd/state_dir.h"
#include "net/protocol/message.h"

namespace topnet::cmd {
namespace {

constexpr std::chrono::milliseconds kMinTime{1};
constexpr std::chrono::hours kMaxConnectTime{1};
constexpr std::chrono::days kMaxTime{1};

net::Pin parse_pin(const std::string& text) {
  const auto pin = net::parse_pin(text);
  if (!pin)
    throw UsageError(
        "is not a pin; copy the output of `topnet trust show` (SHA256: and 43 characters)");
  return *pin;
}

}  // namespace

std::vector<Option> fetch_options(FetchOptions& options) {
  const auto time = [](auto& target, std::chrono::milliseconds min, std::chrono::milliseconds max) {
    return [&target, min, max](const std::string& text) { target = parse_time(text, min, max); };
  };
  std::vector<Option> table{
      {.names = "HOST",
       .value = "",
       .help = fmt::format("The server: {} (default 127.0.0.1:8676)", kHostForms),
       .set = [&](const std::string& text) { options.server = parse_host(text); }}};
  const auto add = [&](const std::vector<Option>& options_to_add) {
    table.insert(table.end(), options_to_add.begin(), options_to_add.end());
  };
  add(ranking_options(options.ranking));
  add({proc_root_option(options.proc_root)});
  add(with_group(
      "Connection",
      {{.names = "--hold",
        .value = "TIME",
        .help = "Stay connected this long after the exchange, 0 to 1h (default 0)",
        .set = time(options.hold, std::chrono::milliseconds(0), net::kMaxHold)},
       {.names = "--connect-timeout",
        .value = "TIME",
        .help =
            "Time limit for connecting, with name look-up and handshake, 1ms to 1h (default 5s)",
        .set = time(options.connect_timeout, kMinTime, kMaxConnectTime)},
       {.names = "--max-time",
        .value = "TIME",
        .help = "Time limit for the exchange, without the hold, 1ms to 1d (default 30s + delay)",
        .set = time(options.max_time, kMinTime, kMaxTime)}}));
  add(with_group("Trust",
                 {{.names = "--pin",
                   .value = "SHA256:...",
                   .help = "Trust only this key, for this run only",
                   .set = [&](const std::string& text) { options.pin = parse_pin(text); }}}));
  add(transport_options(options.transport));
  add({state_dir_option(options.state_dir)});
  return table;
}

}  // namespace topnet::cmd
