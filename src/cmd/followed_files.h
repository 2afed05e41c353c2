// The files that `serve` follows while it runs: certificate, key and CA, and the token of the
// status port. They are read again after a change and on request. If they are refused then, what
// was read before stays in use, and one line says so. Used by one thread.
#pragma once

#include <string>

#include "base/files/file_watch.h"
#include "base/files/user_file.h"
#include "cmd/serve_options.h"
#include "net/server/server_auth.h"
#include "web/http_server.h"

namespace topnet::cmd {

class FollowedFiles {
 public:
  // Create it before the ServerAuth. Reads the token; throws FileError.
  explicit FollowedFiles(const ServeOptions& options);

  // The token that requests must present; empty: none.
  const std::string& token() const { return token_; }

  // Reads files that have changed, and logs the result. `http` may be null. Called periodically.
  void poll(net::ServerAuth& auth, web::HttpServer* http);
  // After SIGHUP: reads all files, and logs one line with the results.
  void reload(net::ServerAuth& auth, web::HttpServer* http);

 private:
  // Returns the result for the log.
  std::string reload_token(web::HttpServer* http);

  const bool has_pki_;
  base::UserFile token_file_;
  base::FileWatch pki_watch_;
  base::FileWatch token_watch_;
  std::string token_;
};

}  // namespace topnet::cmd
