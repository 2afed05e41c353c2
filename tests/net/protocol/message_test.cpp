#include "net/protocol/message.h"

#include <limits>

#include "support/catch.h"

using namespace topnet::base;
using namespace topnet::net;
namespace proc = topnet::proc;

namespace {

const std::string kMessageId = "00112233445566778899aabbccddeeff";
const std::string kRequest = R"({"top":3,"sort":"user","format":"csv","delay":null,"hold":1.5})";
const std::string kBusiestJson =
    R"({"id":"00112233445566778899aabbccddeeff","host":"db1","pid":4121,"name":"a b",)"
    R"("window":{"kind":"since_start","seconds":null},"clock_ticks_per_second":100,)"
    R"("user_ticks":812,"system_ticks":31})";

std::string with_replaced(std::string text, const std::string& old, const std::string& with) {
  const auto at = text.find(old);
  REQUIRE(at != std::string::npos);
  return text.replace(at, old.size(), with);
}

// Checks that `message` is an error with any of the new texts in place of an old one.
template <typename Parse>
void check_errors(
    Parse parse, const std::string& message,
    const std::vector<std::pair<std::string, std::vector<std::string>>>& replacements) {
  for (const auto& [old, texts] : replacements) {
    for (const std::string& text : texts) {
      CAPTURE(old, text);
      CHECK_THROWS_AS(parse(with_replaced(message, old, text)), ProtocolError);
    }
  }
}

}  // namespace

TEST_CASE("Message: M5, M6, M7, M8, M9: each has the documented form and survives a round trip",
          "[message]") {
  const ReportRequest request{.count = 3,
                              .key = proc::SortKey::User,
                              .format = proc::Format::Csv,
                              .hold = std::chrono::milliseconds(1500)};
  CHECK(to_json(request) == kRequest);
  CHECK(parse_request(kRequest) == request);

  const BusiestProcess busiest{.id = kMessageId,
                               .host = "db1",
                               .pid = 4121,
                               .name = "a b",
                               .user_ticks = 812,
                               .system_ticks = 31,
                               .clock_ticks_per_second = 100};
  CHECK(to_json(busiest) == kBusiestJson);
  CHECK(parse_busiest(kBusiestJson) == busiest);

  const ReportEnd end{.length = 17, .sha256 = std::string(64, 'a')};
  CHECK(to_json(end) == "{\"length\":17,\"sha256\":\"" + std::string(64, 'a') + "\"}");
  CHECK(parse_end(to_json(end)) == end);

  CHECK(to_json(Ack{.id = kMessageId}) == "{\"id\":\"" + kMessageId + "\"}");
  CHECK(parse_ack(to_json(Ack{.id = kMessageId})) == Ack{.id = kMessageId});

  const Refusal refusal{.code = RefusalCode::NotEnrolled, .text = "unknown key"};
  CHECK(to_json(refusal) == R"({"code":"not_enrolled","message":"unknown key"})");
  CHECK(parse_refusal(to_json(refusal)) == refusal);
}

TEST_CASE("Message: M5, M7: a delay and a window are null or 0.01 to 3600 seconds", "[message]") {
  for (const auto& [text, milliseconds] : std::vector<std::pair<std::string, int>>{
           {"0.01", 10}, {"0.3", 300}, {"1.0", 1000}, {"3600.0", 3600000}}) {
    CAPTURE(text);
    const std::chrono::milliseconds length(milliseconds);
    const std::string request = with_replaced(kRequest, "null", text);
    CHECK(parse_request(request).delay == length);
    CHECK(to_json(parse_request(request)) == request);
    const std::string busiest = with_replaced(kBusiestJson, R"("since_start","seconds":null)",
                                              R"("interval","seconds":)" + text);
    CHECK(parse_busiest(busiest).window == length);
    CHECK(to_json(parse_busiest(busiest)) == busiest);
  }
  CHECK(parse_request(with_replaced(kRequest, "null", "1")).delay == std::chrono::seconds(1));
  CHECK_FALSE(parse_request(kRequest).delay);
  CHECK_FALSE(parse_busiest(kBusiestJson).window);
}

