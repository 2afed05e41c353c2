#include "net/message.h"

#include <limits>

#include "support/catch.h"

using namespace topnet::net;
namespace proc = topnet::proc;

namespace {

const std::string kId = "00112233445566778899aabbccddeeff";
const std::string kRequest = R"({"top":3,"sort":"user","format":"csv","delay":null,"hold":1.5})";
const std::string kTop =
    R"({"id":"00112233445566778899aabbccddeeff","host":"db1","pid":4121,"name":"a b",)"
    R"("window":{"kind":"since_start","seconds":null},"clock_ticks_per_second":100,)"
    R"("user_ticks":812,"system_ticks":31})";

std::string replaced(std::string text, const std::string& old, const std::string& with) {
  const auto at = text.find(old);
  REQUIRE(at != std::string::npos);
  return text.replace(at, old.size(), with);
}

}  // namespace

TEST_CASE("each message has the documented form and is read back") {
  const ReportRequest request{.count = 3,
                              .key = proc::SortKey::User,
                              .format = proc::Format::Csv,
                              .hold = std::chrono::milliseconds(1500)};
  CHECK(to_json(request) == kRequest);
  CHECK(parse_request(kRequest) == request);

  const Top top{.id = kId,
                .host = "db1",
                .pid = 4121,
                .name = "a b",
                .user_ticks = 812,
                .system_ticks = 31,
                .clock_ticks_per_second = 100};
  CHECK(to_json(top) == kTop);
  CHECK(parse_top(kTop) == top);

  const ReportEnd end{.length = 17, .sha256 = std::string(64, 'a')};
  CHECK(to_json(end) == "{\"length\":17,\"sha256\":\"" + std::string(64, 'a') + "\"}");
  CHECK(parse_end(to_json(end)) == end);

  CHECK(to_json(Ack{.id = kId}) == "{\"id\":\"" + kId + "\"}");
  CHECK(parse_ack(to_json(Ack{.id = kId})) == Ack{.id = kId});

  const Refusal refusal{.code = RefusalCode::NotEnrolled, .text = "who are you?"};
  CHECK(to_json(refusal) == R"({"code":"not_enrolled","message":"who are you?"})");
  CHECK(parse_refusal(to_json(refusal)) == refusal);
}

TEST_CASE("fields that are not known are skipped") {
  CHECK(parse_request(replaced(kRequest, "{", R"({"colour":{"r":[1,2]},)")) ==
        parse_request(kRequest));
  CHECK(parse_top(replaced(kTop, "{", R"({"threads":7,)")) == parse_top(kTop));
}

TEST_CASE("a refusal whose code is not known still says its text") {
  CHECK(parse_refusal(R"({"code":"tired","message":"later"})") ==
        Refusal{.code = RefusalCode::Internal, .text = "later"});
}

TEST_CASE("a request that is incomplete or out of range is refused") {
  const std::vector<std::pair<std::string, std::string>> changes{{"3", "0"},
                                                                 {"3", "100001"},
                                                                 {"3", "-1"},
                                                                 {"3", "1.5"},
                                                                 {"3", "\"3\""},
                                                                 {"3", "1e9"},
                                                                 {"3", "null"},
                                                                 {"user", "memory"},
                                                                 {"csv", "xml"},
                                                                 {"1.5", "-1"},
                                                                 {"1.5", "3601"},
                                                                 {"1.5", "null"},
                                                                 {"\"top\"", "\"pot\""},
                                                                 {"\"sort\"", "\"s\""},
                                                                 {"\"hold\"", "\"h\""}};
  for (const auto& [old, with] : changes) {
    CAPTURE(old, with);
    CHECK_THROWS_AS(parse_request(replaced(kRequest, old, with)), ProtocolError);
  }
}

TEST_CASE("a top that is incomplete or out of range is refused") {
  const std::vector<std::pair<std::string, std::string>> changes{{"ddeeff", "ddeef"},
                                                                 {"ddeeff", "ddeefff"},
                                                                 {"ddeeff", "DDEEFF"},
                                                                 {"4121", "0"},
                                                                 {"4121", "2147483648"},
                                                                 {"a b", "a\\u001b"},
                                                                 {"a b", "a\\\\x1B"},
                                                                 {"a b", std::string(257, 'a')},
                                                                 {"\"a b\"", "7"},
                                                                 {"100", "0"},
                                                                 {"812", "-1"},
                                                                 {"812", "4611686018427387905"},
                                                                 {"31", "18446744073709551616"},
                                                                 {"\"db1\"", "[]"},
                                                                 {"db1", "\\u202e"}};
  for (const auto& [old, with] : changes) {
    CAPTURE(old, with);
    CHECK_THROWS_AS(parse_top(replaced(kTop, old, with)), ProtocolError);
  }
  CHECK_FALSE(parse_top(replaced(kTop, "\"db1\"", "null")).host);
  CHECK(parse_top(replaced(kTop, "a b", "")).name.empty());
}

TEST_CASE("what is no JSON object is refused, however deep it is") {
  for (const std::string& payload :
       {std::string(), std::string("[]"), std::string("7"), std::string("{"), std::string("nul"),
        std::string("{\"id\":\"\xff\"}"), std::string(4096, '['), std::string(4096, '\0'),
        "{\"id\":" + std::string(2000, '[') + std::string(2000, ']') + "}"}) {
    CHECK_THROWS_AS(parse_ack(payload), ProtocolError);
  }
}
