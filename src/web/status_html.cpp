#include "web/status_html.h"

#include <fmt/format.h>

#include <algorithm>

#include "web/charts.h"
#include "web/html.h"
#include "web/units.h"

namespace topnet::web {
namespace {

using Rows = std::vector<std::vector<Html>>;

constexpr const char* kUnknownTime = "The kernel's figures of CPU time are not known.";

// A client is stale if its last report is older.
constexpr std::chrono::minutes kStaleAfter{10};

Html or_dash(const std::optional<std::string>& value) { return text(value.value_or("–")); }

Html number(std::uint64_t value) { return {std::to_string(value)}; }

Html number(const std::optional<std::uint64_t>& value) {
  return value ? number(*value) : text("–");
}

// The age of `time`, with the exact time as a tooltip.
Html age_of(base::WallTime time, base::WallTime now, std::string_view attributes = "") {
  return {fmt::format("<span{} title=\"{}\">{}</span>", attributes, base::format_time(time),
                      age(now - time))};
}

std::string cpus_of(const proc::MonitorSnapshot* host) {
  const auto cpus = host != nullptr ? host->report.cpus : std::nullopt;
  return cpus ? fmt::format("{} {}", *cpus, *cpus == 1 ? "CPU" : "CPUs") : "all CPUs";
}

std::string window_of(const proc::MonitorSnapshot* host) {
  const auto window = host != nullptr ? host->report.window : std::nullopt;
  if (!window) return "not measured yet";
  return "over " + seconds(*window);
}

std::string exited_children(const std::optional<proc::Accounting>& accounting, double capacity) {
  if (!accounting || accounting->exited_by_parent.empty()) return "";
  std::string out = "exited children of ";
  for (const proc::ExitedChildren& children : accounting->exited_by_parent) {
    if (&children != &accounting->exited_by_parent.front()) out += ", ";
    out += fmt::format("{} ({}) {}", escape_html(children.name), children.pid,
                       percent(static_cast<double>(children.ticks), capacity));
  }
  return out;
}

std::string visibility_of(const proc::MonitorSnapshot* host) {
  if (host == nullptr || !host->report.hidden) return "";
  return "not every process can be seen: " + escape_html(*host->report.hidden);
}

// Of all CPUs in the last window; 0 if not known.
double capacity_of(const proc::MonitorSnapshot* host) {
  return host != nullptr ? static_cast<double>(host->history.back().capacity_ticks.value_or(0)) : 0;
}

std::string cpu_section(const Status& status) {
  const proc::MonitorSnapshot* const host = status.host.get();
  const auto& accounting = host != nullptr ? host->report.accounting : std::nullopt;
  const double capacity = accounting ? capacity_of(host) : 0;
  const Split split = split_of(accounting.value_or(proc::Accounting{}));
  std::string legend;
  for (const Part& part : split) {
    legend += fmt::format(
        "<li><svg class=\"key\" viewBox=\"0 0 1 1\" aria-hidden=\"true\"><rect class=\"{}\" "
        "width=\"1\" height=\"1\"/></svg>{} <b>{}</b></li>\n",
        part.css_class, part.label, percent(static_cast<double>(part.ticks), capacity));
  }
  const double busy = accounting ? static_cast<double>(accounting->busy_ticks) : 0;
  return fmt::format(
      "<section id=\"cpu\" aria-labelledby=\"cpu-title\">\n<h2 id=\"cpu-title\">CPU</h2>\n"
      "<p><strong id=\"busy\">{}</strong> of {} busy, {}</p>\n{}\n<ul id=\"legend\">\n{}</ul>\n<p "
      "id=\"exited\" "
      "class=\"quiet\">{}</p>\n<p id=\"hidden\" class=\"quiet\">{}</p>\n</section>\n",
      percent(busy, capacity), cpus_of(host), window_of(host),
      capacity > 0 ? split_bar(split, capacity).markup : "", legend,
      host != nullptr && !accounting ? kUnknownTime : exited_children(accounting, capacity),
      visibility_of(host));
}

std::string busiest_table(const Status& status) {
  Rows rows;
  if (status.host) {
    const proc::Report& report = status.host->report;
    const double capacity = capacity_of(status.host.get());
    const double one_cpu =
        report.clock_ticks_per_second *
        std::chrono::duration<double>(status.host->history.back().length).count();
    for (const proc::Process& process : report.processes) {
      const auto ticks = static_cast<double>(process.cpu_ticks());
      rows.push_back({text(process.name), number(static_cast<std::uint64_t>(process.pid)),
                      text(percent(static_cast<double>(process.user_ticks), one_cpu)),
                      text(percent(static_cast<double>(process.system_ticks), one_cpu)),
                      text(percent(ticks, one_cpu)),
                      capacity > 0 ? bar(ticks, capacity) : text("–")});
    }
  }
  return to_html(Table{.name = "busiest",
                       .caption = "Busiest processes, in percent of one CPU",
                       .columns = {{"Process"},
                                   {"PID", true},
                                   {"User", true},
                                   {"System", true},
                                   {"CPU", true},
                                   {"All CPUs"}},
                       .rows = std::move(rows),
                       .empty_text = "Not measured yet."});
}

std::string history_section(const Status& status) {
  const std::vector<proc::WindowStats> none;
  const auto& history = status.host ? status.host->history : none;
  return fmt::format(
      "<section id=\"history\" aria-labelledby=\"chart-title\">\n"
      "<h2 id=\"chart-title\">Busy CPU, the last 10 minutes</h2>\n"
      "<div class=\"chart\">\n{}\n<span class=\"top\">100 %</span><span class=\"left\">10 min "
      "ago</span><span class=\"right\">now</span>\n</div>\n"
      "<p class=\"quiet\">Monitoring uses {} of one CPU.{}</p>\n</section>\n",
      history_chart(history, status.time).markup,
      status.host ? fine_percent(status.host->monitor_cost) : "–",
      std::all_of(history.begin(), history.end(), is_known) ? "" : " Grey: not known.");
}

// In percent of one CPU over the window, or the CPU time since the process started.
std::string cpu_of(const net::BusiestProcess& process) {
  const std::uint64_t ticks = process.user_ticks + process.system_ticks;
  if (!process.window) return cpu_time(ticks, process.clock_ticks_per_second);
  return percent(
      static_cast<double>(ticks),
      std::chrono::duration<double>(*process.window).count() * process.clock_ticks_per_second);
}

// The reports before the latest one, in one cell.
Html earlier_reports(const net::ClientReports& reports, base::WallTime now) {
  std::string out;
  for (std::size_t i = 1; i < reports.size(); ++i) {
    out += fmt::format("{}{} {}", i == 1 ? "" : ", ", escape_html(reports[i].busiest.name),
                       age_of(reports[i].time, now).markup);
  }
  return {out};
}

std::string clients_table(const Status& status) {
  Rows rows;
  for (const net::ClientReports& reports : status.clients) {
    const net::ClientReport& latest = reports.front();
    const bool is_stale = status.time - latest.time > kStaleAfter;
    rows.push_back({or_dash(latest.client), or_dash(latest.busiest.host), text(latest.busiest.name),
                    number(static_cast<std::uint64_t>(latest.busiest.pid)),
                    text(cpu_of(latest.busiest)),
                    age_of(latest.time, status.time, is_stale ? " class=\"stale\"" : ""),
                    earlier_reports(reports, status.time)});
  }
  return to_html(Table{.name = "clients",
                       .caption = "Client reports: each client's busiest process",
                       .columns = {{"Client"},
                                   {"Host"},
                                   {"Process"},
                                   {"PID", true},
                                   {"CPU", true},
                                   {"Last report", true},
                                   {"Earlier"}},
                       .rows = std::move(rows),
                       .empty_text = "No client has reported yet."});
}

std::string connections_table(const Status& status) {
  Rows rows;
  for (const net::LiveConnection& live : status.exchange.connections) {
    rows.push_back({number(live.id), or_dash(live.client), text(live.peer),
                    text(base::name_of(live.phase, net::kPhases)), number(live.requests),
                    age_of(live.since, status.time)});
  }
  return to_html(Table{
      .name = "connections",
      .caption = "Live connections",
      .columns =
          {{"Id", true}, {"Client"}, {"Peer"}, {"State"}, {"Requests", true}, {"Since", true}},
      .rows = std::move(rows),
      .empty_text = "No client is connected."});
}

std::string counters_table(const Status& status) {
  const net::ConnectionsSnapshot& exchange = status.exchange;
  Rows rows{{text("accepted"), number(exchange.accepted)}};
  for (const auto& [name, outcome] : net::kOutcomes) {
    rows.push_back({text(name), number(exchange.outcomes.at(static_cast<std::size_t>(outcome)))});
  }
  rows.push_back({text("active"), number(exchange.active())});
  return to_html(Table{.name = "counters",
                       .caption = "Connections since the server started",
                       .columns = {{"Outcome"}, {"Count", true}},
                       .rows = std::move(rows),
                       .empty_text = ""});
}

std::string stats_table(const Status& status) {
  return to_html(Table{
      .name = "work",
      .caption = "Server statistics",
      .columns = {{"Name"}, {"Count", true}},
      .rows = {{text("scans"), number(status.stats.scans.total())},
               {text("reports_sent"), number(status.exchange.reports_sent)},
               {text("client_reports_received"), number(status.exchange.client_reports_received)},
               {text("accept_errors"), number(status.stats.accept_errors)},
               {text("thread_errors"), number(status.stats.thread_errors)},
               {text("open_fds"), number(status.stats.open_files)},
               {text("threads"), number(status.stats.threads)}},
      .empty_text = ""});
}

}  // namespace

std::string to_html(const Status& status) {
  const ServerInfo& server = status.server;
  const std::string host = escape_html(server.host.value_or("this machine"));
  // Without the empty icon, browsers request /favicon.ico.
  return fmt::format(
      R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="topnet {1}">
<title>{0} – topnet</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="page.css">
<script src="page.js" type="module"></script>
</head>
<body>
<main>
<header>
<h1>{0}</h1>
<p>as of <time id="time" datetime="{5}">{5}</time><span id="age"></span> <span id="problem" role="status"></span></p>
</header>
<div class="beside">
{6}{7}</div>
{8}{9}{10}<div class="beside">
{11}{12}</div>
<footer>
<p>topnet {1}, process {2}, serves {3} on {4} since {13}. <a href="status.json">JSON</a></p>
</footer>
</main>
</body>
</html>
)",
      host, escape_html(server.version), server.pid, server.uses_tls ? "TLS" : "plaintext",
      escape_html(fmt::format("{}", fmt::join(server.listen, ", "))),
      base::format_time(status.time), cpu_section(status), history_section(status),
      busiest_table(status), clients_table(status), connections_table(status),
      counters_table(status), stats_table(status), base::format_time(server.started));
}

}  // namespace topnet::web
