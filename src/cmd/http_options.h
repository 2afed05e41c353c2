// What the status port is given: who may read it, and by which protocol, as the options of `serve`
// say.
#pragma once

#include "cmd/doorkeeper.h"
#include "cmd/serve_options.h"
#include "web/http_server.h"

namespace topnet::cmd {

// `doorkeeper` outlives the result. Throws FileError: the token's file cannot be read, is open to
// others, or holds no token.
web::HttpServerOptions options_for_browsers(const ServeOptions& options, Doorkeeper& doorkeeper);

}  // namespace topnet::cmd
