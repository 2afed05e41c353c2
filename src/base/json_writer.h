// Writes JSON (RFC 8259) as a stream, without spaces.
//
// Builds no tree of values: for a report of 100,000 processes it would take a hundred times the
// size of the text. The caller must put fields into objects only. Not thread-safe.
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace topnet::base {

class JsonWriter {
 public:
  // Writes an object; `fields` is called to write its fields.
  template <std::invocable Fields>
  void object(Fields fields) {
    nested('{', fields, '}');
  }

  // Writes an array; `elements` is called to write its elements.
  template <std::invocable Elements>
  void array(Elements elements) {
    nested('[', elements, ']');
  }

  // Begins a field. Its value has to be written next.
  void name(std::string_view name);

  void value(std::nullptr_t);
  void value(bool value);
  void value(double value);           // must be finite
  void value(std::string_view text);  // bytes that are not valid UTF-8 become U+FFFD
  void value(const char* text) { value(std::string_view(text)); }
  void value(std::chrono::milliseconds time);  // written in seconds
  template <std::unsigned_integral Number>
  void value(Number number) {
    value_of(std::uint64_t{number});
  }
  template <std::signed_integral Number>
  void value(Number number) {
    value_of(std::int64_t{number});
  }
  template <typename Value>
  void value(const std::optional<Value>& optional) {
    if (optional) {
      value(*optional);
    } else {
      value(nullptr);
    }
  }

  template <typename Value>
  void field(std::string_view field_name, const Value& field_value) {
    name(field_name);
    value(field_value);
  }

  std::string take() { return std::move(text_); }

 private:
  template <typename Body>
  void nested(char begin, Body& body, char end) {
    separate();
    text_ += begin;
    is_first_ = true;
    body();
    text_ += end;
    is_first_ = false;
  }

  void separate();
  void value_of(std::uint64_t number);
  void value_of(std::int64_t number);

  std::string text_;
  bool is_first_ = true;  // the next value needs no comma before it
};

// Writes the field `window` of documents and messages. nullopt: since each process started.
void write_window(JsonWriter& json, const std::optional<std::chrono::milliseconds>& window);

}  // namespace topnet::base
