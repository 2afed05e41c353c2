// A status in which every list has entries, and every count differs.
#pragma once

#include "web/status.h"

namespace topnet::test {

// Two CPUs in a window of two seconds: busy for three quarters of it, half a minute before for a
// tenth.
inline std::shared_ptr<const proc::MonitorSnapshot> monitored_host(base::WallTime time) {
  using namespace std::chrono;
  proc::MonitorSnapshot host;
  host.report.host.name = "web01";
  host.report.time = time + 6s;
  host.report.window = 2s;
  host.report.cpus = 2;
  host.report.processes_seen = 213;
  host.report.accounting = {.busy_ticks = 300,
                            .listed_ticks = 200,
                            .other_ticks = 40,
                            .interrupt_ticks = 8,
                            .exited_ticks = 50,
                            .unexplained_ticks = 2,
                            .exited_by_parent = {{.pid = 7, .name = "sh", .ticks = 50}}};
  host.report.processes = {{.pid = 4242,
                            .name = "cc1plus",
                            .state = 'R',
                            .user_ticks = 190,
                            .system_ticks = 10,
                            .start_time_ticks = 990142}};
  host.history = {{.time = time - 24s,
                   .length = 2s,
                   .capacity_ticks = 400,
                   .accounting = proc::Accounting{.busy_ticks = 40,
                                                  .listed_ticks = 30,
                                                  .other_ticks = 11,
                                                  .exited_ticks = 0,
                                                  .unexplained_ticks = -1}},
                  {.time = time + 6s,
                   .length = 2s,
                   .capacity_ticks = 400,
                   .accounting = host.report.accounting}};
  host.history.back().accounting->exited_by_parent.clear();
  host.totals.has_machine = true;
  host.monitor_cost = 0.00042;
  return std::make_shared<const proc::MonitorSnapshot>(std::move(host));
}

// The last window without the machine's figures, as if /proc/stat could not be read.
inline std::shared_ptr<const proc::MonitorSnapshot> without_cpu_times(proc::MonitorSnapshot host) {
  host.report.accounting.reset();
  host.report.cpus.reset();
  host.history.back().accounting.reset();
  host.history.back().capacity_ticks.reset();
  host.totals.has_machine = false;
  return std::make_shared<const proc::MonitorSnapshot>(std::move(host));
}

inline web::Status busy_status() {
  using namespace std::chrono;
  // 2026-11-23T20:01:02.123Z
  const base::WallTime started = sys_days(year(2026) / 11 / 23) + 20h + 1min + 2s + 123ms;
  web::Status status;
  status.time = started + 10s;
  status.server = {.version = "0.1.0",
                   .host = "web01",
                   .pid = 77,
                   .started = started,
                   .uses_tls = true,
                   .listen = {"[::]:8676"}};
  status.exchange.connections = {{.id = 12,
                                  .peer = "127.0.0.1:41234",
                                  .client = "local",
                                  .since = started + 1s,
                                  .phase = net::Phase::Idle,
                                  .requests = 1},
                                 {.id = 13,
                                  .peer = "[2001:db8::1]:5",
                                  .client = {},
                                  .since = started + 2s,
                                  .phase = net::Phase::Handshake,
                                  .requests = 0}};
  status.reports = {{.time = started + 2s,
                     .client = "local",
                     .peer = "127.0.0.1:41234",
                     .busiest = {.id = "00112233445566778899aabbccddeeff",
                                 .host = "db1",
                                 .pid = 4121,
                                 .name = "postgres",
                                 .user_ticks = 812,
                                 .system_ticks = 31}}};
  net::ClientReport earlier = status.reports.front();
  earlier.time -= 2min;
  earlier.busiest.name = "make";
  earlier.busiest.window = 2s;
  status.clients = {{status.reports.front(), earlier}};
  status.host = monitored_host(started);
  status.exchange.accepted = 38;
  status.exchange.outcomes = {1, 2, 3, 4, 5, 6, 7, 8};
  status.exchange.reports_sent = 10;
  status.exchange.client_reports_received = 9;
  status.stats = {.scans = {.counts = {2}},
                  .accept_errors = 11,
                  .thread_errors = 12,
                  .open_files = 14,
                  .threads = 6};
  return status;
}

}  // namespace topnet::test
