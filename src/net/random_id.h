// Identifiers that nobody can guess and that never repeat.
#pragma once

#include <string>

namespace topnet::net {

// 128 random bits as 32 lower-case hex digits. Throws std::system_error where the kernel has none.
std::string random_id();

}  // namespace topnet::net
