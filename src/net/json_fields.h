// The fields of one JSON object that a peer has sent, each checked against its range.
//
// What is in an array, or in an object in an object, is checked for its form and skipped. Of two
// fields with the same name the later one counts. A const object may be read by any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "net/frame.h"
#include "net/pin.h"
#include "proc/words.h"

namespace topnet::net {

class JsonFields {
 public:
  // Throws ProtocolError where `text` is no JSON object, or is nested deeper than `max_depth`.
  JsonFields(std::string_view text, std::size_t max_depth);

  // Each throws ProtocolError where the field is missing, of another type, or out of range.
  std::uint64_t number(const char* name, std::uint64_t least, std::uint64_t most) const;
  std::string text(const char* name) const;
  std::string escaped(const char* name, std::size_t most) const;  // proc/escape.h; bytes at most
  std::string hex(const char* name, std::size_t digits) const;    // in lower case
  Pin pin(const char* name) const;
  bool is_null(const char* name) const;
  // Given in seconds.
  std::chrono::milliseconds time(const char* name, std::chrono::milliseconds least,
                                 std::chrono::milliseconds most) const;
  // {"kind":"interval","seconds":S}, or {"kind":"since_start","seconds":null}: nullopt.
  std::optional<std::chrono::milliseconds> window(const char* name, std::chrono::milliseconds least,
                                                  std::chrono::milliseconds most) const;

  template <typename Value, std::size_t Size>
  Value word(const char* name, const proc::Words<Value, Size>& words) const {
    const auto value = proc::meaning_of(text(name), words);
    if (!value) refuse(name);
    return *value;
  }

  bool has(const char* name) const { return fields_.contains({name, std::nullopt}); }

  // Throws ProtocolError: what the field holds will not do.
  [[noreturn]] static void refuse(const char* name);

 private:
  class Reader;
  struct Other {
    friend bool operator==(const Other&, const Other&) = default;
  };  // true, false, an array, an object
  using Value = std::variant<Other, std::nullptr_t, std::uint64_t, double, std::string>;
  // A field's name, and the name of one in the object that it holds.
  using Name = std::pair<std::string, std::optional<std::string>>;

  const Value& at(const Name& name) const;
  std::chrono::milliseconds time(const Name& name, std::chrono::milliseconds least,
                                 std::chrono::milliseconds most) const;

  std::map<Name, Value> fields_;
};

}  // namespace topnet::net
