#include "cmd/http_options.h"

#include <algorithm>
#include <cerrno>

#include "base/files/file_error.h"
#include "base/files/state_directory.h"
#include "web/http_text.h"

namespace topnet::cmd {
namespace {

// The token that requests must present: the first line of a file that other users cannot read.
std::string read_token(const std::string& file) {
  const auto text = base::read_private_file(file, base::Links::Follow);
  if (!text) throw base::FileError("read", file, ENOENT);
  std::string token(web::trim(text->substr(0, text->find_first_of("\r\n"))));
  const bool is_token = !token.empty() && std::all_of(token.begin(), token.end(),
                                                      [](char c) { return c > ' ' && c <= '~'; });
  if (!is_token) {
    throw base::FileError(
        "use", file, "its first line must be a token of printable ASCII characters without blanks");
  }
  return token;
}

}  // namespace

web::HttpServerOptions http_server_options(const ServeOptions& options, net::ServerAuth& auth) {
  web::HttpServerOptions result;
  result.access.host_names = options.http_hosts;
  if (!options.http_token_file.empty()) result.access.token = read_token(options.http_token_file);
  if (options.http_tls) result.tls = [&] { return auth.web_tls(); };
  return result;
}

}  // namespace topnet::cmd
