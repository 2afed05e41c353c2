#include "cmd/http_options.h"

#include <algorithm>
#include <cerrno>

#include "net/file_error.h"
#include "net/private_folder.h"
#include "web/http_text.h"

namespace topnet::cmd {
namespace {

// What a request has to carry: the first line of a file that nobody else may read.
std::string read_token(const std::string& file) {
  const auto text = net::read_private_file(file, net::Links::Follow);
  if (!text) throw net::FileError("read", file, ENOENT);
  std::string token(web::trim(text->substr(0, text->find_first_of("\r\n"))));
  const bool is_word = !token.empty() && std::all_of(token.begin(), token.end(),
                                                     [](char c) { return c > ' ' && c <= '~'; });
  if (!is_word) {
    throw net::FileError("use", file,
                         "its first line is no token: letters, digits and signs without blanks");
  }
  return token;
}

}  // namespace

web::HttpServerOptions options_for_browsers(const ServeOptions& options, Doorkeeper& doorkeeper) {
  web::HttpServerOptions result{.access = {.host_names = options.http_hosts, .token = {}},
                                .tls = {}};
  if (!options.http_token_file.empty()) result.access.token = read_token(options.http_token_file);
  if (options.http_tls) result.tls = [&] { return doorkeeper.web_tls(); };
  return result;
}

}  // namespace topnet::cmd
