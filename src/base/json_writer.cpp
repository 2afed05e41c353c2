#include "base/json_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

namespace topnet::base {
namespace {

bool needs_no_escape(char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; }

std::string dump(const nlohmann::json& scalar) {
  return scalar.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

void JsonWriter::separate() {
  if (!is_first_) text_ += ',';
  is_first_ = false;
}

void JsonWriter::name(std::string_view name) {
  value(name);
  text_ += ':';
  is_first_ = true;
}

void JsonWriter::value(std::nullptr_t) {
  separate();
  text_ += "null";
}

void JsonWriter::value(bool value) {
  separate();
  text_ += value ? "true" : "false";
}

void JsonWriter::value(double value) {
  separate();
  text_ += dump(value);
}

void JsonWriter::value(std::chrono::milliseconds time) {
  value(std::chrono::duration<double>(time).count());
}

void JsonWriter::value(std::string_view text) {
  separate();
  if (std::all_of(text.begin(), text.end(), needs_no_escape)) {
    text_ += '"';
    text_ += text;
    text_ += '"';
  } else {
    text_ += dump(text);
  }
}

void JsonWriter::value_of(std::uint64_t number) {
  separate();
  fmt::format_to(std::back_inserter(text_), "{}", number);
}

void JsonWriter::value_of(std::int64_t number) {
  separate();
  fmt::format_to(std::back_inserter(text_), "{}", number);
}

void write_window(JsonWriter& json, const std::optional<std::chrono::milliseconds>& window) {
  json.name("window");
  json.object([&] {
    json.field("kind", window ? "interval" : "since_start");
    json.field("seconds", window);
  });
}

}  // namespace topnet::base