TEST_CASE("Message: M13: a number has any form of JSON and is rounded after its range is checked",
          "[message]") {
  for (const auto& [text, milliseconds] : std::vector<std::pair<std::string, int>>{{"-0", 0},
                                                                                   {"-0.0", 0},
                                                                                   {"0e9", 0},
                                                                                   {"15E-1", 1500},
                                                                                   {"1.50", 1500},
                                                                                   {"1.4996", 1500},
                                                                                   {"0.0004", 0}}) {
    CAPTURE(text);
    CHECK(parse_request(with_replaced(kRequest, "1.5", text)).hold ==
          std::chrono::milliseconds(milliseconds));
  }
  // Each would be in the range after rounding.
  CHECK_THROWS_AS(parse_request(with_replaced(kRequest, "null", "0.0099999")), ProtocolError);
  CHECK_THROWS_AS(parse_request(with_replaced(kRequest, "1.5", "3600.0001")), ProtocolError);
  CHECK_THROWS_AS(parse_request(with_replaced(kRequest, "1.5", "-0.0001")), ProtocolError);
}

TEST_CASE("Message: M14: white space, order of fields, JSON's escapes and empty texts are free",
          "[message]") {
  CHECK(parse_request("\t{ \"hold\" : 1.5 ,\r\n\"delay\":null,\"format\":\"\\u0063sv\","
                      "\"\\u0073ort\":\"user\",\"top\":3}\n") == parse_request(kRequest));
  CHECK(parse_busiest(with_replaced(kBusiestJson, "a b", R"(\/\u0041)")).name == "/A");
  CHECK(parse_busiest(with_replaced(kBusiestJson, "a b", "")).name.empty());
  CHECK(parse_busiest(with_replaced(kBusiestJson, "db1", "")).host == "");
  CHECK(parse_refusal(R"({"code":"","message":""})") ==
        Refusal{.code = RefusalCode::Internal, .text = ""});
  CHECK_THROWS_AS(parse_refusal(""), ProtocolError);
}

TEST_CASE("Message: M3, M5, M7: a malformed or out-of-range delay or window is an error",
          "[message]") {
  for (const char* const number :
       {"0", "0.009", "-1", "3600.01", "1e9", "\"1\"", "true", "[]", "{}"}) {
    CAPTURE(number);
    CHECK_THROWS_AS(parse_request(with_replaced(kRequest, "null", number)), ProtocolError);
    CHECK_THROWS_AS(parse_busiest(with_replaced(kBusiestJson, R"("since_start","seconds":null)",
                                                R"("interval","seconds":)" + std::string(number))),
                    ProtocolError);
  }
  CHECK_THROWS_AS(parse_request(with_replaced(kRequest, "\"delay\"", "\"d\"")), ProtocolError);
  for (const char* const window :
       {"null", "7", "[]", "{}", R"("since_start")", R"({"kind":"since_start"})",
        R"({"seconds":null})", R"({"kind":"since_start","seconds":1})",
        R"({"kind":"interval","seconds":null})", R"({"kind":"interval"})",
        R"({"kind":"since start","seconds":null})", R"({"kind":7,"seconds":1})",
        R"({"kind":null,"seconds":null})"}) {
    CAPTURE(window);
    CHECK_THROWS_AS(parse_busiest(with_replaced(
                        kBusiestJson, R"({"kind":"since_start","seconds":null})", window)),
                    ProtocolError);
  }
  CHECK_FALSE(
      parse_busiest(with_replaced(kBusiestJson, R"("seconds":null)", R"("seconds":null,"x":1)"))
          .window);
}

TEST_CASE("Message: M2: unknown fields are skipped with their contents", "[message]") {
  CHECK(parse_request(with_replaced(kRequest, "{", R"({"colour":{"r":[1,2]},)")) ==
        parse_request(kRequest));
  CHECK(parse_busiest(with_replaced(kBusiestJson, "{", R"({"threads":7,)")) ==
        parse_busiest(kBusiestJson));
  for (const char* const holder : {R"({"x":{"id":"%"}})", R"({"x":[{"id":"%"}]})"}) {
    CHECK_THROWS_AS(parse_ack(with_replaced(holder, "%", kMessageId)), ProtocolError);
  }
}

TEST_CASE("Message: M12: two fields of one name in an object are an error", "[message]") {
  const auto holding = [](const std::string& field) {
    return R"({"id":")" + kMessageId + "\"" + field + "}";
  };
  CHECK(parse_ack(holding(R"(,"x":{"id":1},"y":[{"x":1},{"x":2}],"ID":7)")).id == kMessageId);
  for (const std::string& field :
       {R"(,"id":")" + kMessageId + "\"", std::string(R"(,"\u0069d":7)"),
        std::string(R"(,"x":1,"x":1)"), std::string(R"(,"":1,"":1)"),
        std::string(R"(,"x":{"y":{},"y":{}})"), std::string(R"(,"x":[[{"y":1,"z":2,"y":3}]])"),
        std::string(R"(,"x":{"y":1},"x":2)")}) {
    CAPTURE(field);
    CHECK_THROWS_AS(parse_ack(holding(field)), ProtocolError);
  }
}

