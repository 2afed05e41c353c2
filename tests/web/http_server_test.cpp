#include "web/http_server.h"

#include <array>
#include <atomic>
#include <deque>
#include <future>

#include "net/socket.h"
#include "support/catch.h"

using namespace topnet::web;
using namespace std::chrono_literals;
using topnet::net::ConnectionError;
using topnet::net::Deadline;
using topnet::net::SocketStream;
using topnet::net::TimeoutError;
using topnet::proc::UniqueFd;

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

  // All that comes until the server ends or breaks the connection.
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

  void wait_for_answer(Deadline deadline = soon()) const {
    topnet::net::wait_until_ready(socket_.raw(), topnet::net::Readiness::Read, deadline);
  }

  bool is_ended() const {
    try {
      wait_for_answer(std::chrono::steady_clock::now() + 1ms);
      return true;
    } catch (const TimeoutError&) {
      return false;
    }
  }

 private:
  UniqueFd socket_;
  SocketStream stream_;
};

// A status port with one page.
class Port {
 public:
  explicit Port(HttpServerOptions options = {}, std::string body = "hello")
      : Port(std::move(options), [body](std::string_view) {
          return Answer{.content_type = "text/plain", .body = body};
        }) {}

  Port(HttpServerOptions options, const std::function<Answer(std::string_view)>& answer) {
    UniqueFd listener = topnet::net::listen_on(
        topnet::net::resolve({.host = "127.0.0.1", .port = 0}, topnet::net::Purpose::Listening)
            .front());
    address_ = topnet::net::local_address(listener.raw());
    server_.emplace(std::move(listener), std::vector<Route>{{.path = "/", .answer = answer}},
                    std::move(options), troubles_);
  }

  const sockaddr_storage& address() const { return address_; }
  Browser connect() const { return Browser(address_); }

  // The first line of the answer to `request`; empty where there is none.
  std::string ask(const std::string& request = kRequest) const {
    Browser browser = connect();
    browser.send(request);
    const std::string answer = browser.read_all();
    return answer.substr(0, answer.find('\r'));
  }

  void end() { server_.reset(); }

 private:
  topnet::net::Troubles troubles_;
  sockaddr_storage address_{};
  std::optional<HttpServer> server_;
};

}  // namespace

TEST_CASE("a request is answered, and the connection ends") {
  const Port port;
  Browser browser = port.connect();
  browser.send(kRequest);
  const std::string answer = browser.read_all();
  CHECK_THAT(answer, Catch::StartsWith("HTTP/1.1 200 OK\r\n"));
  CHECK_THAT(answer, Catch::EndsWith("\r\n\r\nhello"));
}

TEST_CASE("one connection gets one answer, whatever follows the head") {
  const Port port;
  Browser browser = port.connect();
  browser.send(kRequest + kRequest + std::string(100000, 'x'));
  const std::string answer = browser.read_all();
  CHECK_THAT(answer, Catch::EndsWith("\r\n\r\nhello"));
  CHECK(answer.rfind("HTTP/1.1 200 OK") == 0);
}

TEST_CASE("a head that comes in pieces is put together") {
  const Port port;
  Browser browser = port.connect();
  for (const char c : kRequest) browser.send({c});
  CHECK_THAT(browser.read_all(), Catch::EndsWith("\r\n\r\nhello"));
}

TEST_CASE("what is not let through is told so") {
  const Port port({.access = {.host_names = {"status.example"}, .token = {}}, .tls = {}});
  CHECK(port.ask("POST / HTTP/1.1\r\nHost: localhost\r\n\r\n") ==
        "HTTP/1.1 405 Method Not Allowed");
  CHECK(port.ask("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n") ==
        "HTTP/1.1 421 Misdirected Request");
  CHECK(port.ask("GET / HTTP/1.1\r\nHost: status.example\r\n\r\n") == "HTTP/1.1 200 OK");
  CHECK(port.ask("GET /" + std::string(1024, 'a') + " HTTP/1.1\r\nHost: localhost\r\n\r\n") ==
        "HTTP/1.1 414 URI Too Long");
}

TEST_CASE("a head is refused one byte beyond its limit, and an endless one as soon") {
  const Port port;
  const auto head_of = [](std::size_t size) {
    const std::string head = "GET / HTTP/1.0\r\nX: ";
    return head + std::string(size - head.size() - 4, 'x') + "\r\n\r\n";
  };
  CHECK(port.ask(head_of(kMaxHeadSize)) == "HTTP/1.1 200 OK");
  CHECK(port.ask(head_of(kMaxHeadSize + 1)) == "HTTP/1.1 431 Request Header Fields Too Large");
  CHECK(port.ask(std::string(kMaxHeadSize, 'x')) == "HTTP/1.1 431 Request Header Fields Too Large");
}

