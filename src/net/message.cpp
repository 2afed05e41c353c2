#include "net/message.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "net/trust_entry.h"
#include "proc/escape.h"
#include "proc/words.h"

namespace topnet::net {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kMaxDepth = 8;
constexpr std::size_t kMaxNameSize = 256;  // 64 bytes, each escaped
constexpr std::size_t kMaxTextSize = 1024;
constexpr std::uint64_t kMaxTicks = std::uint64_t{1} << 62U;

constexpr proc::Words<RefusalCode, 7> kCodes{{{"not_enrolled", RefusalCode::NotEnrolled},
                                              {"busy", RefusalCode::Busy},
                                              {"shutting_down", RefusalCode::ShuttingDown},
                                              {"timeout", RefusalCode::Timeout},
                                              {"protocol", RefusalCode::Protocol},
                                              {"internal", RefusalCode::Internal},
                                              {"join_refused", RefusalCode::JoinRefused}}};

// Reads the fields of one object, each checked against its range.
class Fields {
 public:
  explicit Fields(std::string_view payload) {
    bool is_too_deep = false;
    const auto watch_depth = [&](int depth, Json::parse_event_t event, Json&) {
      const bool is_start =
          event == Json::parse_event_t::object_start || event == Json::parse_event_t::array_start;
      // The outermost one starts at depth 0.
      is_too_deep = is_too_deep || (is_start && depth >= kMaxDepth);
      return !is_too_deep;
    };
    object_ = Json::parse(payload, watch_depth, false);
    if (is_too_deep || !object_.is_object()) throw ProtocolError("a message is no JSON object");
  }

  std::uint64_t number(const char* name, std::uint64_t least, std::uint64_t most) const {
    const Json& field = at(name);
    if (!field.is_number_unsigned()) refuse(name);
    const auto value = field.get<std::uint64_t>();
    if (value < least || value > most) refuse(name);
    return value;
  }

  std::chrono::milliseconds seconds(const char* name, std::chrono::milliseconds least,
                                    std::chrono::seconds most) const {
    return seconds(at(name), name, least, most);
  }

  // nullopt for null.
  std::optional<std::chrono::milliseconds> delay(const char* name) const {
    if (at(name).is_null()) return std::nullopt;
    return seconds(name, kMinDelay, kMaxDelay);
  }

  // nullopt for since each process started.
  std::optional<std::chrono::milliseconds> window(const char* name) const {
    const Json& field = at(name);
    const auto kind = field.find("kind");
    const auto length = field.find("seconds");
    if (kind == field.end() || length == field.end()) refuse(name);
    if (*kind == "since_start" && length->is_null()) return std::nullopt;
    if (*kind != "interval") refuse(name);
    return seconds(*length, name, kMinDelay, kMaxDelay);
  }

  std::string escaped(const char* name, std::size_t most) const {
    std::string value = text(name);
    if (value.size() > most || !proc::is_escaped(value)) refuse(name);
    return value;
  }

  std::string hex(const char* name, std::size_t digits) const {
    std::string value = text(name);
    if (value.size() != digits ||
        value.find_first_not_of("0123456789abcdef") != std::string::npos) {
      refuse(name);
    }
    return value;
  }

  template <typename Value, std::size_t Size>
  Value word(const char* name, const proc::Words<Value, Size>& words) const {
    const auto value = proc::meaning_of(text(name), words);
    if (!value) refuse(name);
    return *value;
  }

  std::string text(const char* name) const {
    const Json& field = at(name);
    if (!field.is_string()) refuse(name);
    return field.get<std::string>();
  }

  Pin pin(const char* name) const {
    const auto value = parse_pin(text(name));
    if (!value) refuse(name);
    return *value;
  }

  // nullopt where the field is missing or null.
  std::optional<Pin> optional_pin(const char* name) const {
    const auto found = object_.find(name);
    if (found == object_.end() || found->is_null()) return std::nullopt;
    return pin(name);
  }

  bool is_null(const char* name) const { return at(name).is_null(); }

 private:
  static std::chrono::milliseconds seconds(const Json& field, const char* name,
                                           std::chrono::milliseconds least,
                                           std::chrono::seconds most) {
    if (!field.is_number()) refuse(name);
    const auto value = field.get<double>();
    if (!(value >= std::chrono::duration<double>(least).count() &&
          value <= static_cast<double>(most.count()))) {
      refuse(name);
    }
    return std::chrono::milliseconds(std::llround(value * 1000));
  }

