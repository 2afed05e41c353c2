#include "web/status_html.h"

#include <fmt/format.h>

#include "proc/report.h"
#include "web/html.h"

namespace topnet::web {
namespace {

using Rows = std::vector<std::vector<std::string>>;

std::string or_dash(const std::optional<std::string>& text) { return text.value_or("–"); }

std::string connections(const net::ConnectionsSnapshot& exchange) {
  Rows rows;
  for (const net::LiveConnection& live : exchange.connections) {
    rows.push_back({std::to_string(live.id), or_dash(live.client), live.peer,
                    std::string(proc::word_for(live.phase, net::kPhases)),
                    std::to_string(live.requests), proc::format_time(live.since)});
  }
  return table("Live connections",
               {{"Id", true}, {"Client"}, {"Peer"}, {"State"}, {"Requests", true}, {"Since"}}, rows,
               "Nobody is connected.");
}

std::string tops(const std::vector<net::ReceivedTop>& received_tops) {
  Rows rows;
  for (const net::ReceivedTop& received : received_tops) {
    const net::Top& top = received.top;
    rows.push_back({or_dash(received.client), or_dash(top.host), top.name, std::to_string(top.pid),
                    std::to_string(top.user_ticks), std::to_string(top.system_ticks),
                    std::to_string(top.user_ticks + top.system_ticks),
                    proc::format_time(received.time)});
  }
  return table("What the clients' busiest processes are, in clock ticks",
               {{"Client"},
                {"Host"},
                {"Process"},
                {"PID", true},
                {"User", true},
                {"System", true},
                {"Total", true},
                {"Received"}},
               rows, "No client has reported yet.");
}

std::string counters(const Status& status) {
  const net::ConnectionsSnapshot& exchange = status.exchange;
  Rows rows{{"accepted", std::to_string(exchange.accepted)}};
  for (const auto& [word, outcome] : net::kOutcomes) {
    rows.push_back({std::string(word),
                    std::to_string(exchange.outcomes.at(static_cast<std::size_t>(outcome)))});
  }
  rows.push_back({"active", std::to_string(exchange.active())});
  return table("Connections since the start", {{"Outcome"}, {"Count", true}}, rows, "");
}

std::string work(const Status& status) {
  return table("Work", {{"What"}, {"Count", true}},
               {{"scans", std::to_string(status.work.scans)},
                {"reports sent", std::to_string(status.exchange.reports_sent)},
                {"tops received", std::to_string(status.exchange.tops_received)},
                {"accept errors", std::to_string(status.work.accept_errors)},
                {"thread errors", std::to_string(status.work.thread_errors)},
                {"open files", std::to_string(status.work.open_files)},
                {"threads", std::to_string(status.work.threads)}},
               "");
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
<title>{0} – topnet</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/page.css">
</head>
<body>
<header>
<h1>{0}</h1>
<p>topnet {1}, process {2}, serves {3} on {4} since {5}. <a href="/status.json">JSON</a></p>
</header>
<main>
{6}{7}<div class="beside">
{8}{9}</div>
</main>
</body>
</html>
)",
      host, escape_html(server.version), server.pid, server.uses_tls ? "TLS" : "plaintext",
      escape_html(server.listen), proc::format_time(server.started), connections(status.exchange),
      tops(status.tops), counters(status), work(status));
}

}  // namespace topnet::web
