#include "web/http_head.h"

#include "support/catch.h"

using topnet::web::AccessRules;
using topnet::web::judge_head;
using topnet::web::kMaxTargetSize;
using topnet::web::Rejection;

namespace {

const AccessRules kRules{.host_names = {"status.example"}, .token = {}};

// The head that is let through; fails where it is not.
std::string passed(const std::string& head) {
  INFO(head);
  const auto judged = judge_head(head, kRules);
  REQUIRE(std::holds_alternative<std::string>(judged));
  return std::get<std::string>(judged);
}

// The status that it is rejected with; 0 where it is let through.
int rejected(const std::string& head) {
  const auto judged = judge_head(head, kRules);
  return std::holds_alternative<Rejection>(judged) ? status_of(std::get<Rejection>(judged)).code
                                                   : 0;
}

std::string with_host(const std::string& host) {
  return "GET /status HTTP/1.1\r\nHost: " + host + "\r\n\r\n";
}

}  // namespace

TEST_CASE("of a request only its line, Host and Accept are let through") {
  CHECK(passed("GET /status HTTP/1.1\r\n"
               "Host: 127.0.0.1:8080\r\n"
               "Range: bytes=0-1,2-3\r\n"
               "REMOTE_ADDR: 10.0.0.1\r\n"
               "LOCAL_ADDR: 10.0.0.1\r\n"
               "Content-Length: 100\r\n"
               "Transfer-Encoding: chunked\r\n"
               "Connection: keep-alive\r\n"
               "Expect: 100-continue\r\n"
               "Accept-Encoding: gzip, br\r\n"
               "Upgrade: h2c\r\n"
               "ACCEPT:text/html \t\r\n"
               "X-Forwarded-For: 10.0.0.1\r\n"
               "\r\n") ==
        "GET /status HTTP/1.1\r\nhost: 127.0.0.1:8080\r\naccept: text/html\r\n\r\n");
  CHECK(passed("HEAD / HTTP/1.0\r\n\r\n") == "HEAD / HTTP/1.0\r\n\r\n");
}

TEST_CASE("what follows the head is not read") {
  CHECK(passed("GET / HTTP/1.0\r\n\r\nGET /other HTTP/1.0\r\nAccept: a\r\n\r\n") ==
        "GET / HTTP/1.0\r\n\r\n");
}

TEST_CASE("every method but GET and HEAD is refused as such, whatever it asks for") {
  for (const char* method :
       {"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PRI", "get", "Head", "GETT", "G"}) {
    INFO(method);
    CHECK(rejected(std::string(method) + " /status HTTP/1.1\r\nHost: localhost\r\n\r\n") == 405);
  }
  CHECK(rejected("CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n") == 405);
  CHECK(rejected("OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n") == 405);
}

TEST_CASE("a request line has three words, a path and a version that we speak") {
  for (const char* line : {"",
                           " ",
                           "GET",
                           "GET /",
                           "GET / ",
                           "GET  HTTP/1.1",
                           " / HTTP/1.1",
                           "/ HTTP/1.1",
                           "GET / HTTP/1.2",
                           "GET / HTTP/0.9",
                           "GET / HTTP/2.0",
                           "GET / http/1.1",
                           "GET / HTTP/1.1 ",
                           "GET /a b HTTP/1.1",
                           "GET  / HTTP/1.1",
                           "GET\t/ HTTP/1.1",
                           "GET /\t HTTP/1.1",
                           "GET / HTTP/1.1\r",
                           "GET status HTTP/1.1",
                           "GET * HTTP/1.1",
                           "GET http://localhost/status HTTP/1.1",
                           "GET /\x7f HTTP/1.1",
                           "GET /\xc3\xa9 HTTP/1.1",
                           "G\x01T / HTTP/1.1",
                           "\x16\x03\x01"}) {
    INFO(line);
    CHECK(rejected(std::string(line) + "\r\nHost: localhost\r\n\r\n") == 400);
  }
  CHECK(rejected(std::string("GET /\0 HTTP/1.1\r\nHost: localhost\r\n\r\n", 37)) == 400);
}

TEST_CASE("a path is refused one byte beyond its limit") {
  const std::string path = "/" + std::string(kMaxTargetSize - 1, 'a');
  CHECK(rejected("GET " + path + " HTTP/1.0\r\n\r\n") == 0);
  CHECK(rejected("GET " + path + "a HTTP/1.0\r\n\r\n") == 414);
}

TEST_CASE("escapes in a path are not undone here, and cannot end a line") {
  CHECK(passed("GET /a%0d%0aSet-Cookie:%20z HTTP/1.0\r\n\r\n") ==
        "GET /a%0d%0aSet-Cookie:%20z HTTP/1.0\r\n\r\n");
}

TEST_CASE("a header has a name, a colon, and no control character") {
  for (const char* line :
       {"Accept", "Accept text/html", ": text/html", "Accept : text/html", " Accept: folded",
        "Acc ept: a", "Acc\x7fpt: a", "Acc\xc3\xa9pt: a", "Accept: a\rb", "Accept: a\nX: b",
        "Accept: a\x1b[0m", "Accept: a\x7f", "Accept: a\x01", "X: a\nHost: evil.example"}) {
    INFO(line);
    CHECK(rejected("GET / HTTP/1.1\r\nHost: localhost\r\n" + std::string(line) + "\r\n\r\n") ==
          400);
  }
  CHECK(rejected(std::string("GET / HTTP/1.0\r\nAccept: a\0b\r\n\r\n", 31)) == 400);
  CHECK(rejected("GET / HTTP/1.1\nHost: localhost\n\r\n\r\n") == 400);
  CHECK(passed("GET / HTTP/1.0\r\nAccept: a\tb\xc3\xa9\r\n\r\n") ==
        "GET / HTTP/1.0\r\naccept: a\tb\xc3\xa9\r\n\r\n");
  CHECK(passed("GET / HTTP/1.0\r\nAccept:\r\n\r\n") == "GET / HTTP/1.0\r\naccept: \r\n\r\n");
}

TEST_CASE("HTTP/1.1 needs one Host, and nothing takes two") {
  CHECK(rejected("GET / HTTP/1.1\r\nAccept: a\r\n\r\n") == 400);
  CHECK(rejected("GET / HTTP/1.1\r\nHost: localhost\r\nhost: localhost\r\n\r\n") == 400);
  CHECK(rejected("GET / HTTP/1.0\r\nHost: localhost\r\nHOST: evil.example\r\n\r\n") == 400);
}

TEST_CASE("numeric addresses, localhost and the names that were given are ours") {
  for (const char* host :
       {"127.0.0.1", "127.0.0.1:8080", "[::1]", "[::1]:8080", "10.1.2.3:1", "localhost",
        "LocalHost:8080", "status.example", "STATUS.Example:443", "\t localhost \t"}) {
    INFO(host);
    CHECK(rejected(with_host(host)) == 0);
  }
}

TEST_CASE("every other name in Host is refused: it was made to point here") {
  for (const char* host :
       {"", "evil.example", "evil.example:8080", "localhost.evil.example", "xlocalhost",
        "status.example.", "sub.status.example", "localhost:", "localhost:x", "localhost:65536",
        "localhost:80:80", "[::1", "[::1]x", "127.0.0.1.evil.example", "127.1", "2130706433",
        "127.0.0.1 evil.example", "localhost@evil.example", "user@127.0.0.1"}) {
    INFO(host);
    CHECK(rejected(with_host(host)) == 421);
  }
  CHECK(rejected("GET / HTTP/1.0\r\nHost: evil.example\r\n\r\n") == 421);
}
