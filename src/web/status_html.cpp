#include "web/status_html.h"

#include <fmt/format.h>

#include "web/amounts.h"
#include "web/drawings.h"
#include "web/html.h"

namespace topnet::web {
namespace {

using Rows = std::vector<std::vector<Html>>;

// A client that has sent nothing for so long is shown as such.
constexpr std::chrono::minutes kStale{10};

Html or_dash(const std::optional<std::string>& value) { return text(value.value_or("–")); }

Html number(std::uint64_t value) { return {std::to_string(value)}; }

// How long ago, with the moment itself for who points at it.
Html moment(net::WallTime time, net::WallTime now, std::string_view attributes = "") {
  return {fmt::format("<span{} title=\"{}\">{}</span>", attributes, proc::format_time(time),
                      age(now - time))};
}

std::string cpus_of(const proc::Watched* host) {
  const auto cpus = host != nullptr ? host->report.cpus : std::nullopt;
  return cpus ? fmt::format("{} {}", *cpus, *cpus == 1 ? "CPU" : "CPUs") : "all CPUs";
}

std::string window_of(const proc::Watched* host) {
  const auto window = host != nullptr ? host->report.window : std::nullopt;
  if (!window) return "not measured yet";
  return "over " + seconds(*window);
}

// Who had waited for most of the processes that have ended.
std::string ended_by(const std::optional<proc::Accounting>& accounting, double capacity) {
  if (!accounting || accounting->ended_by_parent.empty()) return "";
  std::string out = "ended children of ";
  for (const proc::EndedChildren& each : accounting->ended_by_parent) {
    if (&each != &accounting->ended_by_parent.front()) out += ", ";
    out += fmt::format("{} ({}) {}", escape_html(each.name), each.pid,
                       percent(static_cast<double>(each.ticks), capacity));
  }
  return out;
}

std::string hidden_by(const proc::Watched* host) {
  if (host == nullptr || !host->report.hidden) return "";
  return "not every process can be seen: " + escape_html(*host->report.hidden);
}

std::string cpu(const Status& status) {
  const proc::Watched* const host = status.host.get();
  const auto& accounting = host != nullptr ? host->report.accounting : std::nullopt;
  const double capacity =
      host != nullptr ? static_cast<double>(host->history.back().capacity_ticks) : 0;
  const Split split = split_of(accounting.value_or(proc::Accounting{}));
  std::string legend;
  for (const Part& part : split) {
    legend += fmt::format(
        "<li><svg class=\"key\" viewBox=\"0 0 1 1\" aria-hidden=\"true\"><rect class=\"{}\" "
        "width=\"1\" height=\"1\"/></svg>{} <b>{}</b></li>\n",
        part.name, part.words, percent(static_cast<double>(part.ticks), capacity));
  }
  const double busy = accounting ? static_cast<double>(accounting->busy_ticks) : 0;
  return fmt::format(
      "<section id=\"cpu\" aria-labelledby=\"cpu-title\">\n<h2 id=\"cpu-title\">CPU</h2>\n"
      "<p><strong id=\"busy\">{}</strong> of {} busy, {}</p>\n{}\n<ul id=\"legend\">\n{}</ul>\n<p "
      "id=\"ended\" "
      "class=\"quiet\">{}</p>\n<p id=\"hidden\" class=\"quiet\">{}</p>\n</section>\n",
      percent(busy, capacity), cpus_of(host), window_of(host), split_bar(split, capacity).markup,
      legend, ended_by(accounting, capacity), hidden_by(host));
}

std::string busiest(const Status& status) {
  Rows rows;
  if (status.host) {
    const proc::Report& report = status.host->report;
    const auto capacity = static_cast<double>(status.host->history.back().capacity_ticks);
    const double one_cpu = capacity / report.cpus.value_or(1);
    for (const proc::Process& process : report.processes) {
      const auto ticks = static_cast<double>(process.cpu_ticks());
      rows.push_back({text(process.name), number(static_cast<std::uint64_t>(process.pid)),
                      text(percent(static_cast<double>(process.user_ticks), one_cpu)),
                      text(percent(static_cast<double>(process.system_ticks), one_cpu)),
                      text(percent(ticks, one_cpu)), bar(ticks, capacity)});
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
                       .nothing = "Not measured yet."});
}

std::string history(const Status& status) {
  const std::vector<proc::Stretch> none;
  return fmt::format(
      "<section id=\"history\" aria-labelledby=\"chart-title\">\n"
      "<h2 id=\"chart-title\">Busy CPU, the last 10 minutes</h2>\n"
      "<div class=\"chart\">\n{}\n<span class=\"top\">100 %</span><span class=\"left\">10 min "
      "ago</span><span class=\"right\">now</span>\n</div>\n"
      "<p class=\"quiet\">Watching takes {} of one CPU.</p>\n</section>\n",
      history_chart(status.host ? status.host->history : none, status.time).markup,
      status.host ? fine_percent(status.host->cost) : "–");
}

// What a top says, in percent of a CPU over its window, or as time since its process started.
std::string amount(const net::Top& top) {
  const std::uint64_t ticks = top.user_ticks + top.system_ticks;
  if (!top.window) return cpu_time(ticks, top.clock_ticks_per_second);
  return percent(static_cast<double>(ticks),
                 std::chrono::duration<double>(*top.window).count() * top.clock_ticks_per_second);
}

// The tops before the latest one, in one cell.
Html earlier(const net::ClientTops& tops, net::WallTime now) {
  std::string out;
  for (std::size_t i = 1; i < tops.size(); ++i) {
    out += fmt::format("{}{} {}", i == 1 ? "" : ", ", escape_html(tops[i].top.name),
                       moment(tops[i].time, now).markup);
  }
  return {out};
}

std::string clients(const Status& status) {
  Rows rows;
  for (const net::ClientTops& tops : status.clients) {
    const net::ReceivedTop& latest = tops.front();
    const bool is_stale = status.time - latest.time > kStale;
    rows.push_back({or_dash(latest.client), or_dash(latest.top.host), text(latest.top.name),
                    number(static_cast<std::uint64_t>(latest.top.pid)), text(amount(latest.top)),
                    moment(latest.time, status.time, is_stale ? " class=\"stale\"" : ""),
                    earlier(tops, status.time)});
  }
  return to_html(Table{.name = "clients",
                       .caption = "Clients, and their busiest processes",
                       .columns = {{"Client"},
                                   {"Host"},
                                   {"Process"},
                                   {"PID", true},
                                   {"CPU", true},
                                   {"Heard", true},
                                   {"Before"}},
                       .rows = std::move(rows),
                       .nothing = "No client has reported yet."});
}

std::string connections(const Status& status) {
  Rows rows;
  for (const net::LiveConnection& live : status.exchange.connections) {
    rows.push_back({number(live.id), or_dash(live.client), text(live.peer),
                    text(proc::word_for(live.phase, net::kPhases)), number(live.requests),
                    moment(live.since, status.time)});
  }
  return to_html(Table{
      .name = "connections",
      .caption = "Live connections",
      .columns =
          {{"Id", true}, {"Client"}, {"Peer"}, {"State"}, {"Requests", true}, {"Since", true}},
      .rows = std::move(rows),
      .nothing = "Nobody is connected."});
}

std::string counters(const Status& status) {
  const net::ConnectionsSnapshot& exchange = status.exchange;
  Rows rows{{text("accepted"), number(exchange.accepted)}};
  for (const auto& [word, outcome] : net::kOutcomes) {
    rows.push_back({text(word), number(exchange.outcomes.at(static_cast<std::size_t>(outcome)))});
  }
  rows.push_back({text("active"), number(exchange.active())});
  return to_html(Table{.name = "counters",
                       .caption = "Connections since the start",
                       .columns = {{"Outcome"}, {"Count", true}},
                       .rows = std::move(rows),
                       .nothing = ""});
}

std::string work(const Status& status) {
  return to_html(Table{.name = "work",
                       .caption = "Work",
                       .columns = {{"What"}, {"Count", true}},
                       .rows = {{text("scans"), number(status.work.scans.total())},
                                {text("reports_sent"), number(status.exchange.reports_sent)},
                                {text("tops_received"), number(status.exchange.tops_received)},
                                {text("accept_errors"), number(status.work.accept_errors)},
                                {text("thread_errors"), number(status.work.thread_errors)},
                                {text("open_fds"), number(status.work.open_files)},
                                {text("threads"), number(status.work.threads)}},
                       .nothing = ""});
}

}  // namespace

std::string to_html(const Status& status) {
  const ServerInfo& server = status.server;
  const std::string host = escape_html(server.host.value_or("this machine"));
  // The icon is empty: without one, browsers ask for a file that is not there.
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
      escape_html(server.listen), proc::format_time(status.time), cpu(status), history(status),
      busiest(status), clients(status), connections(status), counters(status), work(status),
      proc::format_time(server.started));
}

}  // namespace topnet::web
