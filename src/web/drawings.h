// The page's pictures, as SVG without any style: their colours are classes. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "proc/report.h"
#include "proc/watch.h"
#include "web/html.h"

namespace topnet::web {

// One part of the busy time; the parts are shown in this order.
struct Part {
  std::string_view name;  // of its class
  std::string_view words;
  std::int64_t ticks = 0;
};
using Split = std::array<Part, 5>;
Split split_of(const proc::Accounting& accounting);

// A share of `whole` as a bar.
Html bar(double part, double whole);

// The parts one beside the other; the rest was idle.
Html split_bar(const Split& split, double capacity);

// Busy CPU in the ten minutes before `now`, by what it went to.
Html history_chart(const std::vector<proc::Stretch>& history, proc::WallTime now);

}  // namespace topnet::web
