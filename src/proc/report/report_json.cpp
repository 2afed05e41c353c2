#include "proc/report/report_json.h"

#include <cmath>

#include "proc/report/report.h"

namespace topnet::proc {
namespace {

// Rounds to three decimals.
std::optional<double> rounded(const std::optional<double>& ratio) {
  return ratio ? std::optional(std::round(*ratio * 1000) / 1000) : std::nullopt;
}

void write(base::JsonWriter& json, const Process& process, std::size_t rank) {
  json.object([&] {
    json.field("rank", rank);
    json.field("pid", process.pid);
    json.field("start_time_ticks", process.start_time_ticks);
    json.field("name", process.name);
    json.name("state");
    if (process.state == 0) {
      json.value(nullptr);
    } else {
      json.value(std::string_view(&process.state, 1));
    }
    json.field("user_ticks", process.user_ticks);
    json.field("system_ticks", process.system_ticks);
    json.field("cpu_ticks", process.cpu_ticks());
  });
}

void write(base::JsonWriter& json, const ExitedChildren& children) {
  json.object([&] {
    json.field("pid", children.pid);
    json.field("name", children.name);
    json.field("ticks", children.ticks);
  });
}

void write(base::JsonWriter& json, const Accounting& accounting) {
  json.object([&] {
    json.field("busy_ticks", accounting.busy_ticks);
    json.field("listed_ticks", accounting.listed_ticks);
    json.field("other_ticks", accounting.other_ticks);
    json.field("exited_ticks", accounting.exited_ticks);
    json.field("interrupt_ticks", accounting.interrupt_ticks);
    json.field("unexplained_ticks", accounting.unexplained_ticks);
    json.field("explained_ratio", rounded(accounting.explained_ratio()));
    json.name("exited_by_parent");
    json.array([&] {
      for (const ExitedChildren& each : accounting.exited_by_parent) write(json, each);
    });
  });
}

}  // namespace

void write_ranking(base::JsonWriter& json, const std::vector<Process>& processes) {
  json.array([&] {
    std::size_t rank = 0;
    for (const Process& process : processes) write(json, process, ++rank);
  });
}

void write_accounting(base::JsonWriter& json, const std::optional<Accounting>& accounting) {
  json.name("accounting");
  if (accounting) {
    write(json, *accounting);
  } else {
    json.value(nullptr);
  }
}

// Schema topnet.report/1.
std::string to_json(const Report& report) {
  base::JsonWriter json;
  json.object([&] {
    json.field("schema", "topnet.report/1");
    json.field("host", report.host.name);
    json.field("boot_id", report.host.boot_id);
    json.field("time", base::format_time(report.time));
    json.field("clock_ticks_per_second", report.clock_ticks_per_second);
    json.field("cpus", report.cpus);
    base::write_window(json, report.window);
    json.field("processes_seen", report.processes_seen);
    json.field("steal_ticks", report.steal_ticks);
    json.field("cpu_limit", report.cpu_limit);
    json.name("processes");
    write_ranking(json, report.processes);
    write_accounting(json, report.accounting);
    json.name("visibility");
    json.object([&] {
      json.field("hidden", report.hidden.has_value());
      json.field("reason", report.hidden);
    });
  });
  return json.take() + '\n';
}

}  // namespace topnet::proc
