// Makes the bytes of a response from the head of a request with cpp-httplib, which reads and writes
// memory, never sockets. No other file uses that library.
//
// Thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "web/http_head.h"

namespace topnet::web {

struct Response {
  std::string content_type;
  std::string body;
};

// An exact path, and the function that makes its response from the request's Accept header. If it
// throws, the response is status 500 without the reason.
struct Route {
  std::string path;
  std::function<Response(std::string_view accept)> respond;
};

class HttpResponder {
 public:
  explicit HttpResponder(const std::vector<Route>& routes);
  ~HttpResponder();
  HttpResponder(HttpResponder&&) = delete;

  // `head` is a result of validate_head().
  std::string respond(const std::string& head);

  // The response to a rejected request; without a body if `is_head`.
  static std::string respond(Rejection rejection, bool is_head = false);

 private:
  class Library;
  std::unique_ptr<Library> library_;
};

}  // namespace topnet::web
