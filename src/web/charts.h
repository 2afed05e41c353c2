// The page's charts, as SVG without styles: page.css colours their classes. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "proc/report/cpu_monitor.h"
#include "proc/report/report.h"
#include "web/html.h"

namespace topnet::web {

// A part of the busy time.
struct Part {
  std::string_view css_class;
  std::string_view label;
  std::int64_t ticks = 0;
};
using Split = std::array<Part, 5>;  // in the order in which they are shown
// Takes the accounting of a window, which always has `exited_ticks`.
Split split_of(const proc::Accounting& accounting);

// A bar whose length is the share of `part` in `whole`.
Html bar(double part, double whole);

// The parts side by side; the rest of `capacity` (ticks) was idle.
Html split_bar(const Split& split, double capacity);

// Whether the busy share of a window is known.
bool is_known(const proc::WindowStats& window);

// The parts of the busy time in the ten minutes before `now`, stacked; a grey area where they are
// not known.
Html history_chart(const std::vector<proc::WindowStats>& history, base::WallTime now);

}  // namespace topnet::web
