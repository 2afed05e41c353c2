#include "cmd/ranking_options.h"

#include <array>
#include <string_view>
#include <utility>

#include "proc/number.h"

namespace topnet::cmd {
namespace {

constexpr std::size_t kMostProcesses = 100000;

std::size_t parse_count(const std::string& text) {
  const auto count = proc::parse_number<std::size_t>(text);
  if (!count || *count < 1 || *count > kMostProcesses) {
    throw UsageError("is not a whole number from 1 to 100000");
  }
  return *count;
}

// One of a few words, each standing for a value.
template <typename Value, std::size_t Size>
using Words = std::array<std::pair<std::string_view, Value>, Size>;

constexpr Words<proc::SortKey, 3> kSortKeys{{{"cpu", proc::SortKey::Cpu},
                                             {"user", proc::SortKey::User},
                                             {"system", proc::SortKey::System}}};

constexpr Words<proc::Format, 3> kFormats{
    {{"text", proc::Format::Text}, {"json", proc::Format::Json}, {"csv", proc::Format::Csv}}};

template <typename Value, std::size_t Size>
Value parse_word(const std::string& text, const Words<Value, Size>& words) {
  std::string known;
  for (const auto& [word, value] : words) {
    if (text == word) return value;
    known += (known.empty() ? "" : ", ") + std::string(word);
  }
  throw UsageError("is none of " + known);
}

}  // namespace

std::vector<Option> ranking_options(RankingOptions& options) {
  return {
      {.names = "-n,--top",
       .value = "N",
       .help = "How many processes, 1 to 100000 (10)",
       .set = [&](const std::string& text) { options.count = parse_count(text); }},
      {.names = "-s,--sort",
       .value = "KEY",
       .help = "Rank by cpu (user and system time), user or system (cpu)",
       .set = [&](const std::string& text) { options.key = parse_word(text, kSortKeys); }},
      {.names = "-f,--format",
       .value = "F",
       .help = "Write the report as text, json or csv (text)",
       .set = [&](const std::string& text) { options.format = parse_word(text, kFormats); }},
      {.names = "-o,--out",
       .value = "FILE",
       .help = "Write the report to FILE, whole or not at all; - is standard output (-)",
       .set = [&](const std::string& text) { options.out = text; }},
  };
}

}  // namespace topnet::cmd
