// Writes JSON (RFC 8259) as it comes, without spaces.
//
// No tree of values is built, because a report of 100,000 processes would need a hundred times its
// size. The caller has to put fields into objects only. Not thread-safe.
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace topnet::proc {

class JsonWriter {
 public:
  // An object: `fields` is called to write what is in it.
  template <std::invocable Fields>
  void object(Fields fields) {
    nested('{', fields, '}');
  }

  // The same, for an array.
  template <std::invocable Elements>
  void array(Elements elements) {
    nested('[', elements, ']');
  }

  // The name of the field whose value is written next.
  void name(std::string_view name);

  void value(std::nullptr_t);
  void value(bool value);
  void value(double value);           // a finite number
  void value(std::string_view text);  // UTF-8; what is none is replaced by U+FFFD
  void value(const char* text) { value(std::string_view(text)); }
  void value(std::chrono::milliseconds time);  // in seconds
  template <std::unsigned_integral Number>
  void value(Number number) {
    value_of(std::uint64_t{number});
  }
  template <std::signed_integral Number>
  void value(Number number) {
    value_of(std::int64_t{number});
  }
  template <typename Value>
  void value(const std::optional<Value>& it) {
    if (it) {
      value(*it);
    } else {
      value(nullptr);
    }
  }

  template <typename Value>
  void field(std::string_view its_name, const Value& its_value) {
    name(its_name);
    value(its_value);
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
  bool is_first_ = true;  // so that no comma stands before what comes next
};

// The field `window`, as each document and message has it; nullopt: since each process started.
void write_window(JsonWriter& json, const std::optional<std::chrono::milliseconds>& window);

}  // namespace topnet::proc
