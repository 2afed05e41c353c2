// Why a request is rejected, and the HTTP status (RFC 9110) and body of each reason. Plain values.
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
  std::string_view message;  // cause and next step, without any text of the request
};

constexpr HttpStatus status_of(Rejection rejection) {
  switch (rejection) {
    case Rejection::NoToken:
      return {401, "Unauthorized",
              "a token is required: Authorization: Bearer TOKEN, or TOKEN as the password"};
    case Rejection::WrongToken:
      return {401, "Unauthorized",
              "the token is wrong: send Authorization: Bearer TOKEN, or TOKEN as the password"};
    case Rejection::CrossSite:
      return {403, "Forbidden",
              "a page of another site may only link to this one; open it directly"};
    case Rejection::MethodNotAllowed:
      return {405, "Method Not Allowed", "this method is not allowed; use GET or HEAD"};
    case Rejection::TargetTooLong:
      return {414, "URI Too Long", "the URL is too long; see /status"};
    case Rejection::WrongHost:
      return {421, "Misdirected Request",
              "this server does not answer to the name in Host; add --http-host NAME"};
    case Rejection::TooManyAttempts:
      return {429, "Too Many Requests", "too many wrong tokens from this address; wait a minute"};
    case Rejection::HeadTooLarge:
      return {431, "Request Header Fields Too Large",
              "the headers of the request are too long; send fewer or shorter ones"};
    case Rejection::BadRequest:
      break;
  }
  return {400, "Bad Request", "this is not a valid HTTP/1.1 request; see topnet-status(7)"};
}

}  // namespace topnet::web
