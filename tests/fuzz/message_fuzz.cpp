// Every accepted message must survive a round trip, fit into a frame, and be safe for a terminal.
// Every other input must be a ProtocolError.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/escape.h"
#include "net/protocol/message.h"
#include "support/require.h"

namespace {

using namespace topnet::base;
using namespace topnet::net;
using topnet::base::is_escaped;
using topnet::test::require;

bool is_hex(const std::string& text, std::size_t digits) {
  return text.size() == digits && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

bool is_window(const std::optional<std::chrono::milliseconds>& length) {
  return !length || (length->count() >= 10 && *length <= std::chrono::hours(1));
}

// Each checks the ranges that the types of an accepted message do not express.
void check(const ReportRequest& request) {
  require(request.count >= 1 && request.count <= 100000);
  require(is_window(request.delay));
  require(request.hold.count() >= 0 && request.hold <= std::chrono::hours(1));
}

bool is_pin_or_none(const std::optional<Pin>& pin) { return !pin || parse_pin(*pin) == pin; }

void check(const ReportEnd& end) {
  require(is_hex(end.sha256, 64) && is_pin_or_none(end.next_pin));
}

void check(const BusiestProcess& busiest) {
  require(is_hex(busiest.id, 32) && busiest.pid >= 1);
  require(is_escaped(busiest.name) && busiest.name.size() <= 256);
  require(!busiest.host || (is_escaped(*busiest.host) && busiest.host->size() <= 256));
  require(is_window(busiest.window));
  require(busiest.clock_ticks_per_second >= 1 && busiest.clock_ticks_per_second <= 1000000);
  // Their sum cannot overflow.
  require(busiest.user_ticks <= 1ULL << 62U && busiest.system_ticks <= 1ULL << 62U);
  require(is_pin_or_none(busiest.learned_pin));
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
  try_as(parse_busiest, payload);
  try_as(parse_ack, payload);
  try_as(parse_refusal, payload);
  try_as(parse_join, payload);
  try_as(parse_joined, payload);
  return 0;
}
