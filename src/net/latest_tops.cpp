#include "net/latest_tops.h"

#include <iterator>

namespace topnet::net {
namespace {

template <typename Entry>
void add_to(std::deque<Entry>& entries, const Entry& entry, std::size_t most) {
  entries.push_front(entry);
  if (entries.size() > most) entries.pop_back();
}

}  // namespace

void LatestTops::add(const ReceivedTop& top, std::uint64_t number) {
  const Entry entry{.number = number, .top = std::make_shared<const ReceivedTop>(top)};
  next_ = number + 1;
  add_to(newest_, entry, kMost);
  const std::string client = client_key(top);
  std::deque<Entry>& tops = by_client_[client];
  if (!tops.empty()) heard_.erase(tops.front().number);
  add_to(tops, entry, kMostOfClient);
  heard_.emplace(number, client);
  if (by_client_.size() <= kMostClients) return;
  const auto longest_ago = std::prev(heard_.end());
  by_client_.erase(longest_ago->second);
  heard_.erase(longest_ago);
}

bool LatestTops::is_kept(const Entry& entry) const {
  return next_ - entry.number <= limits_.most && entry.top->time >= proc::now() - limits_.longest;
}

std::vector<ReceivedTop> LatestTops::newest() const {
  std::vector<ReceivedTop> tops;
  for (const Entry& each : newest_) {
    if (is_kept(each)) tops.push_back(*each.top);
  }
  return tops;
}

std::vector<ClientTops> LatestTops::clients() const {
  std::vector<ClientTops> clients;
  for (const auto& [number, client] : heard_) {
    ClientTops tops;
    for (const Entry& each : by_client_.at(client)) {
      if (is_kept(each)) tops.push_back(*each.top);
    }
    if (!tops.empty()) clients.push_back(std::move(tops));
  }
  return clients;
}

std::map<std::string, proc::WallTime> LatestTops::heard() const {
  std::map<std::string, proc::WallTime> heard;
  for (const auto& [client, entries] : by_client_) {
    const ReceivedTop& last = *entries.front().top;
    if (last.client) heard.emplace(*last.client, last.time);
  }
  return heard;
}

}  // namespace topnet::net
