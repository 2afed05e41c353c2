// The head of an HTTP request (RFC 9112), judged before any library sees it.
//
// Only what is asked for and the few headers that an answer depends on are let through; all others,
// Range and those of a body among them, end here. Pure functions of text.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace topnet::web {

inline constexpr std::size_t kMaxHeadSize = 4096;  // in bytes, with the empty line
inline constexpr std::size_t kMaxTargetSize = 1024;

// Why a request is not answered: an HTTP status.
enum class Rejection : int {
  BadRequest = 400,
  MethodNotAllowed = 405,
  TargetTooLong = 414,
  WrongHost = 421,
  HeadTooLarge = 431,
};

// The names that a request's Host may carry besides numeric addresses and "localhost", in lower
// case. A page of another origin that made its own name stand for our address cannot pass.
using HostNames = std::vector<std::string>;

// `text` is a whole head, up to and with its empty line. Returns the head that is let through, or
// why none is.
std::variant<std::string, Rejection> judge_head(std::string_view text, const HostNames& names);

}  // namespace topnet::web
