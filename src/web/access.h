// Access rules of the status port: Host must be one of our names, requests from other sites are
// rejected, and if a token is set, the request must carry it. Pure functions of a request's head.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "web/rejection.h"

namespace topnet::web {

// Names in lower case that Host may carry besides numeric addresses and "localhost". Prevents DNS
// rebinding: a page of another origin whose name resolves to our address is rejected.
using HostNames = std::vector<std::string>;

struct AccessRules {
  HostNames host_names;
  std::string token;  // that a request must carry; empty: none
};

// The values of the headers that access depends on, by their names in lower case.
using AccessHeaders = std::map<std::string, std::string_view, std::less<>>;

// Whether access depends on the header `name` (in lower case).
bool is_access_header(std::string_view name);

// Why a request for `path` is rejected; nullopt if it is admitted.
std::optional<Rejection> validate_access(std::string_view path, const AccessHeaders& headers,
                                         const AccessRules& rules);

}  // namespace topnet::web
