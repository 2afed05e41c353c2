// A comparison that takes as long for every wrong secret as for any other. Pure.
#pragma once

#include <string>

namespace topnet::net {

// Neither where they differ nor their lengths can be measured from outside.
bool equal_in_constant_time(const std::string& given, const std::string& secret);

}  // namespace topnet::net