TEST_CASE("the longest path and the longest Range that fit cost no more than others") {
  const Port port;
  CHECK(port.ask("GET /" + std::string(1023, 'a') + " HTTP/1.1\r\nHost: localhost\r\n\r\n") ==
        "HTTP/1.1 404 Not Found");
  std::string range = "GET / HTTP/1.1\r\nHost: localhost\r\nRange: bytes=0-0";
  while (range.size() < kMaxHeadSize - 10) range += ",1-1";
  CHECK(port.ask(range + "\r\n\r\n") == "HTTP/1.1 200 OK");
}

TEST_CASE("whoever leaves before the end of the head harms nobody") {
  const Port port;
  for (int i = 0; i < 100; ++i) port.connect().send("GET / HTTP/1.1\r\n");
  CHECK(port.ask() == "HTTP/1.1 200 OK");
}

TEST_CASE("a head that is not whole in time is cut off without a word") {
  const Port port({.head_limit = 20ms});
  CHECK(port.connect().read_all().empty());
  Browser browser = port.connect();
  browser.send("GET / HTTP/1.1\r\n");
  CHECK(browser.read_all().empty());
}

TEST_CASE("a head that comes byte by byte gains nothing by it") {
  const Port port({.head_limit = 20ms});
  Browser browser = port.connect();
  const Deadline give_up = soon();
  bool has_ended = false;
  // So slowly that the head is not too long before its time is over.
  while (!has_ended && std::chrono::steady_clock::now() < give_up) {
    try {
      browser.send("x");
      has_ended = browser.is_ended();
    } catch (const ConnectionError&) {
      has_ended = true;
    }
  }
  CHECK(has_ended);
  CHECK(browser.read_all().empty());
}

TEST_CASE("when all seats are taken, the oldest without a whole head gives way") {
  const Port port({.head_limit = 60s, .max_connections = 2});
  Browser oldest = port.connect();
  oldest.send("GET / HT");
  Browser other = port.connect();
  other.send("GET / HT");
  CHECK(port.ask() == "HTTP/1.1 200 OK");
  CHECK(oldest.read_all().empty());
  other.send("TP/1.0\r\n\r\n");
  CHECK_THAT(other.read_all(), Catch::EndsWith("hello"));
}

TEST_CASE("a crowd of slow ones keeps nobody out") {
  const Port port({.head_limit = 60s, .max_connections = 8});
  std::deque<Browser> slow;
  for (int i = 0; i < 100; ++i) slow.emplace_back(port.address()).send("GET");
  for (int i = 0; i < 20; ++i) CHECK(port.ask() == "HTTP/1.1 200 OK");
}

TEST_CASE("one whose answer is being made does not give way, however long that takes") {
  std::promise<void> begun;
  std::promise<void> may_end;
  std::atomic<bool> is_first = true;
  const Port port({.head_limit = 60s, .max_connections = 1}, [&](std::string_view) {
    if (is_first.exchange(false)) {
      begun.set_value();
      may_end.get_future().wait();
    }
    return Answer{.content_type = "text/plain", .body = "hello"};
  });
  Browser first = port.connect();
  first.send(kRequest);
  begun.get_future().wait();
  Browser second = port.connect();
  second.send(kRequest);
  CHECK_THROWS_AS(second.wait_for_answer(std::chrono::steady_clock::now() + 700ms), TimeoutError);
  may_end.set_value();
  CHECK_THAT(first.read_all(), Catch::EndsWith("hello"));
  CHECK_THAT(second.read_all(), Catch::EndsWith("hello"));
}

TEST_CASE("a client that does not take its answer is cut off") {
  const std::string body(std::size_t{64} * 1024 * 1024, 'x');
  const Port port({.answer_limit = 20ms, .max_connections = 1}, body);
  Browser lazy = port.connect();
  lazy.send(kRequest);
  lazy.wait_for_answer();
  // Its seat is the only one, and is free again only when it has been cut off.
  const Deadline give_up = soon();
  std::string answer;
  while (answer.empty() && std::chrono::steady_clock::now() < give_up) {
    answer = port.ask("GET /other HTTP/1.0\r\n\r\n");
  }
  CHECK(answer == "HTTP/1.1 404 Not Found");
  CHECK(lazy.read_all().size() < body.size());
}

TEST_CASE("a server that ends takes its connections along") {
  Port port({.head_limit = 60s});
  Browser silent = port.connect();
  Browser halfway = port.connect();
  halfway.send("GET / HTTP/1.1\r\n");
  CHECK(port.ask() == "HTTP/1.1 200 OK");  // the others have been accepted, then
  port.end();
  CHECK(silent.read_all().empty());
  CHECK(halfway.read_all().empty());
  CHECK_THROWS_AS(port.connect(), ConnectionError);
}
