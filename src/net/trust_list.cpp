#include "net/trust_list.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace topnet::net {
namespace {

using Json = nlohmann::ordered_json;

Json or_null(const std::optional<Pin>& pin) { return pin ? Json(*pin) : Json(nullptr); }

// The width of a column that holds `title` and every `name`.
template <typename Entry, typename Name>
std::size_t width_of(std::string_view title, const std::vector<Entry>& entries, Name name) {
  std::size_t width = title.size();
  for (const Entry& entry : entries) width = std::max(width, name(entry).size());
  return width;
}

template <typename Entry, typename Name, typename Note>
std::string table(std::string_view title, std::string_view note_title,
                  const std::vector<Entry>& entries, Name name, Note note) {
  const std::size_t width = width_of(title, entries, name);
  std::string out =
      fmt::format("{:<{}}  {:<50}  {:<24}  {}\n", title, width, "PIN", "SINCE", note_title);
  for (const Entry& entry : entries) {
    out += fmt::format("{:<{}}  {}  {}  {}\n", name(entry), width, entry.pin,
                       proc::format_time(entry.since), note(entry).value_or("-"));
  }
  return out;
}

}  // namespace

std::string to_table(const std::vector<EnrolledClient>& clients) {
  return table(
      "NAME", "LEARNED", clients, [](const auto& client) -> const auto& { return client.name; },
      [](const auto& client) { return client.learned; });
}

std::string to_table(const std::vector<KnownServer>& servers) {
  return table(
      "SERVER", "NEXT", servers, [](const auto& server) -> const auto& { return server.address; },
      [](const auto& server) { return server.next; });
}

std::string to_json(const std::vector<EnrolledClient>& clients) {
  Json list = Json::array();
  for (const EnrolledClient& client : clients) {
    list.push_back({{"name", client.name},
                    {"pin", client.pin},
                    {"since", proc::format_time(client.since)},
                    {"learned_pin", or_null(client.learned)}});
  }
  return Json{{"schema", "topnet.clients/1"}, {"clients", std::move(list)}}.dump() + '\n';
}

std::string to_json(const std::vector<KnownServer>& servers) {
  Json list = Json::array();
  for (const KnownServer& server : servers) {
    list.push_back({{"address", server.address},
                    {"pin", server.pin},
                    {"since", proc::format_time(server.since)},
                    {"next_pin", or_null(server.next)}});
  }
  return Json{{"schema", "topnet.servers/1"}, {"servers", std::move(list)}}.dump() + '\n';
}

}  // namespace topnet::net
