// Who may ask the status port: nobody by a name that is not ours, no page of another site, and
// where there is a token, only who has it. Pure functions of what a request's head says.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "web/rejection.h"

namespace topnet::web {

// The names that a request's Host may carry besides numeric addresses and "localhost", in lower
// case. A page of another origin that made its own name stand for our address cannot pass.
using HostNames = std::vector<std::string>;

struct AccessRules {
  HostNames host_names;
  std::string token;  // that a request has to carry; empty: none
};

// The values of the headers that access depends on, by their names in lower case.
using AccessHeaders = std::map<std::string, std::string_view, std::less<>>;

// Whether access depends on a header of this name, in lower case.
bool is_access_header(std::string_view name);

// Whether a request for `path` has to carry the token.
bool needs_token(std::string_view path, const AccessRules& rules);

// Why a request for `path` is not answered; nullopt where it is. `needs_host` as HTTP/1.1 does.
std::optional<Rejection> judge_access(std::string_view path, const AccessHeaders& headers,
                                      bool needs_host, const AccessRules& rules);

}  // namespace topnet::web
