#include "cmd/ranking_options.h"

#include "base/enum_names.h"
#include "cmd/option_values.h"
#include "net/protocol/message.h"

namespace topnet::cmd {
namespace {

template <typename Value, std::size_t Size>
Value parse_name(const std::string& text, const base::EnumNames<Value, Size>& names) {
  if (const auto value = base::parse_enum(text, names)) return *value;
  std::string known;
  for (const auto& [name, value] : names) known += (known.empty() ? "" : ", ") + std::string(name);
  throw UsageError("is not one of " + known);
}

}  // namespace

std::vector<Option> ranking_options(RankingOptions& options) {
  return with_group(
      "Report",
      {{.names = "-n,--top",
        .value = "N",
        .help = "Number of processes, 1 to 100000 (default 10)",
        .set =
            [&](const std::string& text) {
              options.count = parse_count(text, net::kMaxProcesses);
            }},
       {.names = "-d,--delay",
        .value = "TIME",
        .help = "Rank by the CPU time used within TIME, 10ms to 1h (default: since each process "
                "started)",
        .set =
            [&](const std::string& text) {
              options.delay = parse_time(text, net::kMinDelay, net::kMaxDelay);
            }},
       {.names = "-s,--sort",
        .value = "KEY",
        .help = "Rank by cpu (user + system), user or system (default cpu)",
        .set = [&](const std::string& text) { options.key = parse_name(text, proc::kSortKeys); }},
       {.names = "-f,--format",
        .value = "F",
        .help = "Format of the report: text, json or csv (default text)",
        .set = [&](const std::string& text) { options.format = parse_name(text, proc::kFormats); }},
       {.names = "--json",
        .value = "",
        .help = "The same as -f json",
        .set = [&](const std::string&) { options.format = proc::Format::Json; }},
       {.names = "-o,--out",
        .value = "FILE",
        .help = "Replace FILE atomically instead of writing to standard output (default -)",
        .set = [&](const std::string& text) { options.out = text; }}});
}

}  // namespace topnet::cmd
