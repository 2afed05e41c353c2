#include "net/json_fields.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "proc/escape.h"

namespace topnet::net {
namespace {

using Json = nlohmann::json;

}  // namespace

// Is told what the library reads. No tree of values is built (see proc/json_writer.h).
class JsonFields::Reader : public nlohmann::json_sax<Json> {
 public:
  Reader(std::map<Name, Value>& fields, std::size_t max_depth)
      : fields_(fields), max_depth_(max_depth) {}

  bool null() override { return put(nullptr); }
  bool boolean(bool) override { return put(Other{}); }
  bool number_integer(number_integer_t value) override { return put(static_cast<double>(value)); }
  bool number_unsigned(number_unsigned_t value) override { return put(std::uint64_t{value}); }
  bool number_float(number_float_t value, const string_t&) override { return put(value); }
  bool string(string_t& value) override { return put(std::move(value)); }
  bool binary(binary_t&) override { return false; }

  bool key(string_t& name) override {
    if (depth_ == 1) {
      name_ = {std::move(name), std::nullopt};
    } else if (depth_ == 2) {
      name_.second = std::move(name);
    }
    return true;
  }
  bool start_object(std::size_t) override {
    put(Other{});
    return enter();
  }
  bool end_object() override { return leave(); }
  bool start_array(std::size_t) override {
    put(Other{});
    if (!enter()) return false;
    if (array_depth_ == 0) array_depth_ = depth_;
    return depth_ > 1;
  }
  bool end_array() override { return leave(); }
  bool parse_error(std::size_t, const std::string&, const Json::exception&) override {
    return false;
  }

 private:
  bool put(Value value) {
    if (depth_ == 0) return false;
    if (array_depth_ != 0 || depth_ > 2) return true;
    if (depth_ == 1) {
      std::erase_if(fields_, [this](const auto& each) { return each.first.first == name_.first; });
      name_.second.reset();
    }
    fields_.insert_or_assign(name_, std::move(value));
    return true;
  }

  bool enter() { return depth_++ < max_depth_; }

  bool leave() {
    if (array_depth_ == depth_) array_depth_ = 0;
    --depth_;
    return true;
  }

  std::map<Name, Value>& fields_;
  const std::size_t max_depth_;
  std::size_t depth_ = 0;
  std::size_t array_depth_ = 0;  // of the outermost array that is open
  Name name_;
};

JsonFields::JsonFields(std::string_view text, std::size_t max_depth) {
  Reader reader(fields_, max_depth);
  if (!Json::sax_parse(text, &reader)) throw ProtocolError("a message is no JSON object");
}

std::uint64_t JsonFields::number(const char* name, std::uint64_t least, std::uint64_t most) const {
  const auto* const value = std::get_if<std::uint64_t>(&at({name, std::nullopt}));
  if (value == nullptr || *value < least || *value > most) refuse(name);
  return *value;
}

std::string JsonFields::text(const char* name) const {
  const auto* const value = std::get_if<std::string>(&at({name, std::nullopt}));
  if (value == nullptr) refuse(name);
  return *value;
}

std::string JsonFields::escaped(const char* name, std::size_t most) const {
  std::string value = text(name);
  if (value.size() > most || !proc::is_escaped(value)) refuse(name);
  return value;
}

std::string JsonFields::hex(const char* name, std::size_t digits) const {
  std::string value = text(name);
  if (value.size() != digits || value.find_first_not_of("0123456789abcdef") != std::string::npos) {
    refuse(name);
  }
  return value;
}

Pin JsonFields::pin(const char* name) const {
  const auto value = parse_pin(text(name));
  if (!value) refuse(name);
  return *value;
}

bool JsonFields::is_null(const char* name) const {
  return std::holds_alternative<std::nullptr_t>(at({name, std::nullopt}));
}

std::chrono::milliseconds JsonFields::time(const char* name, std::chrono::milliseconds least,
                                           std::chrono::milliseconds most) const {
  return time({name, std::nullopt}, least, most);
}

std::optional<std::chrono::milliseconds> JsonFields::window(const char* name,
                                                            std::chrono::milliseconds least,
                                                            std::chrono::milliseconds most) const {
  const Value& kind = at({name, "kind"});
  if (kind == Value("since_start") && at({name, "seconds"}) == Value(nullptr)) return std::nullopt;
  if (kind != Value("interval")) refuse(name);
  return time({name, "seconds"}, least, most);
}

std::chrono::milliseconds JsonFields::time(const Name& name, std::chrono::milliseconds least,
                                           std::chrono::milliseconds most) const {
  const Value& value = at(name);
  double seconds = NAN;
  if (const auto* const whole = std::get_if<std::uint64_t>(&value)) {
    seconds = static_cast<double>(*whole);
  } else if (const auto* const fraction = std::get_if<double>(&value)) {
    seconds = *fraction;
  }
  using Seconds = std::chrono::duration<double>;
  if (!(Seconds(seconds) >= least && Seconds(seconds) <= most)) refuse(name.first.c_str());
  return std::chrono::milliseconds(std::llround(seconds * 1000));
}

const JsonFields::Value& JsonFields::at(const Name& name) const {
  const auto found = fields_.find(name);
  if (found == fields_.end()) refuse(name.first.c_str());
  return found->second;
}

void JsonFields::refuse(const char* name) {
  throw ProtocolError(fmt::format("a message's field {} is missing or out of range", name));
}

}  // namespace topnet::net
