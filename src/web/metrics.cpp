#include "web/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <iterator>
#include <string_view>
#include <utility>

#include "proc/clock_ticks.h"

namespace topnet::web {
namespace {

struct Label {
  std::string_view name;
  std::string_view value;
};

// Divided, since a thousandth is no binary number and a multiple of it would be less exact.
double seconds(std::chrono::nanoseconds time) { return static_cast<double>(time.count()) / 1e9; }

double seconds(net::WallTime time) {
  return static_cast<double>(time.time_since_epoch().count()) / 1e3;
}

double seconds_of_ticks(std::uint64_t ticks) {
  return static_cast<double>(ticks) / proc::clock_ticks_per_second();
}

// Writes the text format.
class Text {
 public:
  void family(std::string_view name, std::string_view type, std::string_view help) {
    fmt::format_to(end(), "# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
  }

  template <typename Number>
  void sample(std::string_view name, Number value, std::initializer_list<Label> labels = {}) {
    text_ += name;
    char before = '{';
    for (const Label& label : labels) {
      fmt::format_to(end(), "{}{}=\"", before, label.name);
      write_escaped(label.value);
      text_ += '"';
      before = ',';
    }
    if (labels.size() > 0) text_ += '}';
    fmt::format_to(end(), " {}\n", value);
  }

  template <typename Number>
  void single(std::string_view name, std::string_view type, std::string_view help, Number value) {
    family(name, type, help);
    sample(name, value);
  }

  void histogram(const std::string& name, std::string_view help,
                 const proc::DurationCounts& durations) {
    family(name, "histogram", help);
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < durations.counts.size(); ++i) {
      count += durations.counts.at(i);
      const std::string bound = i < proc::kDurationBounds.size()
                                    ? fmt::format("{}", seconds(proc::kDurationBounds.at(i)))
                                    : "+Inf";
      sample(name + "_bucket", count, {{"le", bound}});
    }
    sample(name + "_sum", seconds(durations.sum));
    sample(name + "_count", count);
  }

  std::string take() { return std::move(text_); }

 private:
  std::back_insert_iterator<std::string> end() { return std::back_inserter(text_); }

  void write_escaped(std::string_view value) {
    for (const char c : value) {
      if (c == '\n') {
        text_ += "\\n";
        continue;
      }
      if (c == '\\' || c == '"') text_ += '\\';
      text_ += c;
    }
  }

  std::string text_;
};

void write_connections(Text& text, const Status& status) {
  const net::ConnectionsSnapshot& exchange = status.exchange;
  text.single("topnet_connections", "gauge", "Live connections of the protocol.",
              exchange.active());
  text.single("topnet_connections_accepted_total", "counter", "Connections accepted.",
              exchange.accepted);
  text.family("topnet_connection_outcomes_total", "counter", "How connections have ended.");
  for (const auto& [word, outcome] : net::kOutcomes) {
    text.sample("topnet_connection_outcomes_total",
                exchange.outcomes.at(static_cast<std::size_t>(outcome)), {{"outcome", word}});
  }
  text.single("topnet_reports_sent_total", "counter", "Reports sent whole.", exchange.reports_sent);
  text.single("topnet_tops_received_total", "counter", "Busiest processes that clients have sent.",
              exchange.tops_received);
  text.histogram("topnet_handshake_duration_seconds",
                 "How long TLS handshakes took that succeeded.", exchange.handshakes);
}

void write_scans(Text& text, const Work& work) {
  text.single("topnet_scans_total", "counter", "Scans of the processes for reports.",
              work.scans.total());
  text.histogram("topnet_scan_duration_seconds",
                 "How long scans took, of a window reading its two ends.", work.scans);
}

void write_group(Text& text, const proc::GroupTotal& group) {
  const char* const name = "topnet_group_cpu_seconds_total";
  text.sample(name, seconds_of_ticks(group.user_ticks), {{"group", group.name}, {"mode", "user"}});
  text.sample(name, seconds_of_ticks(group.system_ticks),
              {{"group", group.name}, {"mode", "system"}});
}

void write_cpu(Text& text, const proc::CpuTotals& totals) {
  const auto counter = [&](std::string_view name, std::string_view help, std::uint64_t ticks) {
    text.single(name, "counter", help, seconds_of_ticks(ticks));
  };
  counter("topnet_host_cpu_busy_seconds_total", "CPU time that all CPUs were busy.",
          totals.busy_ticks);
  text.family("topnet_group_cpu_seconds_total", "counter",
              "CPU time of living processes, by the name of the program.");
  for (const proc::GroupTotal& group : totals.groups) write_group(text, group);
  write_group(text, totals.other);
  counter("topnet_ended_cpu_seconds_total", "CPU time of processes that have ended.",
          totals.ended_ticks);
  counter("topnet_interrupt_cpu_seconds_total", "CPU time of interrupts.", totals.interrupt_ticks);
  counter("topnet_unexplained_cpu_seconds_total", "Busy CPU time that was found nowhere.",
          totals.unexplained_ticks);
  counter("topnet_overexplained_cpu_seconds_total", "CPU time found beyond what was busy.",
          totals.overexplained_ticks);
}

void write_clients(Text& text, const Status& status) {
  const char* const name = "topnet_client_last_report_timestamp_seconds";
  text.family(name, "gauge", "When an enrolled client has sent its busiest process last.");
  for (const auto& [client, time] : status.heard) {
    text.sample(name, seconds(time), {{"client", client}});
  }
}

void write_process(Text& text, const Status& status) {
  const proc::OwnUsage& own = status.work.own;
  text.single("process_cpu_seconds_total", "counter", "CPU time of this server.", seconds(own.cpu));
  text.single("process_resident_memory_bytes", "gauge", "Memory of this server that is resident.",
              own.resident_bytes);
  text.single("process_virtual_memory_bytes", "gauge", "Its address space.", own.virtual_bytes);
  text.single("process_start_time_seconds", "gauge", "When it started.",
              seconds(status.server.started));
  text.single("process_open_fds", "gauge", "Its open descriptors.", status.work.open_files);
  text.single("process_max_fds", "gauge", "How many it may have open.", own.most_open_files);
  text.single("process_threads", "gauge", "Its threads.", status.work.threads);
}

}  // namespace

std::string to_metrics(const Status& status) {
  Text text;
  text.family("topnet_build_info", "gauge", "The version of topnet.");
  text.sample("topnet_build_info", 1, {{"version", status.server.version}});
  write_connections(text, status);
  write_scans(text, status.work);
  if (status.host) write_cpu(text, status.host->totals);
  write_clients(text, status);
  write_process(text, status);
  return text.take();
}

}  // namespace topnet::web
