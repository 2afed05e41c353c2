// From the head of a request to the bytes of its answer, by cpp-httplib, which is kept away from
// sockets: it reads from memory and writes into memory. The only file that knows it.
//
// Any thread may ask.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "web/http_head.h"

namespace topnet::web {

struct Answer {
  std::string content_type;
  std::string body;
};

// One page: its exact path, and the function that makes its answer from the request's Accept
// header. If that throws, the client is told only that the server failed.
struct Route {
  std::string path;
  std::function<Answer(std::string_view accept)> answer;
};

class HttpResponder {
 public:
  explicit HttpResponder(const std::vector<Route>& routes);
  ~HttpResponder();
  HttpResponder(HttpResponder&&) = delete;

  // `head` has been let through by judge_head.
  std::string respond(const std::string& head);

  // The answer to a request that was not let through; to a HEAD, without a body.
  static std::string respond(Rejection rejection, bool is_head = false);

 private:
  class Library;
  std::unique_ptr<Library> library_;
};

}  // namespace topnet::web
