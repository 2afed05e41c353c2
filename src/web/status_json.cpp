#include "web/status_json.h"

#include "base/json_writer.h"
#include "proc/report/report_json.h"
#include "web/units.h"

namespace topnet::web {
namespace {

using Json = base::JsonWriter;

void write(Json& json, const ServerInfo& server) {
  json.object([&] {
    json.field("version", server.version);
    json.field("host", server.host);
    json.field("pid", server.pid);
    json.field("started", base::format_time(server.started));
    json.field("tls", server.uses_tls);
    json.name("listen");
    json.array([&] {
      for (const std::string& address : server.listen) json.value(address);
    });
  });
}

void write(Json& json, const net::LiveConnection& connection) {
  json.object([&] {
    json.field("id", connection.id);
    json.field("peer", connection.peer);
    json.field("client", connection.client);
    json.field("since", base::format_time(connection.since));
    json.field("state", base::name_of(connection.phase, net::kPhases));
    json.field("requests", connection.requests);
  });
}

void write_busiest(Json& json, const net::BusiestProcess& process) {
  json.field("host", process.host);
  json.field("pid", process.pid);
  json.field("name", process.name);
  base::write_window(json, process.window);
  json.field("user_ticks", process.user_ticks);
  json.field("system_ticks", process.system_ticks);
  json.field("cpu_ticks", process.user_ticks + process.system_ticks);
}

void write_time(Json& json, base::WallTime time, base::WallTime now) {
  json.field("time", base::format_time(time));
  json.field("in_future", is_in_future(now - time));
}

void write(Json& json, const net::ClientReport& report, base::WallTime now) {
  json.object([&] {
    write_time(json, report.time, now);
    json.field("client", report.client);
    json.field("peer", report.peer);
    write_busiest(json, report.busiest);
  });
}

void write_reports(Json& json, const Status& status) {
  json.name("reports");
  json.array([&] {
    for (const net::ClientReport& report : status.reports) write(json, report, status.time);
  });
}

void write(Json& json, const proc::WindowStats& window) {
  json.object([&] {
    json.field("time", base::format_time(window.time));
    json.field("seconds", window.length);
    json.field("capacity_ticks", window.capacity_ticks);
    // Null if the accounting is not known.
    const auto ticks = [&](std::string_view name, auto proc::Accounting::*part) {
      json.name(name);
      if (window.accounting) {
        json.value(*window.accounting.*part);
      } else {
        json.value(nullptr);
      }
    };
    ticks("busy_ticks", &proc::Accounting::busy_ticks);
    ticks("listed_ticks", &proc::Accounting::listed_ticks);
    ticks("other_ticks", &proc::Accounting::other_ticks);
    ticks("exited_ticks", &proc::Accounting::exited_ticks);
    ticks("interrupt_ticks", &proc::Accounting::interrupt_ticks);
    ticks("unexplained_ticks", &proc::Accounting::unexplained_ticks);
  });
}

template <typename Value>
void write_all(Json& json, std::string_view name, const std::vector<Value>& values) {
  json.name(name);
  json.array([&] {
    for (const Value& value : values) write(json, value);
  });
}

void write_clients(Json& json, const Status& status) {
  json.name("clients");
  json.array([&] {
    for (const net::ClientReports& reports : status.clients) {
      json.object([&] {
        json.field("client", reports.front().client);
        json.name("reports");
        json.array([&] {
          for (const net::ClientReport& report : reports) {
            json.object([&] {
              write_time(json, report.time, status.time);
              write_busiest(json, report.busiest);
              json.field("clock_ticks_per_second", report.busiest.clock_ticks_per_second);
            });
          }
        });
      });
    }
  });
}

void write_host(Json& json, const proc::MonitorSnapshot& host) {
  const proc::Report& report = host.report;
  json.object([&] {
    json.field("time", base::format_time(report.time));
    base::write_window(json, report.window);
    json.field("clock_ticks_per_second", report.clock_ticks_per_second);
    json.field("cpus", report.cpus);
    json.field("processes_seen", report.processes_seen);
    json.field("capacity_ticks", host.history.back().capacity_ticks);
    json.field("busy_ticks",
               report.accounting ? std::optional(report.accounting->busy_ticks) : std::nullopt);
    proc::write_accounting(json, report.accounting);
    json.name("processes");
    proc::write_ranking(json, report.processes);
    json.field("hidden", report.hidden);
    json.field("monitor_cost", host.monitor_cost);
  });
}

void write_counters(Json& json, const net::ConnectionsSnapshot& exchange) {
  json.object([&] {
    json.field("accepted", exchange.accepted);
    for (const auto& [name, outcome] : net::kOutcomes) {
      json.field(name, exchange.outcomes.at(static_cast<std::size_t>(outcome)));
    }
    json.field("active", exchange.active());
  });
}

void write_stats(Json& json, const Status& status) {
  json.object([&] {
    json.field("scans", status.stats.scans.total());
    json.field("reports_sent", status.exchange.reports_sent);
    json.field("client_reports_received", status.exchange.client_reports_received);
    json.field("accept_errors", status.stats.accept_errors);
    json.field("thread_errors", status.stats.thread_errors);
    json.field("open_fds", status.stats.open_files);
    json.field("threads", status.stats.threads);
  });
}

}  // namespace

std::string to_json(const Status& status) {
  Json json;
  json.object([&] {
    json.field("schema", "topnet.status/1");
    json.name("server");
    write(json, status.server);
    write_all(json, "connections", status.exchange.connections);
    write_reports(json, status);
    json.name("counters");
    write_counters(json, status.exchange);
    json.name("work");
    write_stats(json, status);
    json.field("time", base::format_time(status.time));
    json.name("host");
    if (status.host) {
      write_host(json, *status.host);
    } else {
      json.value(nullptr);
    }
    write_all(json, "history",
              status.host ? status.host->history : std::vector<proc::WindowStats>());
    write_clients(json, status);
  });
  return json.take() + '\n';
}

}  // namespace topnet::web