TEST_CASE("Message: E7: an ERROR with an unknown code keeps its text", "[message]") {
  CHECK(parse_refusal(R"({"code":"tired","message":"later"})") ==
        Refusal{.code = RefusalCode::Internal, .text = "later"});
}

TEST_CASE("Message: M3, M5: a missing or out-of-range field in REQUEST is an error", "[message]") {
  check_errors(parse_request, kRequest,
               {{"3", {"0", "100001", "-1", "1.5", "\"3\"", "1e9", "null"}},
                {"user", {"memory"}},
                {"csv", {"xml"}},
                {"1.5", {"-1", "3601", "null"}},
                {"\"top\"", {"\"pot\""}},
                {"\"sort\"", {"\"s\""}},
                {"\"hold\"", {"\"h\""}}});
}

TEST_CASE("Message: M3, M7: a missing or out-of-range field in TOP is an error", "[message]") {
  check_errors(parse_busiest, kBusiestJson,
               {{"ddeeff", {"ddeef", "ddeefff", "DDEEFF"}},
                {"4121", {"0", "2147483648"}},
                {"a b", {"a\\u001b", "a\\\\x1B", std::string(257, 'a')}},
                {"\"a b\"", {"7"}},
                {"100", {"0"}},
                {"812", {"-1", "4611686018427387905"}},
                {"31", {"18446744073709551616"}},
                {"\"db1\"", {"[]"}},
                {"db1", {"\\u202e"}}});
  CHECK_FALSE(parse_busiest(with_replaced(kBusiestJson, "\"db1\"", "null")).host);
  CHECK(parse_busiest(with_replaced(kBusiestJson, "a b", "")).name.empty());
}

TEST_CASE("Message: M1, M3: anything but a JSON object is an error at any depth", "[message]") {
  for (const std::string& payload :
       {std::string(), std::string("[]"), std::string("7"), std::string("{"), std::string("nul"),
        std::string(4096, '['), std::string(4096, '\0'),
        "{\"id\":" + std::string(2000, '[') + std::string(2000, ']') + "}"}) {
    CHECK_THROWS_AS(parse_ack(payload), ProtocolError);
  }
}

TEST_CASE("Message: M1, M12: JSON beyond I-JSON in an unknown field is an error", "[message]") {
  const auto holding = [](const std::string& field) {
    return R"({"id":")" + kMessageId + "\"" + field + "}";
  };
  // The largest binary64 number has 309 digits.
  for (const std::string& field :
       {std::string(R"(,"x":1e308)"), R"(,"x":1)" + std::string(308, '0'),
        std::string(R"(,"x":1e-999)"), std::string(R"(,"x":"\ud83d\ude00\u0000")"),
        std::string(R"(,"x":"\uffff\ufdd0")")}) {
    CAPTURE(field);
    CHECK(parse_ack(holding(field)).id == kMessageId);
  }
  for (const std::string& field :
       {std::string(","), std::string(R"(,"x")"), std::string(R"(,"x":)"), std::string(R"(,'x':1)"),
        std::string(R"(,"x":01)"), std::string(R"(,"x":1e999)"), std::string(R"(,"x":[-1e999])"),
        R"(,"x":1)" + std::string(309, '0'), R"(,"x":{"y":-1)" + std::string(309, '0') + "}",
        std::string(R"(,"x":NaN)"), std::string(",\"x\":\"\n\""), std::string(",\"x\":\"\xff\""),
        std::string(R"(,"x":"\ud800")"), std::string(R"(,"x":"\udc00")"),
        std::string(R"(,"x":["\ud800a"])"), std::string(R"(,"x":{"\ud800\ud800":1})"),
        std::string(R"(,"\udfff":1)")}) {
    CAPTURE(field);
    CHECK_THROWS_AS(parse_ack(holding(field)), ProtocolError);
  }
}

TEST_CASE("Message: M1: only white space may surround the object", "[message]") {
  const std::string ack = to_json(Ack{.id = kMessageId});
  CHECK(parse_ack(" \t\r\n" + ack + " \t\r\n").id == kMessageId);
  const std::string nul(1, '\0');
  for (const std::string& payload :
       {ack + " x", ack + ack, ack + ",", ack + nul, ack + nul + "x", nul + ack,
        with_replaced(ack, ":", ":" + nul), "\xef\xbb\xbf" + ack, ack + "\xef\xbb\xbf"}) {
    CAPTURE(payload);
    CHECK_THROWS_AS(parse_ack(payload), ProtocolError);
  }
}

