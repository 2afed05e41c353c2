// Lists of clients and servers for people and for programs. Pure.
#pragma once

#include <string>
#include <vector>

#include "net/trust_entry.h"

namespace topnet::net {

// One line each, in columns under titles; JSON is one document on one line.
std::string to_table(const std::vector<EnrolledClient>& clients);
std::string to_table(const std::vector<KnownServer>& servers);
std::string to_json(const std::vector<EnrolledClient>& clients);
std::string to_json(const std::vector<KnownServer>& servers);

}  // namespace topnet::net
