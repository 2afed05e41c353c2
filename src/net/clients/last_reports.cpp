#include "net/clients/last_reports.h"

#include <fmt/format.h>

#include <string_view>

#include "base/string_scan.h"
#include "net/trust/trust_entries.h"

namespace topnet::net {
namespace {

constexpr const char* kFile = "last-reports";
constexpr std::string_view kTitle = "# Last client reports: NAME TIME ADDRESS\n";

}  // namespace

LastReportsByClient read_last_reports(const base::StateDirectory& state) {
  const std::string text = state.read(kFile).value_or("");
  LastReportsByClient reports;
  for (std::string_view lines = text; !lines.empty();) {
    std::string_view line = base::take_until(lines, "\n");
    const std::string_view name = base::take_until(line, " ");
    const auto time = base::parse_time(base::take_until(line, " "));
    if (is_client_name(name) && time) {
      reports[std::string(name)] = {.time = *time, .peer = std::string(line)};
    }
  }
  return reports;
}

LastReports::LastReports(base::StateDirectory state)
    : state_(std::move(state)), by_client_(read_last_reports(state_)), saved_(by_client_) {}

void LastReports::record(const ClientReport& report) {
  if (!report.client) return;
  const std::scoped_lock lock(mutex_);
  by_client_[*report.client] = {.time = report.time, .peer = report.peer};
}

LastReportsByClient LastReports::by_client() const {
  const std::scoped_lock lock(mutex_);
  return by_client_;
}

void LastReports::save(const std::set<std::string>& enrolled) {
  LastReportsByClient reports;
  {
    const std::scoped_lock lock(mutex_);
    std::erase_if(by_client_, [&](const auto& each) { return !enrolled.contains(each.first); });
    if (by_client_ == saved_) return;
    reports = by_client_;
  }
  std::string text(kTitle);
  for (const auto& [client, last] : reports) {
    text += fmt::format("{} {} {}\n", client, base::format_time(last.time), last.peer);
  }
  state_.write(kFile, text);
  const std::scoped_lock lock(mutex_);
  saved_ = std::move(reports);
}

}  // namespace topnet::net
