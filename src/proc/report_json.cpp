// The JSON form of a report: schema topnet.report/1.

#include <cmath>
#include <nlohmann/json.hpp>

#include "proc/report.h"

namespace topnet::proc {
namespace {

using Json = nlohmann::ordered_json;

template <typename Value>
Json or_null(const std::optional<Value>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json describe(const std::optional<std::chrono::milliseconds>& window) {
  if (!window) return {{"kind", "since_start"}, {"seconds", nullptr}};
  return {{"kind", "interval"}, {"seconds", static_cast<double>(window->count()) / 1000}};
}

// To three decimals.
Json rounded(const std::optional<double>& ratio) {
  return ratio ? Json(std::round(*ratio * 1000) / 1000) : Json(nullptr);
}

Json describe(const std::optional<Accounting>& accounting) {
  if (!accounting) return nullptr;
  Json parents = Json::array();
  for (const EndedChildren& each : accounting->ended_by_parent) {
    parents.push_back({{"pid", each.pid}, {"name", each.name}, {"ticks", each.ticks}});
  }
  return {{"busy_ticks", accounting->busy_ticks},
          {"listed_ticks", accounting->listed_ticks},
          {"other_ticks", accounting->other_ticks},
          {"ended_ticks", or_null(accounting->ended_ticks)},
          {"interrupt_ticks", accounting->interrupt_ticks},
          {"unexplained_ticks", accounting->unexplained_ticks},
          {"explained_ratio", rounded(accounting->explained_ratio())},
          {"ended_by_parent", std::move(parents)}};
}

Json state_of(const Process& process) {
  return process.state == 0 ? Json(nullptr) : Json(std::string(1, process.state));
}

}  // namespace

std::string to_json(const Report& report) {
  Json processes = Json::array();
  for (const Process& process : report.processes) {
    processes.push_back({{"rank", processes.size() + 1},
                         {"pid", process.pid},
                         {"start_time_ticks", process.start_time_ticks},
                         {"name", process.name},
                         {"state", state_of(process)},
                         {"user_ticks", process.user_ticks},
                         {"system_ticks", process.system_ticks},
                         {"cpu_ticks", process.cpu_ticks()}});
  }
  const Json document = {
      {"schema", "topnet.report/1"},
      {"host", or_null(report.host.name)},
      {"boot_id", or_null(report.host.boot_id)},
      {"time", format_time(report.time)},
      {"clock_ticks_per_second", report.clock_ticks_per_second},
      {"cpus", or_null(report.cpus)},
      {"window", describe(report.window)},
      {"processes_seen", report.processes_seen},
      {"processes", std::move(processes)},
      {"accounting", describe(report.accounting)},
      {"visibility", {{"hidden", report.hidden.has_value()}, {"reason", or_null(report.hidden)}}},
  };
  return document.dump() + '\n';
}

}  // namespace topnet::proc
