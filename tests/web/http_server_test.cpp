#include "web/http_server.h"

#include <array>
#include <atomic>
#include <deque>
#include <future>

#include "net/connect.h"
#include "net/socket.h"
#include "support/catch.h"

using namespace topnet::web;
using namespace std::chrono_literals;
using topnet::base::UniqueFd;
using topnet::net::ConnectionError;
using topnet::net::Deadline;
using topnet::net::SocketStream;
using topnet::net::TimeoutError;

namespace {

const std::string kRequest = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

Deadline soon() { return std::chrono::steady_clock::now() + 20s; }

class Browser {
 public:
  explicit Browser(const sockaddr_storage& address)
      : socket_(topnet::net::connect_to({address}, soon())), stream_(socket_.raw()) {}

  void send(const std::string& bytes) {
    stream_.write_all(std::as_bytes(std::span(bytes)), soon());
  }

  // Everything until the server closes or resets the connection.
  std::string read_all() {
    std::string all;
    std::array<std::byte, 65536> buffer{};
    try {
      while (const std::size_t count = stream_.read_some(buffer, soon())) {
        all.append(reinterpret_cast<const char*>(buffer.data()), count);
      }
    } catch (const ConnectionError&) {
      return all;
    }
    return all;
  }

  void wait_for_response(Deadline deadline = soon()) const {
    topnet::net::wait_until_ready(socket_.raw(), topnet::net::Readiness::Read, deadline);
  }

  bool is_readable() const {
    try {
      wait_for_response(std::chrono::steady_clock::now() + 1ms);
      return true;
    } catch (const TimeoutError&) {
      return false;
    }
  }

 private:
  UniqueFd socket_;
  SocketStream stream_;
};

// An HttpServer with one route.
class TestServer {
 public:
  explicit TestServer(HttpServerOptions options = {}, std::string body = "hello")
      : TestServer(std::move(options), [body](std::string_view) {
          return Response{.content_type = "text/plain", .body = body};
        }) {}

  TestServer(HttpServerOptions options, const std::function<Response(std::string_view)>& respond) {
    UniqueFd listener =
        topnet::net::listen_on(*topnet::net::to_socket_address({.host = "127.0.0.1", .port = 0}));
    address_ = topnet::net::local_address(listener.raw());
    server_.emplace(std::move(listener), std::vector<Route>{{.path = "/", .respond = respond}},
                    std::move(options), resource_errors_);
  }

  const sockaddr_storage& address() const { return address_; }
  Browser connect() const { return Browser(address_); }

  // The first line of the response; empty if the server sends nothing.
  std::string request(const std::string& head = kRequest) const {
    Browser browser = connect();
    browser.send(head);
    const std::string response = browser.read_all();
    return response.substr(0, response.find('\r'));
  }

  void set_token(const std::string& token) { server_->set_token(token); }
  void stop() { server_.reset(); }

 private:
  topnet::net::ResourceErrors resource_errors_;
  sockaddr_storage address_{};
  std::optional<HttpServer> server_;
};

}  // namespace

TEST_CASE("HttpServer: one request is answered, and the connection ends", "[http_server]") {
  const TestServer server;
  Browser browser = server.connect();
  browser.send(kRequest + kRequest + std::string(100000, 'x'));
  const std::string response = browser.read_all();
  CHECK_THAT(response, Catch::EndsWith("\r\n\r\nhello"));
  CHECK(response.rfind("HTTP/1.1 200 OK\r\n") == 0);
  Browser slow = server.connect();
  for (const char c : kRequest) slow.send({c});
  CHECK_THAT(slow.read_all(), Catch::EndsWith("\r\n\r\nhello"));
}

TEST_CASE("HttpServer: a rejected request gets the status", "[http_server]") {
  const TestServer server({.access = {.host_names = {"status.example"}, .token = {}}, .tls = {}});
  CHECK(server.request("POST / HTTP/1.1\r\nHost: localhost\r\n\r\n") ==
        "HTTP/1.1 405 Method Not Allowed");
  CHECK(server.request("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n") ==
        "HTTP/1.1 421 Misdirected Request");
  CHECK(server.request("GET / HTTP/1.1\r\nHost: status.example\r\n\r\n") == "HTTP/1.1 200 OK");
}

