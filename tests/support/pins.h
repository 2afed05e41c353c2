// Recognisable pins and times for tests.
#pragma once

#include <stdexcept>
#include <string>

#include "base/timestamp.h"
#include "net/tls/pin.h"

namespace topnet::test {

// SHA256:aaa…aA for 'a'. `letter` is any base64url character.
inline net::Pin pin_of(char letter) {
  const auto pin = net::parse_pin("SHA256:" + std::string(42, letter) + "A");
  if (!pin) throw std::logic_error("not a base64url character");
  return *pin;
}

// Parses a time such as 2026-11-23T20:01:02.123Z.
inline base::WallTime at(const std::string& text) {
  const auto time = base::parse_time(text);
  if (!time) throw std::logic_error("not a time: " + text);
  return *time;
}

}  // namespace topnet::test
