// The known word that a mistyped one is closest to.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace topnet::cmd {

// Of `known`, the word that `typed` differs from in the fewest letters (inserted, removed, replaced
// or swapped with their neighbour), "" if it differs from each in more than two or in half of it.
std::string did_you_mean(std::string_view typed, const std::vector<std::string>& known);

}  // namespace topnet::cmd
