#include "net/protocol/message.h"

#include <fmt/format.h>

#include <cmath>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "base/enum_names.h"
#include "base/escape.h"
#include "base/hex.h"
#include "base/json_writer.h"
#include "net/trust/trust_entries.h"

namespace topnet::net {
namespace {

using Json = nlohmann::json;
using std::chrono::milliseconds;

constexpr int kMaxDepth = 8;
constexpr std::size_t kMaxNameSize = 256;  // 64 bytes, each escaped
constexpr std::size_t kMaxTextSize = 1024;
constexpr std::uint64_t kMaxTicks = std::uint64_t{1} << 62U;

constexpr base::EnumNames<RefusalCode, 7> kCodes{{{"not_enrolled", RefusalCode::NotEnrolled},
                                                  {"busy", RefusalCode::Busy},
                                                  {"shutting_down", RefusalCode::ShuttingDown},
                                                  {"timeout", RefusalCode::Timeout},
                                                  {"protocol", RefusalCode::Protocol},
                                                  {"internal", RefusalCode::Internal},
                                                  {"join_refused", RefusalCode::JoinRefused}}};

// Checks each value while it is parsed: topnet-protocol(7), clause M1.
class MessageCheck {
 public:
  bool operator()(int depth, Json::parse_event_t event, const Json& value) {
    using Event = Json::parse_event_t;
    if (event == Event::object_start || event == Event::array_start) {
      if (depth >= kMaxDepth) {
        throw ProtocolError(fmt::format("a message is nested deeper than {}", kMaxDepth));
      }
      names_.emplace_back();
    } else if (event == Event::object_end || event == Event::array_end) {
      names_.pop_back();
    } else if (event == Event::key && !names_.back().insert(value.get<std::string>()).second) {
      throw ProtocolError("a message has two fields of one name");
    }
    return true;
  }

 private:
  std::vector<std::set<std::string>> names_;  // of the fields of each open object
};

Json parse_object(std::string_view payload) {
  // The library stops at a NUL byte without looking at what follows, and skips a byte order mark.
  const bool is_plain =
      payload.find('\0') == std::string_view::npos && !payload.starts_with("\xef\xbb\xbf");
  MessageCheck check;
  Json object = is_plain ? Json::parse(payload, std::ref(check), false) : Json();
  if (!object.is_object()) throw ProtocolError("a message is not a JSON object");
  return object;
}

[[noreturn]] void reject(const char* name) {
  throw ProtocolError(fmt::format("a message's field {} is missing or out of range", name));
}

// Each of the following functions reads the field `name`. It throws ProtocolError if the field is
// missing, of another type or out of range.

const Json& field(const Json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end()) reject(name);
  return *found;
}

bool is_null(const Json& object, const char* name) { return field(object, name).is_null(); }

std::uint64_t integer(const Json& object, const char* name, std::uint64_t least,
                      std::uint64_t most) {
  const Json& value = field(object, name);
  if (!value.is_number_unsigned()) reject(name);
  const auto number = value.get<std::uint64_t>();
  if (number < least || number > most) reject(name);
  return number;
}

milliseconds duration(const Json& object, const char* name, milliseconds least, milliseconds most) {
  const Json& value = field(object, name);
  if (!value.is_number()) reject(name);
  const std::chrono::duration<double> seconds(value.get<double>());
  if (!(seconds >= least && seconds <= most)) reject(name);
  return milliseconds(std::llround(seconds.count() * 1000));
}

std::string text(const Json& object, const char* name) {
  const Json& value = field(object, name);
  if (!value.is_string()) reject(name);
  return value.get<std::string>();
}

std::string escaped(const Json& object, const char* name, std::size_t most) {
  std::string value = text(object, name);
  if (value.size() > most || !base::is_escaped(value)) reject(name);
  return value;
}

std::string hex(const Json& object, const char* name, std::size_t digits) {
  std::string value = text(object, name);
  if (!base::is_hex(value, digits)) reject(name);
  return value;
}

template <typename Value, std::size_t Size>
Value enum_value(const Json& object, const char* name, const base::EnumNames<Value, Size>& names) {
  const auto value = base::parse_enum(text(object, name), names);
  if (!value) reject(name);
  return *value;
}

Pin pin(const Json& object, const char* name) {
  const auto value = parse_pin(text(object, name));
  if (!value) reject(name);
  return *value;
}

// nullopt if the field is missing or null.
std::optional<Pin> optional_pin(const Json& object, const char* name) {
  if (!object.contains(name) || is_null(object, name)) return std::nullopt;
  return pin(object, name);
}

// nullopt for null.
std::optional<milliseconds> parse_delay(const Json& object) {
  if (is_null(object, "delay")) return std::nullopt;
  return duration(object, "delay", kMinDelay, kMaxDelay);
}

// nullopt for a window since the process started.
std::optional<milliseconds> parse_window(const Json& object) {
  const Json& window = field(object, "window");
  if (!window.is_object()) reject("window");
  const std::string kind = text(window, "kind");
  if (kind == "since_start" && is_null(window, "seconds")) return std::nullopt;
  if (kind != "interval") reject("window");
  return duration(window, "seconds", kMinDelay, kMaxDelay);
}

// An object with the fields that `write` writes.
template <typename Write>
std::string object(Write write) {
  base::JsonWriter json;
  json.object([&] { write(json); });
  return json.take();
}

}  // namespace