TEST_CASE("HttpServer: heads and targets are accepted up to their limits", "[http_server]") {
  const TestServer server;
  const auto head_of = [](std::size_t size) {
    const std::string head = "GET / HTTP/1.0\r\nX: ";
    return head + std::string(size - head.size() - 4, 'x') + "\r\n\r\n";
  };
  const char* const too_large = "HTTP/1.1 431 Request Header Fields Too Large";
  CHECK(server.request(head_of(16384)) == "HTTP/1.1 200 OK");
  CHECK(server.request(head_of(16385)) == too_large);
  CHECK(server.request(std::string(kMaxHeadSize, 'x')) == too_large);
  const std::string target = "GET /" + std::string(kMaxTargetSize - 1, 'a');
  CHECK(server.request(target + " HTTP/1.0\r\n\r\n") == "HTTP/1.1 404 Not Found");
  CHECK(server.request(target + "a HTTP/1.0\r\n\r\n") == "HTTP/1.1 414 URI Too Long");
  std::string range = "GET / HTTP/1.1\r\nHost: localhost\r\nRange: bytes=0-0";
  while (range.size() < kMaxHeadSize - 10) range += ",1-1";
  CHECK(server.request(range + "\r\n\r\n") == "HTTP/1.1 200 OK");
}

TEST_CASE("HttpServer: one empty line before the request is ignored", "[http_server]") {
  const TestServer server;
  CHECK(server.request("\r\n" + kRequest) == "HTTP/1.1 200 OK");
  CHECK(server.request("\r\n\r\n" + kRequest) == "HTTP/1.1 400 Bad Request");
  Browser slow = server.connect();
  for (const char c : "\r\n" + kRequest) slow.send({c});
  CHECK_THAT(slow.read_all(), Catch::EndsWith("\r\n\r\nhello"));
}

TEST_CASE("HttpServer: after the token was replaced, only the new one is right", "[http_server]") {
  TestServer server({.access = {.host_names = {}, .token = "old"}});
  const auto request = [&](const std::string& token) {
    return server.request("GET / HTTP/1.0\r\nAuthorization: Bearer " + token + "\r\n\r\n");
  };
  CHECK(request("old") == "HTTP/1.1 200 OK");
  server.set_token("new");
  CHECK(request("old") == "HTTP/1.1 401 Unauthorized");
  CHECK(request("new") == "HTTP/1.1 200 OK");
}

TEST_CASE("HttpServer: a right token is answered while wrong ones are delayed", "[http_server]") {
  TestServer server({.access = {.host_names = {}, .token = "right"}, .guess_delay = 60s});
  const auto request = [](const std::string& token) {
    return "GET / HTTP/1.0\r\nAuthorization: Bearer " + token + "\r\n\r\n";
  };
  for (int i = 0; i < 5; ++i) {
    CHECK(server.request(request("wrong")) == "HTTP/1.1 401 Unauthorized");
  }
  Browser guessing = server.connect();
  guessing.send(request("wrong"));
  for (int i = 0; i < 10; ++i) CHECK(server.request(request("right")) == "HTTP/1.1 200 OK");
  CHECK(server.request("GET / HTTP/1.0\r\n\r\n") == "HTTP/1.1 401 Unauthorized");
  CHECK_FALSE(guessing.is_readable());
  server.stop();
}

TEST_CASE("HttpServer: clients that leave within the head do no harm", "[http_server]") {
  const TestServer server;
  for (int i = 0; i < 100; ++i) server.connect().send("GET / HTTP/1.1\r\n");
  CHECK(server.request() == "HTTP/1.1 200 OK");
}

