// Why a request is rejected, and the HTTP status (RFC 9110) of each reason. Plain values.
#pragma once

#include <cstdint>
#include <string_view>

namespace topnet::web {

enum class Rejection : std::uint8_t {
  BadRequest,
  NoToken,
  WrongToken,
  CrossSite,
  MethodNotAllowed,
  TargetTooLong,
  WrongHost,
  TooManyAttempts,
  HeadTooLarge,
};

struct HttpStatus {
  int code;
  std::string_view reason;
};

constexpr HttpStatus status_of(Rejection rejection) {
  switch (rejection) {
    case Rejection::NoToken:
    case Rejection::WrongToken:
      return {401, "Unauthorized"};
    case Rejection::CrossSite:
      return {403, "Forbidden"};
    case Rejection::MethodNotAllowed:
      return {405, "Method Not Allowed"};
    case Rejection::TargetTooLong:
      return {414, "URI Too Long"};
    case Rejection::WrongHost:
      return {421, "Misdirected Request"};
    case Rejection::TooManyAttempts:
      return {429, "Too Many Requests"};
    case Rejection::HeadTooLarge:
      return {431, "Request Header Fields Too Large"};
    case Rejection::BadRequest:
      break;
  }
  return {400, "Bad Request"};
}

}  // namespace topnet::web
