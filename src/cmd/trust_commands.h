// The commands of `topnet trust` that manage other machines; trust.cpp has those for this machine's
// key.
#pragma once

#include "cmd/command_line.h"

namespace topnet::cmd {

// On the server: trust_clients.cpp.
Command invite_command();
Command clients_command(const std::string& name);  // one command of two names
Command revoke_command();

// On the client: trust_servers.cpp.
Command join_command();
Command servers_command();
Command forget_command();

}  // namespace topnet::cmd
