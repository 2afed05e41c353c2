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

TEST_CASE("M5, M6, M7, M8, M9: each message has the documented form and is read back") {
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

TEST_CASE("M5, M7: a delay and a window are null or seconds from 0.01 to 3600") {
  for (const auto& [text, milliseconds] : std::vector<std::pair<std::string, int>>{
           {"0.01", 10}, {"0.3", 300}, {"1.0", 1000}, {"3600.0", 3600000}}) {
    CAPTURE(text);
    const std::chrono::milliseconds length(milliseconds);
    const std::string request = replaced(kRequest, "null", text);
    CHECK(parse_request(request).delay == length);
    CHECK(to_json(parse_request(request)) == request);
    const std::string top =
        replaced(kTop, R"("since_start","seconds":null)", R"("interval","seconds":)" + text);
    CHECK(parse_top(top).window == length);
    CHECK(to_json(parse_top(top)) == top);
  }
  CHECK(parse_request(replaced(kRequest, "null", "1")).delay == std::chrono::seconds(1));
  CHECK_FALSE(parse_request(kRequest).delay);
  CHECK_FALSE(parse_top(kTop).window);
}

TEST_CASE("M3, M5, M7: a delay or a window of another form or length is refused") {
  for (const char* const number :
       {"0", "0.009", "-1", "3600.01", "1e9", "\"1\"", "true", "[]", "{}"}) {
    CAPTURE(number);
    CHECK_THROWS_AS(parse_request(replaced(kRequest, "null", number)), ProtocolError);
    CHECK_THROWS_AS(parse_top(replaced(kTop, R"("since_start","seconds":null)",
                                       R"("interval","seconds":)" + std::string(number))),
                    ProtocolError);
  }
  CHECK_THROWS_AS(parse_request(replaced(kRequest, "\"delay\"", "\"d\"")), ProtocolError);
  for (const char* const window :
       {"null", "7", "[]", "{}", R"("since_start")", R"({"kind":"since_start"})",
        R"({"seconds":null})", R"({"kind":"since_start","seconds":1})",
        R"({"kind":"interval","seconds":null})", R"({"kind":"interval"})",
        R"({"kind":"since start","seconds":null})", R"({"kind":7,"seconds":1})",
        R"({"kind":null,"seconds":null})"}) {
    CAPTURE(window);
    CHECK_THROWS_AS(parse_top(replaced(kTop, R"({"kind":"since_start","seconds":null})", window)),
                    ProtocolError);
  }
  CHECK_FALSE(parse_top(replaced(kTop, R"("seconds":null)", R"("seconds":null,"x":1)")).window);
}

TEST_CASE("M2: unknown fields are skipped, and so is all that is in them") {
  CHECK(parse_request(replaced(kRequest, "{", R"({"colour":{"r":[1,2]},)")) ==
        parse_request(kRequest));
  CHECK(parse_top(replaced(kTop, "{", R"({"threads":7,)")) == parse_top(kTop));
  for (const char* const holder : {R"({"x":{"id":"%"}})", R"({"x":[{"id":"%"}]})"}) {
    CHECK_THROWS_AS(parse_ack(replaced(holder, "%", kId)), ProtocolError);
  }
}

TEST_CASE("M2: of two fields with one name the later one counts, with all that is in it") {
  const auto window_after = [](const std::string& first, const std::string& second) {
    return parse_top(replaced(kTop, R"("window":{"kind":"since_start","seconds":null})",
                              "\"window\":" + first + ",\"window\":" + second))
        .window;
  };
  const std::string interval = R"({"kind":"interval","seconds":1})";
  CHECK(window_after(interval, R"({"kind":"interval","seconds":2})") == std::chrono::seconds(2));
  CHECK(window_after("7", R"({"kind":"since_start","seconds":null})") == std::nullopt);
  CHECK_THROWS_AS(window_after(interval, "7"), ProtocolError);
  CHECK_THROWS_AS(window_after(interval, R"({"kind":"interval"})"), ProtocolError);
}

TEST_CASE("E7: a refusal whose code is not known still says its text") {
  CHECK(parse_refusal(R"({"code":"tired","message":"later"})") ==
        Refusal{.code = RefusalCode::Internal, .text = "later"});
}

TEST_CASE("M3, M5: a request that is incomplete or out of range is refused") {
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

TEST_CASE("M3, M7: a top that is incomplete or out of range is refused") {
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

TEST_CASE("M1, M3: what is not a JSON object is refused, however deep it is") {
  for (const std::string& payload :
       {std::string(), std::string("[]"), std::string("7"), std::string("{"), std::string("nul"),
        std::string(4096, '['), std::string(4096, '\0'),
        "{\"id\":" + std::string(2000, '[') + std::string(2000, ']') + "}"}) {
    CHECK_THROWS_AS(parse_ack(payload), ProtocolError);
  }
}

TEST_CASE("M1: an unknown field has to be JSON, too") {
  const auto holding = [](const std::string& field) {
    return R"({"id":")" + kId + "\"" + field + "}";
  };
  CHECK(parse_ack(holding(R"(,"x":1e308)")).id == kId);
  for (const std::string field :
       {",", R"(,"x")", R"(,"x":)", R"(,'x':1)", R"(,"x":01)", R"(,"x":1e999)", R"(,"x":NaN)",
        ",\"x\":\"\n\"", ",\"x\":\"\xff\"", R"(,"x":"\ud800")", R"(,"x":"\udc00")",
        R"(,"x":["\ud800a"])", R"(,"\udfff":1)"}) {
    CAPTURE(field);
    CHECK_THROWS_AS(parse_ack(holding(field)), ProtocolError);
  }
}

TEST_CASE("M1: nothing but white space stands before or after the object") {
  const std::string ack = to_json(Ack{.id = kId});
  CHECK(parse_ack(" \t\r\n" + ack + " \t\r\n").id == kId);
  const std::string nul(1, '\0');
  for (const std::string& payload :
       {ack + " x", ack + ack, ack + ",", ack + nul, ack + nul + "x", nul + ack,
        replaced(ack, ":", ":" + nul), "\xef\xbb\xbf" + ack, ack + "\xef\xbb\xbf"}) {
    CAPTURE(payload);
    CHECK_THROWS_AS(parse_ack(payload), ProtocolError);
  }
}

TEST_CASE("M1: eight objects and arrays may be nested, nine may not") {
  const auto nested = [](std::size_t depth) {
    return R"({"id":")" + kId + R"(","x":)" + std::string(depth - 1, '[') + "1" +
           std::string(depth - 1, ']') + "}";
  };
  CHECK(parse_ack(nested(8)).id == kId);
  CHECK_THROWS_AS(parse_ack(nested(9)), ProtocolError);
  // The innermost one counts, even if nothing is in it.
  for (const char* const inside : {"[]", "{}"}) {
    const auto holding = [&](std::size_t depth) {
      return R"({"id":")" + kId + R"(","x":)" + std::string(depth - 2, '[') + inside +
             std::string(depth - 2, ']') + "}";
    };
    CHECK(parse_ack(holding(8)).id == kId);
    CHECK_THROWS_AS(parse_ack(holding(9)), ProtocolError);
  }
}

TEST_CASE("M1: an integer has no sign, no fraction and no exponent") {
  CHECK(parse_top(replaced(kTop, "812", "0")).user_ticks == 0);
  for (const char* const number : {"-0", "0.0", "0e0", "+0", "00", "0x0", "true", "[0]"}) {
    CAPTURE(number);
    CHECK_THROWS_AS(parse_top(replaced(kTop, "812", number)), ProtocolError);
  }
}

TEST_CASE("M4: a text that is not escaped is refused, and what is escaped is taken as it is") {
  for (const char* const text :
       {R"(\u0000)", R"(\u001f)", R"(\u007f)", R"(\u0085)", R"(\u061c)", R"(\u200e)", R"(\u200f)",
        R"(\u202a)", R"(\u202e)", R"(\u2066)", R"(\u2069)", R"(\ud800)", R"(\\)", R"(\\n)",
        R"(\\x1)", R"(\\x1B)", R"(\\x41)"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(parse_top(replaced(kTop, "a b", text)), ProtocolError);
  }
  // JSON doubles each backslash once more.
  CHECK(parse_top(replaced(kTop, "a b", R"(\\x1b\\\\)")).name == R"(\x1b\\)");
  CHECK(parse_top(replaced(kTop, "a b", R"(\u00e9\")")).name == "\xc3\xa9\"");
}

TEST_CASE("M4: the length of an escaped text is counted before JSON escapes it") {
  std::string text;
  for (int i = 0; i < 128; ++i) text += R"(\\\\)";
  CHECK(parse_top(replaced(kTop, "a b", text)).name.size() == 256);
  CHECK_THROWS_AS(parse_top(replaced(kTop, "a b", text + "x")), ProtocolError);
}

TEST_CASE("M3, M6: an end that is incomplete or out of range is refused") {
  const std::string end = R"({"length":17,"sha256":")" + std::string(64, 'a') + "\"}";
  CHECK(parse_end(replaced(end, "17", "9223372036854775807")).length == 9223372036854775807U);
  for (const auto& [old, with] :
       std::vector<std::pair<std::string, std::string>>{{"17", "-1"},
                                                        {"17", "9223372036854775808"},
                                                        {"17", "null"},
                                                        {"aa", "a"},
                                                        {"aa", "aaa"},
                                                        {"aa", "AA"},
                                                        {"aa", "ag"},
                                                        {"length", "size"},
                                                        {"sha256", "sha1"}}) {
    CAPTURE(old, with);
    CHECK_THROWS_AS(parse_end(replaced(end, old, with)), ProtocolError);
  }
}

TEST_CASE("M3, M8: an acknowledgement of anything but an id is refused") {
  for (const std::string& id :
       {std::string("7"), std::string("\"\""), "\"" + kId + "0\"", "[\"" + kId + "\"]"}) {
    CAPTURE(id);
    CHECK_THROWS_AS(parse_ack("{\"id\":" + id + "}"), ProtocolError);
  }
}

TEST_CASE("M3, M9: a refusal whose text is not fit to be shown is refused") {
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