std::string to_json(const ReportRequest& message) {
  return object([&](base::JsonWriter& json) {
    json.field("top", message.count);
    json.field("sort", base::name_of(message.key, proc::kSortKeys));
    json.field("format", base::name_of(message.format, proc::kFormats));
    json.field("delay", message.delay);
    json.field("hold", message.hold);
  });
}

std::string to_json(const ReportEnd& message) {
  return object([&](base::JsonWriter& json) {
    json.field("length", message.length);
    json.field("sha256", message.sha256);
    if (message.next_pin) json.field("next_pin", *message.next_pin);
  });
}

std::string to_json(const BusiestProcess& message) {
  return object([&](base::JsonWriter& json) {
    json.field("id", message.id);
    json.field("host", message.host);
    json.field("pid", message.pid);
    json.field("name", message.name);
    base::write_window(json, message.window);
    json.field("clock_ticks_per_second", message.clock_ticks_per_second);
    json.field("user_ticks", message.user_ticks);
    json.field("system_ticks", message.system_ticks);
    if (message.learned_pin) json.field("learned_pin", *message.learned_pin);
  });
}

std::string to_json(const Ack& message) {
  return object([&](base::JsonWriter& json) { json.field("id", message.id); });
}

std::string to_json(const Refusal& message) {
  return object([&](base::JsonWriter& json) {
    json.field("code", base::name_of(message.code, kCodes));
    json.field("message", message.text);
  });
}

std::string to_json(const JoinRequest& message) {
  return object([&](base::JsonWriter& json) {
    json.field("secret", message.secret);
    json.field("server", message.server);
  });
}

std::string to_json(const Joined& message) {
  return object([&](base::JsonWriter& json) { json.field("name", message.name); });
}

ReportRequest parse_request(std::string_view payload) {
  const Json object = parse_object(payload);
  return {.count = integer(object, "top", 1, kMaxProcesses),
          .key = enum_value(object, "sort", proc::kSortKeys),
          .format = enum_value(object, "format", proc::kFormats),
          .delay = parse_delay(object),
          .hold = duration(object, "hold", milliseconds(0), kMaxHold)};
}

ReportEnd parse_end(std::string_view payload) {
  const Json object = parse_object(payload);
  return {.length = integer(object, "length", 0, std::numeric_limits<std::int64_t>::max()),
          .sha256 = hex(object, "sha256", 64),
          .next_pin = optional_pin(object, "next_pin")};
}

BusiestProcess parse_busiest(std::string_view payload) {
  const Json object = parse_object(payload);
  BusiestProcess busiest{
      .id = hex(object, "id", 32),
      .host = {},
      .pid = static_cast<pid_t>(integer(object, "pid", 1, std::numeric_limits<pid_t>::max())),
      .name = escaped(object, "name", kMaxNameSize),
      .window = parse_window(object),
      .user_ticks = integer(object, "user_ticks", 0, kMaxTicks),
      .system_ticks = integer(object, "system_ticks", 0, kMaxTicks),
      .clock_ticks_per_second =
          static_cast<std::uint32_t>(integer(object, "clock_ticks_per_second", 1, 1000000)),
      .learned_pin = optional_pin(object, "learned_pin")};
  if (!is_null(object, "host")) busiest.host = escaped(object, "host", kMaxNameSize);
  return busiest;
}

Ack parse_ack(std::string_view payload) { return {.id = hex(parse_object(payload), "id", 32)}; }

Refusal parse_refusal(std::string_view payload) {
  const Json object = parse_object(payload);
  return {.code = base::parse_enum(text(object, "code"), kCodes).value_or(RefusalCode::Internal),
          .text = escaped(object, "message", kMaxTextSize)};
}

JoinRequest parse_join(std::string_view payload) {
  const Json object = parse_object(payload);
  return {.secret = hex(object, "secret", 32), .server = pin(object, "server")};
}

Joined parse_joined(std::string_view payload) {
  std::string name = text(parse_object(payload), "name");
  if (!is_client_name(name)) reject("name");
  return {.name = std::move(name)};
}

}  // namespace topnet::net
