// Messages and fields that concern keys and enrolment.
#include "net/protocol/message.h"
#include "support/catch.h"
#include "support/pins.h"

using namespace topnet::base;
using namespace topnet::net;
using topnet::test::pin_of;

namespace {

const std::string kInviteSecret = "00112233445566778899aabbccddeeff";
const std::string kPin = pin_of('a');
const std::string kEnd = R"({"length":17,"sha256":")" + std::string(64, 'a') + "\"";

std::string join(const std::string& secret, const std::string& server) {
  return R"({"secret":)" + secret + R"(,"server":)" + server + "}";
}

std::string quoted(const std::string& text) { return '"' + text + '"'; }

}  // namespace

TEST_CASE("Message: M10, M11: JOIN and JOINED have the documented form and survive a round trip",
          "[message]") {
  const JoinRequest request{.secret = kInviteSecret, .server = kPin};
  CHECK(to_json(request) == join(quoted(kInviteSecret), quoted(kPin)));
  CHECK(parse_join(to_json(request)) == request);
  CHECK(to_json(Joined{.name = "db1"}) == R"({"name":"db1"})");
  CHECK(parse_joined(R"({"name":"db1","since":"now"})") == Joined{.name = "db1"});
  const Refusal refusal{.code = RefusalCode::JoinRefused, .text = "unknown invite"};
  CHECK(to_json(refusal) == R"({"code":"join_refused","message":"unknown invite"})");
  CHECK(parse_refusal(to_json(refusal)) == refusal);
}

TEST_CASE("Message: M10: a malformed secret or pin in JOIN is an error", "[message]") {
  for (const std::string& secret :
       {quoted(kInviteSecret + "0"), quoted(kInviteSecret.substr(1)), quoted(std::string(32, 'A')),
        quoted(std::string(32, 'g')), quoted(""), std::string("null"), std::string("7")}) {
    CAPTURE(secret);
    CHECK_THROWS_AS(parse_join(join(secret, quoted(kPin))), ProtocolError);
  }
  for (const std::string& pin : {quoted(kPin.substr(7)), quoted(kPin + "A"), quoted(kPin.substr(1)),
                                 std::string("null"), std::string("[]")}) {
    CAPTURE(pin);
    CHECK_THROWS_AS(parse_join(join(quoted(kInviteSecret), pin)), ProtocolError);
  }
  CHECK_THROWS_AS(parse_join(R"({"secret":")" + kInviteSecret + "\"}"), ProtocolError);
  CHECK_THROWS_AS(parse_join(R"({"server":")" + kPin + "\"}"), ProtocolError);
}

TEST_CASE("Message: M11: an invalid client name in JOINED is an error", "[message]") {
  for (const std::string& name :
       {quoted(""), quoted("a b"), quoted(R"(\u001b[2J)"), quoted(R"(a\u0000)"), quoted("a/b"),
        quoted(std::string(65, 'a')), std::string("null"), std::string("7")}) {
    CAPTURE(name);
    CHECK_THROWS_AS(parse_joined("{\"name\":" + name + "}"), ProtocolError);
  }
  CHECK_THROWS_AS(parse_joined("{}"), ProtocolError);
}

TEST_CASE("Message: M2, M6: END may announce the server's next key", "[message]") {
  CHECK_FALSE(parse_end(kEnd + "}").next_pin);
  CHECK_FALSE(parse_end(kEnd + R"(,"next_pin":null})").next_pin);
  const ReportEnd end = parse_end(kEnd + R"(,"next_pin":")" + kPin + "\"}");
  CHECK(end.next_pin == kPin);
  CHECK(to_json(end) == kEnd + R"(,"next_pin":")" + kPin + "\"}");
  for (const char* const pin : {"\"\"", "\"SHA256:\"", "7", "[]", "false"}) {
    CAPTURE(pin);
    CHECK_THROWS_AS(parse_end(kEnd + R"(,"next_pin":)" + pin + "}"), ProtocolError);
  }
}

TEST_CASE("Message: M2, M7: TOP may name the next key that the client knows", "[message]") {
  BusiestProcess busiest{.id = kInviteSecret, .host = {}, .pid = 1, .name = "init"};
  const std::string without = to_json(busiest);
  CHECK(without.find("learned_pin") == std::string::npos);
  CHECK(parse_busiest(without) == busiest);
  const std::string prefix = without.substr(0, without.size() - 1);
  CHECK(parse_busiest(prefix + R"(,"learned_pin":null})") == busiest);
  busiest.learned_pin = kPin;
  CHECK(to_json(busiest) == prefix + R"(,"learned_pin":")" + kPin + "\"}");
  CHECK(parse_busiest(to_json(busiest)) == busiest);
  for (const char* const pin : {"\"\"", "\"SHA256:\"", "7", "[]", "false"}) {
    CAPTURE(pin);
    CHECK_THROWS_AS(parse_busiest(prefix + R"(,"learned_pin":)" + pin + "}"), ProtocolError);
  }
}
