#include "net/trust/trust_lists.h"

#include <fmt/format.h>

#include "base/json_writer.h"

namespace topnet::net {
namespace {

// The width of a column with `title` and every `name`.
template <typename Entry, typename Name>
std::size_t width_of(std::string_view title, const std::vector<Entry>& entries, Name name) {
  std::size_t width = title.size();
  for (const Entry& entry : entries) width = std::max(width, name(entry).size());
  return width;
}

template <typename Entry, typename Name, typename SecondPin>
std::string table(std::string_view title, std::string_view second_pin_title,
                  const std::vector<Entry>& entries, Name name, SecondPin second_pin) {
  const std::size_t width = width_of(title, entries, name);
  std::string out =
      fmt::format("{:<{}}  {:<50}  {:<24}  {}\n", title, width, "PIN", "SINCE", second_pin_title);
  for (const Entry& entry : entries) {
    out += fmt::format("{:<{}}  {}  {}  {}\n", name(entry), width, entry.pin,
                       base::format_time(entry.since), second_pin(entry).value_or("-"));
  }
  return out;
}

template <typename Entry, typename Write>
std::string json_list(std::string_view title, const std::vector<Entry>& entries, Write write) {
  base::JsonWriter json;
  json.object([&] {
    json.field("schema", fmt::format("topnet.{}/1", title));
    json.name(title);
    json.array([&] {
      for (const Entry& entry : entries) json.object([&] { write(json, entry); });
    });
  });
  return json.take() + '\n';
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
  return json_list("clients", clients, [](base::JsonWriter& json, const EnrolledClient& client) {
    json.field("name", client.name);
    json.field("pin", client.pin);
    json.field("since", base::format_time(client.since));
    json.field("learned_pin", client.learned);
  });
}

std::string to_json(const std::vector<KnownServer>& servers) {
  return json_list("servers", servers, [](base::JsonWriter& json, const KnownServer& server) {
    json.field("address", server.address);
    json.field("pin", server.pin);
    json.field("since", base::format_time(server.since));
    json.field("next_pin", server.next);
  });
}

}  // namespace topnet::net
