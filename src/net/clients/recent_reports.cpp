#include "net/clients/recent_reports.h"

#include <iterator>

namespace topnet::net {
namespace {

template <typename Entry>
void push_newest(std::deque<Entry>& entries, const Entry& entry, std::size_t limit) {
  entries.push_front(entry);
  if (entries.size() > limit) entries.pop_back();
}

}  // namespace

void RecentReports::add(const ClientReport& report, std::uint64_t number) {
  const Entry entry{.number = number, .report = std::make_shared<const ClientReport>(report)};
  next_number_ = number + 1;
  push_newest(newest_, entry, kMaxReports);
  const std::string client = client_key(report);
  std::deque<Entry>& reports = by_client_[client];
  if (!reports.empty()) by_last_report_.erase(reports.front().number);
  push_newest(reports, entry, kMaxReportsPerClient);
  by_last_report_.emplace(number, client);
  if (by_client_.size() <= kMaxClients) return;
  const auto longest_ago = std::prev(by_last_report_.end());
  by_client_.erase(longest_ago->second);
  by_last_report_.erase(longest_ago);
}

bool RecentReports::is_within_limits(const Entry& entry) const {
  return next_number_ - entry.number <= limits_.max_count &&
         entry.report->time >= base::now() - limits_.max_age;
}

std::vector<ClientReport> RecentReports::newest() const {
  std::vector<ClientReport> reports;
  for (const Entry& each : newest_) {
    if (is_within_limits(each)) reports.push_back(*each.report);
  }
  return reports;
}

std::vector<ClientReports> RecentReports::clients() const {
  std::vector<ClientReports> clients;
  for (const auto& [number, client] : by_last_report_) {
    ClientReports reports;
    for (const Entry& each : by_client_.at(client)) {
      if (is_within_limits(each)) reports.push_back(*each.report);
    }
    if (!reports.empty()) clients.push_back(std::move(reports));
  }
  return clients;
}

}  // namespace topnet::net
