#include "web/http_responder.h"

#include <fmt/format.h>
#include <httplib.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "web/http_text.h"

namespace topnet::web {
namespace {

// In every response. The policy allows only our own style, script, data and the empty icon. Other
// sites may not frame, embed or read a page.
constexpr std::array<std::pair<const char*, const char*>, 5> kHeaders{
    {{"Content-Security-Policy",
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
      "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
     {"X-Content-Type-Options", "nosniff"},
     {"Referrer-Policy", "no-referrer"},
     {"Cross-Origin-Resource-Policy", "same-origin"},
     {"Cache-Control", "no-store"}}};

// A request in memory, and the response to it.
class MemoryStream : public httplib::Stream {
 public:
  explicit MemoryStream(const std::string& input) : rest_(input) {}

  std::string take_output() { return std::move(output_); }

  bool is_readable() const override { return true; }
  bool is_writable() const override { return true; }
  ssize_t read(char* buffer, std::size_t size) override {
    const std::size_t count = std::min(size, rest_.size());
    std::memcpy(buffer, rest_.data(), count);
    rest_.remove_prefix(count);
    return static_cast<ssize_t>(count);
  }
  ssize_t write(const char* bytes, std::size_t size) override {
    output_.append(bytes, size);
    return static_cast<ssize_t>(size);
  }
  // Unused: a route gets only the Accept header.
  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  socket_t socket() const override { return INVALID_SOCKET; }

 private:
  std::string_view rest_;
  std::string output_;
};

// The library compresses a plain body, with brotli for a quarter of a second of CPU time. It does
// not compress a body from a provider of known size.
void set_body(httplib::Response& response, std::string body, const std::string& content_type) {
  // The library never calls a provider of size 0.
  if (body.empty()) return;
  const std::size_t size = body.size();
  response.set_content_provider(
      size, content_type,
      [body = std::move(body)](std::size_t offset, std::size_t length, httplib::DataSink& sink) {
        return sink.write(body.data() + offset, length);
      });
}

}  // namespace

class HttpResponder::Library : public httplib::Server {
 public:
  explicit Library(std::vector<Route> routes) : routes_(std::move(routes)) {
    // Without a listening socket the library assumes a shutdown and sends no body. It only compares
    // this number.
    svr_sock_ = 0;
    httplib::Headers headers{{"Accept-Ranges", "none"}};
    headers.insert(kHeaders.begin(), kHeaders.end());
    set_default_headers(std::move(headers));
    // The library's own routes are regular expressions, which recurse for each character of a path.
    set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
      return route(request, response);
    });
    set_error_handler([](const httplib::Request&, httplib::Response& response) {
      if (response.body.empty()) {
        set_body(response,
                 response.status == 404 ? "there is no such page; see /status\n"
                                        : "the server failed; try again\n",
                 kPlainText);
      }
    });
    set_exception_handler([](const httplib::Request&, httplib::Response& response,
                             const std::exception_ptr&) { response.status = 500; });
  }

  std::string respond(const std::string& head) {
    MemoryStream stream(head);
    bool is_closed = false;
    process_request(stream, true, is_closed, nullptr);
    return stream.take_output();
  }

 private:
  HandlerResponse route(const httplib::Request& request, httplib::Response& response) {
    const auto found = std::find_if(routes_.begin(), routes_.end(),
                                    [&](const Route& route) { return route.path == request.path; });
    if (found == routes_.end()) return HandlerResponse::Unhandled;
    Response made = found->respond(request.get_header_value("Accept"));
    set_body(response, std::move(made.body), made.content_type);
    return HandlerResponse::Handled;
  }

  std::vector<Route> routes_;
};

HttpResponder::HttpResponder(const std::vector<Route>& routes)
    : library_(std::make_unique<Library>(routes)) {}
HttpResponder::~HttpResponder() = default;

std::string HttpResponder::respond(const std::string& head) { return library_->respond(head); }

std::string HttpResponder::respond(Rejection rejection, bool is_head) {
  const HttpStatus status = status_of(rejection);
  const std::string body = fmt::format("{}\n", status.message);
  std::string response = fmt::format("HTTP/1.1 {} {}\r\n", status.code, status.reason);
  for (const auto& [name, value] : kHeaders) response += fmt::format("{}: {}\r\n", name, value);
  if (rejection == Rejection::MethodNotAllowed) response += "Allow: GET, HEAD\r\n";
  if (rejection == Rejection::TooManyAttempts) response += "Retry-After: 60\r\n";
  if (status.code == 401)
    response += "WWW-Authenticate: Basic realm=\"topnet\", charset=\"UTF-8\"\r\n";
  return response +
         fmt::format("Connection: close\r\nContent-Length: {}\r\nContent-Type: {}\r\n\r\n{}",
                     body.size(), kPlainText, is_head ? "" : body);
}

}  // namespace topnet::web
