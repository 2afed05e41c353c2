#include "web/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

#include "proc/clock_ticks.h"

namespace topnet::web {
namespace {

struct Label {
  std::string_view name;
  std::string_view value;
};

// Divides: a product with the binary approximation of 1e-9 would be less exact.
double to_seconds(std::chrono::nanoseconds time) { return static_cast<double>(time.count()) / 1e9; }

double to_seconds(base::WallTime time) {
  return static_cast<double>(time.time_since_epoch().count()) / 1e3;
}

double seconds_of_ticks(std::uint64_t ticks) {
  return static_cast<double>(ticks) / proc::clock_ticks_per_second();
}

class Text {
 public:
  void family(std::string_view name, std::string_view type, std::string_view help) {
    fmt::format_to(end(), "# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
  }

  template <typename Number>
  void sample(std::string_view name, Number value, std::initializer_list<Label> labels = {}) {
    text_ += name;
    char separator = '{';
    for (const Label& label : labels) {
      fmt::format_to(end(), "{}{}=\"", separator, label.name);
      write_escaped(label.value);
      text_ += '"';
      separator = ',';
    }
    if (labels.size() > 0) text_ += '}';
    fmt::format_to(end(), " {}\n", value);
  }

  template <typename Number>
  void single(std::string_view name, std::string_view type, std::string_view help, Number value) {
    family(name, type, help);
    sample(name, value);
  }

  // Writes nothing if the value is not known.
  template <typename Number>
  void single(std::string_view name, std::string_view type, std::string_view help,
              const std::optional<Number>& value) {
    if (value) single(name, type, help, *value);
  }

  void histogram(const std::string& name, std::string_view help,
                 const base::HistogramCounts& durations) {
    family(name, "histogram", help);
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < durations.counts.size(); ++i) {
      count += durations.counts.at(i);
      const std::string bound = i < base::kHistogramBounds.size()
                                    ? fmt::format("{}", to_seconds(base::kHistogramBounds.at(i)))
                                    : "+Inf";
      sample(name + "_bucket", count, {{"le", bound}});
    }
    sample(name + "_sum", to_seconds(durations.sum));
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
  text.family("topnet_connection_outcomes_total", "counter", "Ended connections, by outcome.");
  for (const auto& [name, outcome] : net::kOutcomes) {
    text.sample("topnet_connection_outcomes_total",
                exchange.outcomes.at(static_cast<std::size_t>(outcome)), {{"outcome", name}});
  }
  text.single("topnet_reports_sent_total", "counter", "Complete reports sent.",
              exchange.reports_sent);
  text.single("topnet_client_reports_received_total", "counter", "Client reports received.",
              exchange.client_reports_received);
  text.histogram("topnet_handshake_duration_seconds", "Durations of successful TLS handshakes.",
                 exchange.handshakes);
}

void write_scans(Text& text, const ServerStats& stats) {
  text.single("topnet_scans_total", "counter", "Scans of all processes for reports.",
              stats.scans.total());
  text.histogram("topnet_scan_duration_seconds",
                 "Durations of scans; of a window, of reading its two ends.", stats.scans);
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
  text.family("topnet_group_cpu_seconds_total", "counter",
              "CPU time of live processes, by program name.");
  for (const proc::GroupTotal& group : totals.groups) write_group(text, group);
  write_group(text, totals.other);
  counter("topnet_exited_cpu_seconds_total", "CPU time of processes that have exited.",
          totals.exited_ticks);
  if (!totals.has_machine) return;
  counter("topnet_host_cpu_busy_seconds_total", "Busy time of all CPUs.", totals.busy_ticks);
  counter("topnet_interrupt_cpu_seconds_total", "CPU time of interrupts.", totals.interrupt_ticks);
  counter("topnet_unexplained_cpu_seconds_total",
          "Busy time that no process and no interrupt explains.", totals.unexplained_ticks);
  counter("topnet_overexplained_cpu_seconds_total", "CPU time found in excess of the busy time.",
          totals.overexplained_ticks);
}

void write_clients(Text& text, const Status& status) {
  const char* const name = "topnet_client_last_report_timestamp_seconds";
  text.family(name, "gauge",
              "When an enrolled client last sent a report, by the server's clock at that time.");
  for (const auto& [client, time] : status.last_report_times) {
    text.sample(name, to_seconds(time), {{"client", client}});
  }
}

void write_process(Text& text, const Status& status) {
  const proc::SelfStats& self = status.stats.self;
  text.single("process_cpu_seconds_total", "counter", "CPU time of the server's process.",
              to_seconds(self.cpu));
  text.single("process_resident_memory_bytes", "gauge", "Its resident memory.",
              self.resident_bytes);
  text.single("process_virtual_memory_bytes", "gauge", "Its virtual memory.", self.virtual_bytes);
  text.single("process_start_time_seconds", "gauge", "When it started.",
              to_seconds(status.server.started));
  text.single("process_open_fds", "gauge", "Its open file descriptors.", status.stats.open_files);
  text.single("process_max_fds", "gauge", "Its maximum number of open file descriptors.",
              self.max_open_files);
  text.single("process_threads", "gauge", "Its threads.", status.stats.threads);
}

}  // namespace

std::string to_metrics(const Status& status) {
  Text text;
  text.family("topnet_build_info", "gauge", "The version of topnet.");
  text.sample("topnet_build_info", 1, {{"version", status.server.version}});
  write_connections(text, status);
  write_scans(text, status.stats);
  if (status.host) write_cpu(text, status.host->totals);
  write_clients(text, status);
  write_process(text, status);
  return text.take();
}

}  // namespace topnet::web