TEST_CASE("Message: M1: eight levels of nesting are accepted and nine are an error", "[message]") {
  const auto nested = [](std::size_t depth) {
    return R"({"id":")" + kMessageId + R"(","x":)" + std::string(depth - 1, '[') + "1" +
           std::string(depth - 1, ']') + "}";
  };
  CHECK(parse_ack(nested(8)).id == kMessageId);
  CHECK_THROWS_AS(parse_ack(nested(9)), ProtocolError);
  // An empty innermost level counts, too.
  for (const char* const inside : {"[]", "{}"}) {
    const auto holding = [&](std::size_t depth) {
      return R"({"id":")" + kMessageId + R"(","x":)" + std::string(depth - 2, '[') + inside +
             std::string(depth - 2, ']') + "}";
    };
    CHECK(parse_ack(holding(8)).id == kMessageId);
    CHECK_THROWS_AS(parse_ack(holding(9)), ProtocolError);
  }
}

TEST_CASE("Message: M1: an integer with a sign, a fraction or an exponent is an error",
          "[message]") {
  CHECK(parse_busiest(with_replaced(kBusiestJson, "812", "0")).user_ticks == 0);
  for (const char* const number : {"-0", "0.0", "0e0", "+0", "00", "0x0", "true", "[0]"}) {
    CAPTURE(number);
    CHECK_THROWS_AS(parse_busiest(with_replaced(kBusiestJson, "812", number)), ProtocolError);
  }
}

TEST_CASE("Message: M4: an unescaped text is an error and an escaped one is kept as it is",
          "[message]") {
  for (const char* const text :
       {R"(\u0000)", R"(\u001f)", R"(\u007f)", R"(\u0085)", R"(\u061c)", R"(\u200e)", R"(\u200f)",
        R"(\u202a)", R"(\u202e)", R"(\u2066)", R"(\u2069)", R"(\ud800)", R"(\\)", R"(\\n)",
        R"(\\x1)", R"(\\x1B)", R"(\\x41)"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(parse_busiest(with_replaced(kBusiestJson, "a b", text)), ProtocolError);
  }
  // JSON doubles each backslash once more.
  CHECK(parse_busiest(with_replaced(kBusiestJson, "a b", R"(\\x1b\\\\)")).name == R"(\x1b\\)");
  CHECK(parse_busiest(with_replaced(kBusiestJson, "a b", R"(\u00e9\")")).name == "\xc3\xa9\"");
}

TEST_CASE("Message: M4: the limit of an escaped text does not count JSON's escapes", "[message]") {
  std::string text;
  for (int i = 0; i < 128; ++i) text += R"(\\\\)";
  CHECK(parse_busiest(with_replaced(kBusiestJson, "a b", text)).name.size() == 256);
  CHECK_THROWS_AS(parse_busiest(with_replaced(kBusiestJson, "a b", text + "x")), ProtocolError);
}

TEST_CASE("Message: M3, M6: a missing or out-of-range field in END is an error", "[message]") {
  const std::string end = R"({"length":17,"sha256":")" + std::string(64, 'a') + "\"}";
  CHECK(parse_end(with_replaced(end, "17", "9223372036854775807")).length == 9223372036854775807U);
  check_errors(parse_end, end,
               {{"17", {"-1", "9223372036854775808", "null"}},
                {"aa", {"a", "aaa", "AA", "ag"}},
                {"length", {"size"}},
                {"sha256", {"sha1"}}});
}

TEST_CASE("Message: M3, M8: an invalid id in ACK is an error", "[message]") {
  for (const std::string& id : {std::string("7"), std::string("\"\""), "\"" + kMessageId + "0\"",
                                "[\"" + kMessageId + "\"]"}) {
    CAPTURE(id);
    CHECK_THROWS_AS(parse_ack("{\"id\":" + id + "}"), ProtocolError);
  }
}

TEST_CASE("Message: M3, M9: a too long or unescaped text in ERROR is an error", "[message]") {
  const auto refusal = [](const std::string& text) {
    return R"({"code":"busy","message":")" + text + "\"}";
  };
  CHECK(parse_refusal(refusal(std::string(1024, 'a'))).code == RefusalCode::Busy);
  for (const std::string& text : {std::string(1025, 'a'), std::string(R"(\u001b[2J)")}) {
    CHECK_THROWS_AS(parse_refusal(refusal(text)), ProtocolError);
  }
  CHECK_THROWS_AS(parse_refusal(R"({"message":"later"})"), ProtocolError);
  CHECK_THROWS_AS(parse_refusal(R"({"code":7,"message":"later"})"), ProtocolError);
}
