// Every message that is accepted can be written again, means the same when it is read back, fits
// into a frame, and is safe to show. Nothing but a ProtocolError comes of one that is not.

#include <cstdint>
#include <string>
#include <string_view>

#include "net/message.h"
#include "proc/escape.h"
#include "support/require.h"

namespace {

using namespace topnet::net;
using topnet::proc::is_escaped;
using topnet::test::require;

bool is_hex(const std::string& text, std::size_t digits) {
  return text.size() == digits && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

bool is_window(const std::optional<std::chrono::milliseconds>& length) {
  return !length || (length->count() >= 10 && *length <= std::chrono::hours(1));
}

// What the types do not say of a message that was accepted.
void check(const ReportRequest& request) {
  require(request.count >= 1 && request.count <= 100000);
  require(is_window(request.delay));
  require(request.hold.count() >= 0 && request.hold <= std::chrono::hours(1));
}

bool is_pin_or_none(const std::optional<Pin>& pin) { return !pin || parse_pin(*pin) == pin; }

void check(const ReportEnd& end) {
  require(is_hex(end.sha256, 64) && is_pin_or_none(end.next_pin));
}

void check(const Top& top) {
  require(is_hex(top.id, 32) && top.pid >= 1);
  require(is_escaped(top.name) && top.name.size() <= 256);
  require(!top.host || (is_escaped(*top.host) && top.host->size() <= 256));
  require(is_window(top.window));
  require(top.clock_ticks_per_second >= 1 && top.clock_ticks_per_second <= 1000000);
  // So that their sum cannot overflow.
  require(top.user_ticks <= 1ULL << 62U && top.system_ticks <= 1ULL << 62U);
  require(is_pin_or_none(top.learned_pin));
}

void check(const Ack& ack) { require(is_hex(ack.id, 32)); }

void check(const Refusal& refusal) {
  require(is_escaped(refusal.text) && refusal.text.size() <= 1024);
}

void check(const JoinRequest& join) {
  require(is_hex(join.secret, 32) && is_pin_or_none(join.server));
}

void check(const Joined& joined) {
  require(!joined.name.empty() && joined.name.size() <= 64 && is_escaped(joined.name));
}

template <typename Message>
void try_as(Message (*parse)(std::string_view), std::string_view payload) {
  Message message;
  try {
    message = parse(payload);
  } catch (const ProtocolError&) {
    return;
  }
  check(message);
  const std::string json = to_json(message);
  require(json.size() <= kMaxMessageSize);
  require(parse(json) == message);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string payload(data, data + size);
  try_as(parse_request, payload);
  try_as(parse_end, payload);
  try_as(parse_top, payload);
  try_as(parse_ack, payload);
  try_as(parse_refusal, payload);
  try_as(parse_join, payload);
  try_as(parse_joined, payload);
  return 0;
}
