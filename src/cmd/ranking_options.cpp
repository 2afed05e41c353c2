#include "cmd/ranking_options.h"

#include "cmd/values.h"
#include "proc/number.h"
#include "proc/words.h"

namespace topnet::cmd {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMostProcesses = 100000;

std::size_t parse_count(const std::string& text) {
  const auto count = proc::parse_number<std::size_t>(text);
  if (!count || *count < 1 || *count > kMostProcesses) {
    throw UsageError("is not a whole number from 1 to 100000");
  }
  return *count;
}

template <typename Value, std::size_t Size>
Value parse_word(const std::string& text, const proc::Words<Value, Size>& words) {
  if (const auto value = proc::meaning_of(text, words)) return *value;
  std::string known;
  for (const auto& [word, value] : words) known += (known.empty() ? "" : ", ") + std::string(word);
  throw UsageError("is none of " + known);
}

}  // namespace

std::vector<Option> ranking_options(RankingOptions& options) {
  return {
      {.names = "-n,--top",
       .value = "N",
       .help = "How many processes, 1 to 100000 (10)",
       .set = [&](const std::string& text) { options.count = parse_count(text); }},
      {.names = "-d,--delay",
       .value = "SECONDS",
       .help = "Rank by the CPU used during so many seconds from now on (off)",
       .set = [&](const std::string& text) { options.delay = parse_seconds(text, 10ms, 3600s); }},
      {.names = "-s,--sort",
       .value = "KEY",
       .help = "Rank by cpu (user and system time), user or system (cpu)",
       .set = [&](const std::string& text) { options.key = parse_word(text, proc::kSortKeys); }},
      {.names = "-f,--format",
       .value = "F",
       .help = "Write the report as text, json or csv (text)",
       .set = [&](const std::string& text) { options.format = parse_word(text, proc::kFormats); }},
      {.names = "-o,--out",
       .value = "FILE",
       .help = "Write the report to FILE, whole or not at all; - is standard output (-)",
       .set = [&](const std::string& text) { options.out = text; }},
  };
}

}  // namespace topnet::cmd
