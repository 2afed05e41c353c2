#include "net/message.h"

#include <limits>

#include "net/json_fields.h"
#include "net/trust_entry.h"
#include "proc/json_writer.h"
#include "proc/words.h"

namespace topnet::net {
namespace {

constexpr std::size_t kMaxDepth = 8;
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

JsonFields fields_of(std::string_view payload) { return {payload, kMaxDepth}; }

// nullopt for null.
std::optional<std::chrono::milliseconds> delay_in(const JsonFields& fields) {
  if (fields.is_null("delay")) return std::nullopt;
  return fields.time("delay", kMinDelay, kMaxDelay);
}

// nullopt where the field is missing or null.
std::optional<Pin> optional_pin(const JsonFields& fields, const char* name) {
  if (!fields.has(name) || fields.is_null(name)) return std::nullopt;
  return fields.pin(name);
}

// An object with the fields that `write` writes.
template <typename Write>
std::string object(Write write) {
  proc::JsonWriter json;
  json.object([&] { write(json); });
  return json.take();
}

}  // namespace

std::string to_json(const ReportRequest& message) {
  return object([&](proc::JsonWriter& json) {
    json.field("top", message.count);
    json.field("sort", proc::word_for(message.key, proc::kSortKeys));
    json.field("format", proc::word_for(message.format, proc::kFormats));
    json.field("delay", message.delay);
    json.field("hold", message.hold);
  });
}

std::string to_json(const ReportEnd& message) {
  return object([&](proc::JsonWriter& json) {
    json.field("length", message.length);
    json.field("sha256", message.sha256);
    if (message.next_pin) json.field("next_pin", *message.next_pin);
  });
}

std::string to_json(const Top& message) {
  return object([&](proc::JsonWriter& json) {
    json.field("id", message.id);
    json.field("host", message.host);
    json.field("pid", message.pid);
    json.field("name", message.name);
    proc::write_window(json, message.window);
    json.field("clock_ticks_per_second", message.clock_ticks_per_second);
    json.field("user_ticks", message.user_ticks);
    json.field("system_ticks", message.system_ticks);
    if (message.learned_pin) json.field("learned_pin", *message.learned_pin);
  });
}

std::string to_json(const Ack& message) {
  return object([&](proc::JsonWriter& json) { json.field("id", message.id); });
}

std::string to_json(const Refusal& message) {
  return object([&](proc::JsonWriter& json) {
    json.field("code", proc::word_for(message.code, kCodes));
    json.field("message", message.text);
  });
}

std::string to_json(const JoinRequest& message) {
  return object([&](proc::JsonWriter& json) {
    json.field("secret", message.secret);
    json.field("server", message.server);
  });
}

std::string to_json(const Joined& message) {
  return object([&](proc::JsonWriter& json) { json.field("name", message.name); });
}

ReportRequest parse_request(std::string_view payload) {
  const JsonFields fields = fields_of(payload);
  return {.count = fields.number("top", 1, kMaxProcesses),
          .key = fields.word("sort", proc::kSortKeys),
          .format = fields.word("format", proc::kFormats),
          .delay = delay_in(fields),
          .hold = fields.time("hold", std::chrono::milliseconds(0), kMaxHold)};
}

ReportEnd parse_end(std::string_view payload) {
  const JsonFields fields = fields_of(payload);
  return {.length = fields.number("length", 0, std::numeric_limits<std::int64_t>::max()),
          .sha256 = fields.hex("sha256", 64),
          .next_pin = optional_pin(fields, "next_pin")};
}

Top parse_top(std::string_view payload) {
  const JsonFields fields = fields_of(payload);
  Top top{.id = fields.hex("id", 32),
          .host = {},
          .pid = static_cast<pid_t>(fields.number("pid", 1, std::numeric_limits<pid_t>::max())),
          .name = fields.escaped("name", kMaxNameSize),
          .window = fields.window("window", kMinDelay, kMaxDelay),
          .user_ticks = fields.number("user_ticks", 0, kMaxTicks),
          .system_ticks = fields.number("system_ticks", 0, kMaxTicks),
          .clock_ticks_per_second =
              static_cast<std::uint32_t>(fields.number("clock_ticks_per_second", 1, 1000000))};
  top.learned_pin = optional_pin(fields, "learned_pin");
  if (!fields.is_null("host")) top.host = fields.escaped("host", kMaxNameSize);
  return top;
}

Ack parse_ack(std::string_view payload) { return {.id = fields_of(payload).hex("id", 32)}; }

Refusal parse_refusal(std::string_view payload) {
  const JsonFields fields = fields_of(payload);
  return {.code = proc::meaning_of(fields.text("code"), kCodes).value_or(RefusalCode::Internal),
          .text = fields.escaped("message", kMaxTextSize)};
}

JoinRequest parse_join(std::string_view payload) {
  const JsonFields fields = fields_of(payload);
  return {.secret = fields.hex("secret", 32), .server = fields.pin("server")};
}

Joined parse_joined(std::string_view payload) {
  std::string name = fields_of(payload).text("name");
  if (!is_client_name(name)) JsonFields::refuse("name");
  return {.name = std::move(name)};
}

}  // namespace topnet::net