  [[noreturn]] static void refuse(const char* name) {
    throw ProtocolError(fmt::format("a message's field {} is missing or out of range", name));
  }

  const Json& at(const char* name) const {
    const auto found = object_.find(name);
    if (found == object_.end()) refuse(name);
    return *found;
  }

  Json object_;
};

double in_seconds(std::chrono::milliseconds time) {
  return static_cast<double>(time.count()) / 1000;
}

Json describe(const std::optional<std::chrono::milliseconds>& window) {
  if (!window) return {{"kind", "since_start"}, {"seconds", nullptr}};
  return {{"kind", "interval"}, {"seconds", in_seconds(*window)}};
}

}  // namespace

std::string to_json(const ReportRequest& message) {
  return Json{{"top", message.count},
              {"sort", proc::word_for(message.key, proc::kSortKeys)},
              {"format", proc::word_for(message.format, proc::kFormats)},
              {"delay", message.delay ? Json(in_seconds(*message.delay)) : Json(nullptr)},
              {"hold", in_seconds(message.hold)}}
      .dump();
}

std::string to_json(const ReportEnd& message) {
  Json json{{"length", message.length}, {"sha256", message.sha256}};
  if (message.next_pin) json["next_pin"] = *message.next_pin;
  return json.dump();
}

std::string to_json(const Top& message) {
  Json json{{"id", message.id},
            {"host", message.host ? Json(*message.host) : Json(nullptr)},
            {"pid", message.pid},
            {"name", message.name},
            {"window", describe(message.window)},
            {"clock_ticks_per_second", message.clock_ticks_per_second},
            {"user_ticks", message.user_ticks},
            {"system_ticks", message.system_ticks}};
  if (message.learned_pin) json["learned_pin"] = *message.learned_pin;
  return json.dump();
}

std::string to_json(const Ack& message) { return Json{{"id", message.id}}.dump(); }

std::string to_json(const Refusal& message) {
  return Json{{"code", proc::word_for(message.code, kCodes)}, {"message", message.text}}.dump();
}

std::string to_json(const JoinRequest& message) {
  return Json{{"secret", message.secret}, {"server", message.server}}.dump();
}

std::string to_json(const Joined& message) { return Json{{"name", message.name}}.dump(); }

ReportRequest parse_request(std::string_view payload) {
  const Fields fields(payload);
  return {.count = fields.number("top", 1, kMaxProcesses),
          .key = fields.word("sort", proc::kSortKeys),
          .format = fields.word("format", proc::kFormats),
          .delay = fields.delay("delay"),
          .hold = fields.seconds("hold", std::chrono::milliseconds(0), kMaxHold)};
}

ReportEnd parse_end(std::string_view payload) {
  const Fields fields(payload);
  return {.length = fields.number("length", 0, std::numeric_limits<std::int64_t>::max()),
          .sha256 = fields.hex("sha256", 64),
          .next_pin = fields.optional_pin("next_pin")};
}

Top parse_top(std::string_view payload) {
  const Fields fields(payload);
  Top top{.id = fields.hex("id", 32),
          .host = {},
          .pid = static_cast<pid_t>(fields.number("pid", 1, std::numeric_limits<pid_t>::max())),
          .name = fields.escaped("name", kMaxNameSize),
          .window = fields.window("window"),
          .user_ticks = fields.number("user_ticks", 0, kMaxTicks),
          .system_ticks = fields.number("system_ticks", 0, kMaxTicks),
          .clock_ticks_per_second =
              static_cast<std::uint32_t>(fields.number("clock_ticks_per_second", 1, 1000000))};
  top.learned_pin = fields.optional_pin("learned_pin");
  if (!fields.is_null("host")) top.host = fields.escaped("host", kMaxNameSize);
  return top;
}

Ack parse_ack(std::string_view payload) { return {.id = Fields(payload).hex("id", 32)}; }

Refusal parse_refusal(std::string_view payload) {
  const Fields fields(payload);
  return {.code = proc::meaning_of(fields.text("code"), kCodes).value_or(RefusalCode::Internal),
          .text = fields.escaped("message", kMaxTextSize)};
}

JoinRequest parse_join(std::string_view payload) {
  const Fields fields(payload);
  return {.secret = fields.hex("secret", 32), .server = fields.pin("server")};
}

Joined parse_joined(std::string_view payload) {
  std::string name = Fields(payload).text("name");
  if (!is_client_name(name)) throw ProtocolError("a message's field name is out of range");
  return {.name = std::move(name)};
}

}  // namespace topnet::net
