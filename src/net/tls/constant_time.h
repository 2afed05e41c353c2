// A comparison of secrets whose duration reveals nothing about them. Pure.
#pragma once

#include <string>

namespace topnet::net {

// Its duration depends neither on the position of a difference nor on the secret's length.
bool equal_in_constant_time(const std::string& given, const std::string& secret);

}  // namespace topnet::net
