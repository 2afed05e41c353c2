#include "web/status_json.h"

#include <nlohmann/json.hpp>

#include "proc/report.h"

namespace topnet::web {
namespace {

using Json = nlohmann::ordered_json;

Json or_null(const std::optional<std::string>& text) { return text ? Json(*text) : Json(nullptr); }

Json describe(const ServerInfo& server) {
  return {{"version", server.version}, {"host", or_null(server.host)},
          {"pid", server.pid},         {"started", proc::format_time(server.started)},
          {"tls", server.uses_tls},    {"listen", server.listen}};
}

Json describe(const net::LiveConnection& connection) {
  return {{"id", connection.id},
          {"peer", connection.peer},
          {"client", or_null(connection.client)},
          {"since", proc::format_time(connection.since)},
          {"state", proc::word_for(connection.phase, net::kPhases)},
          {"requests", connection.requests}};
}

Json describe(const std::optional<std::chrono::milliseconds>& window) {
  if (!window) return {{"kind", "since_start"}, {"seconds", nullptr}};
  return {{"kind", "interval"}, {"seconds", static_cast<double>(window->count()) / 1000}};
}

Json describe(const net::ReceivedTop& received) {
  const net::Top& top = received.top;
  return {{"time", proc::format_time(received.time)},
          {"client", or_null(received.client)},
          {"peer", received.peer},
          {"host", or_null(top.host)},
          {"pid", top.pid},
          {"name", top.name},
          {"window", describe(top.window)},
          {"user_ticks", top.user_ticks},
          {"system_ticks", top.system_ticks},
          {"cpu_ticks", top.user_ticks + top.system_ticks}};
}

template <typename Value>
Json describe_all(const std::vector<Value>& values) {
  Json array = Json::array();
  for (const Value& value : values) array.push_back(describe(value));
  return array;
}

Json count(const net::ConnectionsSnapshot& exchange) {
  Json counters = {{"accepted", exchange.accepted}};
  for (const auto& [word, outcome] : net::kOutcomes) {
    counters[std::string(word)] = exchange.outcomes.at(static_cast<std::size_t>(outcome));
  }
  counters["active"] = exchange.active();
  return counters;
}

}  // namespace

std::string to_json(const Status& status) {
  const Json document = {{"schema", "topnet.status/1"},
                         {"server", describe(status.server)},
                         {"connections", describe_all(status.exchange.connections)},
                         {"reports", describe_all(status.tops)},
                         {"counters", count(status.exchange)},
                         {"work",
                          {{"scans", status.work.scans},
                           {"reports_sent", status.exchange.reports_sent},
                           {"tops_received", status.exchange.tops_received},
                           {"accept_errors", status.work.accept_errors},
                           {"thread_errors", status.work.thread_errors},
                           {"open_fds", status.work.open_files},
                           {"threads", status.work.threads}}}};
  return document.dump() + '\n';
}

}  // namespace topnet::web
