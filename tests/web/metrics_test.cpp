#include "web/metrics.h"

#include "support/catch.h"
#include "support/status.h"

using Catch::Contains;
using namespace topnet;
using topnet::test::busy_status;
using topnet::web::to_metrics;

namespace {

web::Status measured_status() {
  web::Status status = busy_status();
  proc::MonitorSnapshot host = *status.host;
  host.totals.busy_ticks = 12345;
  host.totals.exited_ticks = 50;
  host.totals.interrupt_ticks = 8;
  host.totals.unexplained_ticks = 2;
  host.totals.overexplained_ticks = 1;
  host.totals.groups = {{.name = "cc1plus", .user_ticks = 190, .system_ticks = 10}};
  host.totals.other.user_ticks = 70;
  status.host = std::make_shared<const proc::MonitorSnapshot>(host);
  status.last_report_times = {{"local", status.clients.front().front().time}};
  return status;
}

}  // namespace

TEST_CASE("Metrics: each count has a series, times are in seconds", "[metrics]") {
  const std::string text = to_metrics(measured_status());
  for (const char* const line :
       {"topnet_build_info{version=\"0.1.0\"} 1", "topnet_connections 2",
        "topnet_connections_accepted_total 38",
        "topnet_connection_outcomes_total{outcome=\"completed\"} 1",
        "topnet_connection_outcomes_total{outcome=\"internal_error\"} 8",
        "topnet_reports_sent_total 10", "topnet_client_reports_received_total 9",
        "topnet_scans_total 2", "topnet_host_cpu_busy_seconds_total 123.45",
        "topnet_group_cpu_seconds_total{group=\"cc1plus\",mode=\"user\"} 1.9",
        "topnet_group_cpu_seconds_total{group=\"cc1plus\",mode=\"system\"} 0.1",
        "topnet_group_cpu_seconds_total{group=\"_other\",mode=\"user\"} 0.7",
        "topnet_exited_cpu_seconds_total 0.5", "topnet_interrupt_cpu_seconds_total 0.08",
        "topnet_unexplained_cpu_seconds_total 0.02", "topnet_overexplained_cpu_seconds_total 0.01",
        "process_open_fds 14", "process_threads 6"}) {
    CHECK_THAT(text, Contains(std::string("\n") + line + "\n"));
  }
  CHECK_THAT(
      text,
      Contains("topnet_client_last_report_timestamp_seconds{client=\"local\"} 1795464064.123\n"));
}

TEST_CASE("Metrics: a value that is not known has no series", "[metrics]") {
  web::Status status = measured_status();
  status.host = test::without_cpu_times(*status.host);
  status.stats.self = {};
  status.stats.open_files.reset();
  status.stats.threads.reset();
  const std::string text = to_metrics(status);
  for (const char* const name :
       {"topnet_host_cpu_busy", "topnet_interrupt", "topnet_unexplained", "topnet_overexplained",
        "process_resident_memory", "process_virtual_memory", "process_open_fds", "process_max_fds",
        "process_threads"}) {
    CHECK_THAT(text, !Contains(name));
  }
  CHECK_THAT(text, Contains("\ntopnet_exited_cpu_seconds_total 0.5\n"));
  CHECK_THAT(text, Contains("{group=\"cc1plus\",mode=\"user\"} 1.9\n"));
}

TEST_CASE("Metrics: the buckets of a histogram are cumulative", "[metrics]") {
  using namespace std::chrono_literals;
  base::Histogram counter;
  for (const std::chrono::nanoseconds each :
       {1ns, 500'000ns, 500'001ns, 5'000'000'000ns, 6'000'000'000ns}) {
    counter.add(each);
  }
  web::Status status = measured_status();
  status.stats.scans = counter.counts();
  const std::string text = to_metrics(status);
  for (const char* const line :
       {"_bucket{le=\"0.0005\"} 2", "_bucket{le=\"0.001\"} 3", "_bucket{le=\"2.5\"} 3",
        "_bucket{le=\"5\"} 4", "_bucket{le=\"+Inf\"} 5", "_sum 11.001000002", "_count 5"}) {
    CHECK_THAT(text, Contains(std::string("\ntopnet_scan_duration_seconds") + line + "\n"));
  }
}

TEST_CASE("Metrics: only enrolled clients are labels", "[metrics]") {
  web::Status status = measured_status();
  status.last_report_times.clear();
  CHECK_THAT(to_metrics(status), !Contains("{client="));
}

TEST_CASE("Metrics: label values are escaped", "[metrics]") {
  web::Status status = measured_status();
  proc::MonitorSnapshot host = *status.host;
  host.totals.groups.front().name = "a\"} 1\n\\x0a";
  status.host = std::make_shared<const proc::MonitorSnapshot>(host);
  CHECK_THAT(to_metrics(status), Contains(R"({group="a\"} 1\n\\x0a",mode="user"} 1.9)"
                                          "\n"));
}

TEST_CASE("Metrics: before the first window there are no CPU series", "[metrics]") {
  CHECK_THAT(to_metrics(web::Status()),
             !Contains("cpu_seconds_total{") && !Contains("topnet_host_cpu_busy_seconds_total"));
}
