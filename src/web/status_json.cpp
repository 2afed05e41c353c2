#include "web/status_json.h"

#include "proc/json_writer.h"
#include "proc/report.h"

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

void write(Json& json, const net::ReceivedTop& received) {
  const net::Top& top = received.top;
  json.object([&] {
    json.field("time", proc::format_time(received.time));
    json.field("client", received.client);
    json.field("peer", received.peer);
    json.field("host", top.host);
    json.field("pid", top.pid);
    json.field("name", top.name);
    proc::write_window(json, top.window);
    json.field("user_ticks", top.user_ticks);
    json.field("system_ticks", top.system_ticks);
    json.field("cpu_ticks", top.user_ticks + top.system_ticks);
  });
}

template <typename Value>
void write_all(Json& json, std::string_view name, const std::vector<Value>& values) {
  json.name(name);
  json.array([&] {
    for (const Value& value : values) write(json, value);
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
    json.field("scans", status.work.scans);
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
  });
  return json.take() + '\n';
}

}  // namespace topnet::web
