// Formats the lists of clients and servers for users and for programs. Pure functions.
#pragma once

#include <string>
#include <vector>

#include "net/trust/trust_entries.h"

namespace topnet::net {

// A table with column titles and one line per entry, or a JSON document on one line.
std::string to_table(const std::vector<EnrolledClient>& clients);
std::string to_table(const std::vector<KnownServer>& servers);
std::string to_json(const std::vector<EnrolledClient>& clients);
std::string to_json(const std::vector<KnownServer>& servers);

}  // namespace topnet::net
