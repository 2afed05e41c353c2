#include "base/json_writer.h"

#include <limits>
#include <nlohmann/json.hpp>

#include "support/catch.h"

using namespace topnet::base;

namespace {

template <typename Value>
std::string json_of(const Value& value) {
  JsonWriter json;
  json.value(value);
  return json.take();
}

}  // namespace

TEST_CASE("JsonWriter: nested objects and arrays have commas between their elements only",
          "[json_writer]") {
  JsonWriter json;
  json.object([&] {
    json.field("a", 1);
    json.name("none");
    json.array([] {});
    json.name("some");
    json.array([&] {
      json.value("x");
      json.object([] {});
      json.object([&] { json.field("y", true); });
      json.value(nullptr);
    });
    json.field("z", false);
  });
  CHECK(json.take() == R"({"a":1,"none":[],"some":["x",{},{"y":true},null],"z":false})");
}

TEST_CASE("JsonWriter: numbers of all sizes are exact", "[json_writer]") {
  CHECK(json_of(std::numeric_limits<std::uint64_t>::max()) == "18446744073709551615");
  CHECK(json_of(std::numeric_limits<std::int64_t>::min()) == "-9223372036854775808");
  CHECK(json_of(0.1) == "0.1");
  CHECK(json_of(3.0) == "3.0");
  CHECK(json_of(std::chrono::milliseconds(1500)) == "1.5");
}

TEST_CASE("JsonWriter: an absent value is null", "[json_writer]") {
  CHECK(json_of(std::optional<int>()) == "null");
  CHECK(json_of(std::optional<int>(7)) == "7");
  CHECK(json_of(std::optional<std::string>("a")) == "\"a\"");
}

TEST_CASE("JsonWriter: text can be parsed back, and invalid UTF-8 is replaced", "[json_writer]") {
  std::string every_ascii;
  for (char c = 0; c < 127; ++c) every_ascii += c;
  for (const std::string& text :
       {std::string(), std::string("a b"), std::string("\"\\/"), every_ascii, std::string("\x7f"),
        std::string("\u00e4\u20ac\U0001f600")}) {
    CAPTURE(text);
    CHECK(nlohmann::json::parse(json_of(text)).get<std::string>() == text);
  }
  CHECK(json_of("a\xff") == "\"a\uFFFD\"");
  JsonWriter json;
  json.object([&] { json.field("\"", "</script>"); });
  CHECK(json.take() == R"({"\"":"</script>"})");
}

TEST_CASE("JsonWriter: a window is an interval in seconds or since_start", "[json_writer]") {
  for (const auto& [window, expected] :
       std::vector<std::pair<std::optional<std::chrono::milliseconds>, std::string>>{
           {std::nullopt, R"({"window":{"kind":"since_start","seconds":null}})"},
           {std::chrono::seconds(2), R"({"window":{"kind":"interval","seconds":2.0}})"}}) {
    JsonWriter json;
    json.object([&json, &window = window] { write_window(json, window); });
    CHECK(json.take() == expected);
  }
}
