// Pins and moments that a test can tell apart at sight.
#pragma once

#include <stdexcept>
#include <string>

#include "net/pin.h"
#include "proc/time_text.h"

namespace topnet::test {

// SHA256:aaa…aA for 'a'. There are as many as base64url has characters.
inline net::Pin pin_of(char letter) {
  const auto pin = net::parse_pin("SHA256:" + std::string(42, letter) + "A");
  if (!pin) throw std::logic_error("no character of a pin");
  return *pin;
}

// 2026-11-23T20:01:02.123Z
inline proc::WallTime at(const std::string& text) {
  const auto time = proc::parse_time(text);
  if (!time) throw std::logic_error("no time: " + text);
  return *time;
}

}  // namespace topnet::test
