#include "cmd/did_you_mean.h"

#include <algorithm>
#include <cstddef>

namespace topnet::cmd {
namespace {

constexpr std::size_t kMaxLength = 64;  // longer than any known word

// The optimal string alignment distance.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, replaced});
      const bool is_swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (is_swapped) d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  }
  return d[a.size()][b.size()];
}

// "hold" for "--hold".
std::string_view without_dashes(std::string_view word) {
  return word.substr(std::min(word.find_first_not_of('-'), word.size()));
}

}  // namespace

std::string did_you_mean(std::string_view typed, const std::vector<std::string>& known) {
  typed = without_dashes(typed);
  if (typed.size() < 3 || typed.size() > kMaxLength) return "";
  const std::string* closest = nullptr;
  std::size_t fewest = 3;
  for (const std::string& each : known) {
    const std::string_view word = without_dashes(each);
    const std::size_t limit = std::max<std::size_t>(1, std::max(typed.size(), word.size()) / 3);
    const std::size_t changes = distance(typed, word);
    if (changes > limit || changes >= fewest) continue;
    fewest = changes;
    closest = &each;
  }
  return closest == nullptr ? "" : *closest;
}

}  // namespace topnet::cmd
