// The accounting in a report's text form: the header lines `cpu` and `ended`. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proc/accounting.h"

namespace topnet::proc {

// "9.08 s busy = 5.1% listed + 33.9% other processes + 46.3% ended processes + 0.1% interrupts +
// 14.6% unexplained"; the shares are rounded one by one. Where the ended ones are not told apart,
// it ends in "+ 60.9% ended or unexplained".
std::string to_cpu_line(const Accounting& accounting, std::uint32_t ticks_per_second);

// "3.91 s children of make (812); 0.28 s children of bash (90)"
std::string to_ended_line(const std::vector<EndedChildren>& parents,
                          std::uint32_t ticks_per_second);

// Each reads what its counterpart wrote, as far as the rounded figures say it; nullopt for anything
// else.
std::optional<Accounting> parse_cpu_line(std::string_view line, std::uint32_t ticks_per_second);
std::optional<std::vector<EndedChildren>> parse_ended_line(std::string_view line,
                                                           std::uint32_t ticks_per_second);

}  // namespace topnet::proc
