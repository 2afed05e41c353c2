// Suggests a correction for a mistyped word.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace topnet::cmd {

// Returns the word of `known` with the smallest edit distance: insertions, deletions, replacements
// and swaps of neighbouring letters. Returns "" if that is more than 2, or more than a third of the
// longer word and more than 1, and for words of less than three letters. Leading dashes do not
// count.
std::string did_you_mean(std::string_view typed, const std::vector<std::string>& known);

}  // namespace topnet::cmd
