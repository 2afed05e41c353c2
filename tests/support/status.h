// A status with something of everything, and every count another one.
#pragma once

#include "web/status.h"

namespace topnet::test {

inline web::Status busy_status() {
  using namespace std::chrono;
  // 2026-11-23T20:01:02.123Z
  const net::WallTime started = sys_days(year(2026) / 11 / 23) + 20h + 1min + 2s + 123ms;
  web::Status status;
  status.server = {.version = "0.1.0",
                   .host = "web01",
                   .pid = 77,
                   .started = started,
                   .uses_tls = true,
                   .listen = "[::]:8676"};
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
  status.tops = {{.time = started + 2s,
                  .client = "local",
                  .peer = "127.0.0.1:41234",
                  .top = {.id = "00112233445566778899aabbccddeeff",
                          .host = "db1",
                          .pid = 4121,
                          .name = "postgres",
                          .user_ticks = 812,
                          .system_ticks = 31}}};
  status.exchange.accepted = 38;
  status.exchange.outcomes = {1, 2, 3, 4, 5, 6, 7, 8};
  status.exchange.reports_sent = 10;
  status.exchange.tops_received = 9;
  status.work = {
      .scans = 2, .accept_errors = 11, .thread_errors = 12, .open_files = 14, .threads = 6};
  return status;
}

}  // namespace topnet::test
