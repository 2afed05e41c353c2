// The JSON form of a report: schema topnet.report/1.

#include <nlohmann/json.hpp>

#include "proc/report.h"

namespace topnet::proc {
namespace {

using Json = nlohmann::ordered_json;

template <typename Value>
Json or_null(const std::optional<Value>& value) {
  return value ? Json(*value) : Json(nullptr);
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
      {"cpus", or_null(report.host.cpus)},
      {"window", {{"kind", "since_start"}, {"seconds", nullptr}}},
      {"processes_seen", report.processes_seen},
      {"processes", std::move(processes)},
  };
  return document.dump() + '\n';
}

}  // namespace topnet::proc
