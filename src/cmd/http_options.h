// Access rules and TLS of the status port, from the options of `serve`.
#pragma once

#include "cmd/serve_options.h"
#include "net/server/server_auth.h"
#include "web/http_server.h"

namespace topnet::cmd {

// `auth` must outlive the result. Throws base::FileError if the token file cannot be read, can be
// read by other users, or does not contain a token.
web::HttpServerOptions http_server_options(const ServeOptions& options, net::ServerAuth& auth);

}  // namespace topnet::cmd
