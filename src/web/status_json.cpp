#include "web/status_json.h"

#include "proc/json_writer.h"
#include "proc/report_json.h"

namespace topnet::web {
namespace {

using Json = proc::JsonWriter;

void write(Json& json, const ServerInfo& server) {
  json.object([&] {
    json.field("version", server.version);
    json.field("host", server.host);
    json.field("pid", server.pid);
    json.field("started", proc::format_time(server.started));
    json.field("tls", server.uses_tls);
    json.field("listen", server.listen);
  });
}

void write(Json& json, const net::LiveConnection& connection) {
  json.object([&] {
    json.field("id", connection.id);
    json.field("peer", connection.peer);
    json.field("client", connection.client);
    json.field("since", proc::format_time(connection.since));
    json.field("state", proc::word_for(connection.phase, net::kPhases));
    json.field("requests", connection.requests);
  });
}

// The fields of a top.
void write_top(Json& json, const net::Top& top) {
  json.field("host", top.host);
  json.field("pid", top.pid);
  json.field("name", top.name);
  proc::write_window(json, top.window);
  json.field("user_ticks", top.user_ticks);
  json.field("system_ticks", top.system_ticks);
  json.field("cpu_ticks", top.user_ticks + top.system_ticks);
}

void write(Json& json, const net::ReceivedTop& received) {
  json.object([&] {
    json.field("time", proc::format_time(received.time));
    json.field("client", received.client);
    json.field("peer", received.peer);
    write_top(json, received.top);
  });
}

void write(Json& json, const proc::Stretch& stretch) {
  json.object([&] {
    json.field("time", proc::format_time(stretch.time));
    json.field("seconds", stretch.length);
    json.field("capacity_ticks", stretch.capacity_ticks);
    json.field("busy_ticks", stretch.busy_ticks);
    json.field("listed_ticks", stretch.listed_ticks);
    json.field("other_ticks", stretch.other_ticks);
    json.field("ended_ticks", stretch.ended_ticks);
    json.field("interrupt_ticks", stretch.interrupt_ticks);
    json.field("unexplained_ticks", stretch.unexplained_ticks);
  });
}

template <typename Value>
void write_all(Json& json, std::string_view name, const std::vector<Value>& values) {
  json.name(name);
  json.array([&] {
    for (const Value& value : values) write(json, value);
  });
}

void write_clients(Json& json, const std::vector<net::ClientTops>& clients) {
  json.name("clients");
  json.array([&] {
    for (const net::ClientTops& tops : clients) {
      json.object([&] {
        json.field("client", tops.front().client);
        json.name("tops");
        json.array([&] {
          for (const net::ReceivedTop& each : tops) {
            json.object([&] {
              json.field("time", proc::format_time(each.time));
              write_top(json, each.top);
              json.field("clock_ticks_per_second", each.top.clock_ticks_per_second);
            });
          }
        });
      });
    }
  });
}

void write_host(Json& json, const proc::Watched& host) {
  const proc::Report& report = host.report;
  json.object([&] {
    json.field("time", proc::format_time(report.time));
    proc::write_window(json, report.window);
    json.field("clock_ticks_per_second", report.clock_ticks_per_second);
    json.field("cpus", report.cpus);
    json.field("processes_seen", report.processes_seen);
    json.field("capacity_ticks", host.history.back().capacity_ticks);
    json.field("busy_ticks", host.history.back().busy_ticks);
    proc::write_accounting(json, report.accounting);
    json.name("top");
    proc::write_ranking(json, report.processes);
    json.field("hidden", report.hidden);
    json.field("watch_cost", host.cost);
  });
}

void write_counters(Json& json, const net::ConnectionsSnapshot& exchange) {
  json.object([&] {
    json.field("accepted", exchange.accepted);
    for (const auto& [word, outcome] : net::kOutcomes) {
      json.field(word, exchange.outcomes.at(static_cast<std::size_t>(outcome)));
    }
    json.field("active", exchange.active());
  });
}

void write_work(Json& json, const Status& status) {
  json.object([&] {
    json.field("scans", status.work.scans.total());
    json.field("reports_sent", status.exchange.reports_sent);
    json.field("tops_received", status.exchange.tops_received);
    json.field("accept_errors", status.work.accept_errors);
    json.field("thread_errors", status.work.thread_errors);
    json.field("open_fds", status.work.open_files);
    json.field("threads", status.work.threads);
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
    write_all(json, "reports", status.tops);
    json.name("counters");
    write_counters(json, status.exchange);
    json.name("work");
    write_work(json, status);
    json.field("time", proc::format_time(status.time));
    json.name("host");
    if (status.host) {
      write_host(json, *status.host);
    } else {
      json.value(nullptr);
    }
    write_all(json, "history", status.host ? status.host->history : std::vector<proc::Stretch>());
    write_clients(json, status.clients);
  });
  return json.take() + '\n';
}

}  // namespace topnet::web
