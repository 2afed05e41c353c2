#include "web/charts.h"

#include "support/catch.h"
#include "support/status.h"

using namespace topnet::web;
using namespace std::chrono_literals;
using topnet::proc::WindowStats;
using topnet::test::busy_status;

namespace {

const topnet::base::WallTime kNow{std::chrono::hours(500000)};

WindowStats window(std::chrono::milliseconds ago, std::uint64_t busy,
                   std::int64_t unexplained = 0) {
  return {.time = kNow - ago,
          .length = 2s,
          .capacity_ticks = 400,
          .accounting = topnet::proc::Accounting{
              .busy_ticks = busy, .listed_ticks = busy, .unexplained_ticks = unexplained}};
}

}  // namespace

TEST_CASE("Charts: a bar is as long as its share, at most the whole", "[charts]") {
  CHECK_THAT(bar(1, 8).markup, Catch::Contains("<rect width=\"12.5\" height=\"1\"/>"));
  CHECK_THAT(bar(9, 8).markup, Catch::Contains("<rect width=\"100\" height=\"1\"/>"));
  CHECK_THAT(bar(1, 0).markup, Catch::Contains("<rect width=\"0\" height=\"1\"/>"));
}

TEST_CASE("Charts: the parts of the busy time are side by side, a negative one is empty",
          "[charts]") {
  topnet::proc::Accounting accounting = *busy_status().host->report.accounting;
  CHECK_THAT(
      split_bar(split_of(accounting), 400).markup,
      Catch::Contains("<rect class=\"listed\" x=\"0\" width=\"50\" height=\"1\"/>"
                      "<rect class=\"other\" x=\"50\" width=\"10\" height=\"1\"/>"
                      "<rect class=\"exited\" x=\"60\" width=\"12.5\" height=\"1\"/>"
                      "<rect class=\"interrupts\" x=\"72.5\" width=\"2\" height=\"1\"/>"
                      "<rect class=\"unexplained\" x=\"74.5\" width=\"0.5\" height=\"1\"/>"));
  accounting.unexplained_ticks = -4;
  CHECK_THAT(split_bar(split_of(accounting), 400).markup,
             Catch::Contains("class=\"unexplained\" x=\"74.5\" width=\"0\""));
}

TEST_CASE("Charts: the history has a step for each window", "[charts]") {
  CHECK_THAT(history_chart({window(14s, 100), window(12s, 200), window(10s, 500)}, kNow).markup,
             Catch::Contains("<path class=\"listed\" d=\"M586 100V75H588V50H590V0H592V100Z\"/>"));
  CHECK_THAT(history_chart({}, kNow).markup, Catch::Contains("<path class=\"listed\" d=\"\"/>"));
}

TEST_CASE("Charts: windows that are not known are grey, not idle", "[charts]") {
  WindowStats no_cpus = window(12s, 200);
  no_cpus.capacity_ticks.reset();
  WindowStats no_busy_time = window(10s, 200);
  no_busy_time.accounting.reset();
  const std::string chart =
      history_chart({window(14s, 100), no_cpus, no_busy_time, window(8s, 200)}, kNow).markup;
  CHECK_THAT(chart,
             Catch::Contains(R"(class="listed" d="M586 100V75H588V100ZM592 100V50H594V100Z")"));
  CHECK_THAT(chart, Catch::Contains(R"(class="unknown" d="M588 100V0H590V0H592V100Z")"));
  CHECK_THAT(history_chart({window(8s, 200)}, kNow).markup,
             Catch::Contains("<path class=\"unknown\" d=\"\"/>"));
}

TEST_CASE("Charts: a clock that jumps leaves no gaps between windows", "[charts]") {
  CHECK_THAT(history_chart({window(9000s, 100), window(-9000s, 200), window(2s, 500)}, kNow).markup,
             Catch::Contains("d=\"M594 100V75H596V50H598V0H600V100Z\""));
}

TEST_CASE("Charts: windows are cut at the begin of the chart", "[charts]") {
  CHECK_THAT(history_chart({window(700s, 100)}, kNow).markup,
             Catch::Contains("<path class=\"listed\" d=\"\"/>"));
  CHECK_THAT(history_chart({window(601s, 100)}, kNow).markup,
             Catch::Contains("d=\"M0 100V75H1V100Z\""));
}

TEST_CASE("Charts: the parts of a window are stacked", "[charts]") {
  WindowStats stacked = window(2s, 240, 4);
  stacked.accounting->listed_ticks = 200;
  stacked.accounting->other_ticks = 40;
  stacked.accounting->exited_ticks = 50;
  stacked.accounting->interrupt_ticks = 8;
  const std::string chart = history_chart({stacked}, kNow).markup;
  for (const char* const path :
       {R"(class="listed" d="M598 100V50H600)", R"(class="other" d="M598 100V40H600)",
        R"(class="exited" d="M598 100V27.5H600)", R"(class="interrupts" d="M598 100V25.5H600)",
        R"(class="unexplained" d="M598 100V24.5H600)"}) {
    CHECK_THAT(chart, Catch::Contains(path));
  }
}