TEST_CASE("HttpServer: an incomplete head times out without a response", "[http_server]") {
  const TestServer server({.head_limit = 20ms});
  CHECK(server.connect().read_all().empty());
  Browser browser = server.connect();
  browser.send("GET / HTTP/1.1\r\n");
  CHECK(browser.read_all().empty());
}

TEST_CASE("HttpServer: single bytes do not extend the time for the head", "[http_server]") {
  const TestServer server({.head_limit = 20ms});
  Browser browser = server.connect();
  const Deadline give_up = soon();
  bool has_ended = false;
  // Each byte takes a millisecond, so the head does not reach its size limit in time.
  while (!has_ended && std::chrono::steady_clock::now() < give_up) {
    try {
      browser.send("x");
      has_ended = browser.is_readable();
    } catch (const ConnectionError&) {
      has_ended = true;
    }
  }
  CHECK(has_ended);
  CHECK(browser.read_all().empty());
}

TEST_CASE("HttpServer: without a free slot the oldest incomplete request is evicted",
          "[http_server]") {
  const TestServer server({.head_limit = 60s, .max_connections = 2});
  Browser oldest = server.connect();
  oldest.send("GET / HT");
  Browser other = server.connect();
  other.send("GET / HT");
  CHECK(server.request() == "HTTP/1.1 200 OK");
  CHECK(oldest.read_all().empty());
  other.send("TP/1.0\r\n\r\n");
  CHECK_THAT(other.read_all(), Catch::EndsWith("hello"));
}

TEST_CASE("HttpServer: many slow clients do not keep others out", "[http_server]") {
  const TestServer server({.head_limit = 60s, .max_connections = 8});
  std::deque<Browser> slow;
  for (int i = 0; i < 100; ++i) slow.emplace_back(server.address()).send("GET");
  for (int i = 0; i < 20; ++i) CHECK(server.request() == "HTTP/1.1 200 OK");
}

TEST_CASE("HttpServer: a connection is not evicted while its response is made", "[http_server]") {
  std::promise<void> begun;
  std::promise<void> may_end;
  std::atomic<bool> is_first = true;
  const TestServer server({.head_limit = 60s, .max_connections = 1}, [&](std::string_view) {
    if (is_first.exchange(false)) {
      begun.set_value();
      may_end.get_future().wait();
    }
    return Response{.content_type = "text/plain", .body = "hello"};
  });
  Browser first = server.connect();
  first.send(kRequest);
  begun.get_future().wait();
  Browser second = server.connect();
  second.send(kRequest);
  CHECK_THROWS_AS(second.wait_for_response(std::chrono::steady_clock::now() + 700ms), TimeoutError);
  may_end.set_value();
  CHECK_THAT(first.read_all(), Catch::EndsWith("hello"));
  CHECK_THAT(second.read_all(), Catch::EndsWith("hello"));
}

TEST_CASE("HttpServer: a client that does not receive its response is disconnected",
          "[http_server]") {
  const std::string body(std::size_t{64} * 1024 * 1024, 'x');
  const TestServer server({.response_limit = 20ms, .max_connections = 1}, body);
  Browser lazy = server.connect();
  lazy.send(kRequest);
  lazy.wait_for_response();
  // The only slot is free again after the disconnection.
  const Deadline give_up = soon();
  std::string response;
  while (response.empty() && std::chrono::steady_clock::now() < give_up) {
    response = server.request("GET /other HTTP/1.0\r\n\r\n");
  }
  CHECK(response == "HTTP/1.1 404 Not Found");
  CHECK(lazy.read_all().size() < body.size());
}

TEST_CASE("HttpServer: the destructor closes all connections", "[http_server]") {
  TestServer server({.head_limit = 60s});
  Browser silent = server.connect();
  Browser incomplete = server.connect();
  incomplete.send("GET / HTTP/1.1\r\n");
  CHECK(server.request() == "HTTP/1.1 200 OK");  // the others have been accepted before
  server.stop();
  CHECK(silent.read_all().empty());
  CHECK(incomplete.read_all().empty());
  CHECK_THROWS_AS(server.connect(), ConnectionError);
}
