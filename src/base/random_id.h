// Unique identifiers that cannot be guessed. Thread-safe.
#pragma once

#include <string>

namespace topnet::base {

// 128 random bits as 32 lower-case hex digits. Throws std::system_error if getrandom(2) fails.
std::string random_id();

}  // namespace topnet::base
