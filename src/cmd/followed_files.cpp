#include "cmd/followed_files.h"

#include <algorithm>

#include "base/escape.h"
#include "base/files/file_error.h"
#include "cmd/command_error.h"
#include "web/http_text.h"

namespace topnet::cmd {
namespace {

// The first line of the file.
std::string read_token(base::UserFile& file) {
  if (!file.is_given()) return {};
  const std::string text = file.read();
  std::string token(web::trim(std::string_view(text).substr(0, text.find_first_of("\r\n"))));
  const bool is_token = !token.empty() && std::all_of(token.begin(), token.end(),
                                                      [](char c) { return c > ' ' && c <= '~'; });
  if (!is_token) {
    throw base::FileError(
        "use", file.path(),
        "its first line must be a token of printable ASCII characters without blanks");
  }
  return token;
}

}  // namespace

FollowedFiles::FollowedFiles(const ServeOptions& options)
    : has_pki_(options.transport.pki.certificate.is_given() || options.transport.pki.ca.is_given()),
      token_file_(options.http_token_file),
      pki_watch_({options.transport.pki.certificate.path(), options.transport.pki.key.path(),
                  options.transport.pki.ca.path()}),
      token_watch_({token_file_.path()}),
      token_(read_token(token_file_)) {}

void FollowedFiles::poll(net::ServerAuth& auth, web::HttpServer* http) {
  if (pki_watch_.has_changed()) log_line(auth.reload_pki());
  if (token_watch_.has_changed()) log_line(reload_token(http));
}

void FollowedFiles::reload(net::ServerAuth& auth, web::HttpServer* http) {
  std::string line = has_pki_ ? auth.reload_pki() : "";
  if (token_file_.is_given()) line += (has_pki_ ? "; " : "") + reload_token(http);
  log_line("SIGHUP: " + (line.empty() ? "no certificate, key, CA or token file is given" : line));
}

std::string FollowedFiles::reload_token(web::HttpServer* http) {
  const std::string file = base::escape(token_file_.path().native());
  try {
    const std::string token = read_token(token_file_);
    if (token == token_) return "the token in " + file + " is unchanged and in use";
    token_ = token;
  } catch (const base::FileError& error) {
    return std::string(error.what()) + "; keeping the token that was read before";
  }
  if (http != nullptr) http->set_token(token_);
  return "read the new token in " + file;
}

}  // namespace topnet::cmd
