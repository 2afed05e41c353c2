#include "net/clients/last_reports.h"

#include <fmt/format.h>

#include <string_view>

#include "base/string_scan.h"

namespace topnet::net {
namespace {

constexpr const char* kFile = "last-reports";
constexpr std::string_view kTitle = "# Last client reports: NAME TIME ADDRESS\n";

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

void erase_others(LastReportsByClient& reports, const EnrolledSince& enrolled) {
  const base::WallTime now = base::now();
  std::erase_if(reports, [&](const auto& each) {
    const auto found = enrolled.find(each.first);
    if (found == enrolled.end()) return true;
    const base::WallTime since = found->second;
    return each.second.time < since && since <= now;
  });
}

}  // namespace

LastReports::LastReports(base::StateDirectory state)
    : state_(std::move(state)), by_client_(read_last_reports(state_)), saved_(by_client_) {}

void LastReports::record(const ClientReport& report) {
  if (!report.client) return;
  const std::scoped_lock lock(mutex_);
  by_client_[*report.client] = {.time = report.time, .peer = report.peer};
}

LastReportsByClient LastReports::by_client(const EnrolledSince& enrolled) const {
  LastReportsByClient reports;
  {
    const std::scoped_lock lock(mutex_);
    reports = by_client_;
  }
  erase_others(reports, enrolled);
  return reports;
}

void LastReports::save(const EnrolledSince& enrolled) {
  LastReportsByClient reports;
  {
    const std::scoped_lock lock(mutex_);
    erase_others(by_client_, enrolled);
    reports = by_client_;
  }
  if (reports == saved_) return;
  std::string text(kTitle);
  for (const auto& [client, last] : reports) {
    text += fmt::format("{} {} {}\n", client, base::format_time(last.time), last.peer);
  }
  state_.write(kFile, text);
  saved_ = std::move(reports);
}

}  // namespace topnet::net
