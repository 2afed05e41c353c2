#include "cmd/ranking_options.h"

#include "cmd/values.h"
#include "proc/words.h"

namespace topnet::cmd {
namespace {

constexpr std::size_t kMostProcesses = 100000;

template <typename Value, std::size_t Size>
Value parse_word(const std::string& text, const proc::Words<Value, Size>& words) {
  if (const auto value = proc::meaning_of(text, words)) return *value;
  std::string known;
  for (const auto& [word, value] : words) known += (known.empty() ? "" : ", ") + std::string(word);
  throw UsageError("is not one of " + known);
}

}  // namespace

std::vector<Option> ranking_options(RankingOptions& options) {
  return with_group(
      "Report",
      {{.names = "-n,--top",
        .value = "N",
        .help = "Number of processes, 1 to 100000 (default 10)",
        .set = [&](const std::string& text) { options.count = parse_count(text, kMostProcesses); }},
       {.names = "-d,--delay",
        .value = "TIME",
        .help = "Rank by the CPU used within TIME, 10ms to 1h (default: since each started)",
        .set =
            [&](const std::string& text) {
              options.delay =
                  parse_time(text, std::chrono::milliseconds(10), std::chrono::hours(1));
            }},
       {.names = "-s,--sort",
        .value = "KEY",
        .help = "Rank by cpu (user + system), user or system (default cpu)",
        .set = [&](const std::string& text) { options.key = parse_word(text, proc::kSortKeys); }},
       {.names = "-f,--format",
        .value = "F",
        .help = "Form of the report: text, json or csv (default text)",
        .set = [&](const std::string& text) { options.format = parse_word(text, proc::kFormats); }},
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
