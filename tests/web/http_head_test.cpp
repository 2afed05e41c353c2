#include "web/http_head.h"

#include "support/catch.h"

using topnet::web::AccessRules;
using topnet::web::kMaxTargetSize;
using topnet::web::Rejection;
using topnet::web::validate_head;

namespace {

const AccessRules kRules{.host_names = {"status.example"}, .token = {}};

// The reduced head; fails if `head` is rejected.
std::string reduced(const std::string& head) {
  INFO(head);
  const auto validated = validate_head(head, kRules);
  REQUIRE(std::holds_alternative<std::string>(validated));
  return std::get<std::string>(validated);
}

// The status that `head` is rejected with; 0 if it is valid.
int rejection_of(const std::string& head) {
  const auto validated = validate_head(head, kRules);
  return std::holds_alternative<Rejection>(validated)
             ? status_of(std::get<Rejection>(validated)).code
             : 0;
}

std::string with_host(const std::string& host) {
  return "GET /status HTTP/1.1\r\nHost: " + host + "\r\n\r\n";
}

}  // namespace

TEST_CASE("HttpHead: only the request line, Host and Accept are kept", "[http_head]") {
  CHECK(reduced("GET /status HTTP/1.1\r\n"
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
  CHECK(reduced("HEAD / HTTP/1.0\r\n\r\n") == "HEAD / HTTP/1.0\r\n\r\n");
  CHECK(reduced("GET / HTTP/1.0\r\n\r\nGET /other HTTP/1.0\r\nAccept: a\r\n\r\n") ==
        "GET / HTTP/1.0\r\n\r\n");
  CHECK(reduced("GET /a%0d%0aSet-Cookie:%20z HTTP/1.0\r\n\r\n") ==
        "GET /a%0d%0aSet-Cookie:%20z HTTP/1.0\r\n\r\n");
}

TEST_CASE("HttpHead: an absolute target is reduced to its path and host", "[http_head]") {
  const auto reduced_target = [](const std::string& target) {
    return reduced("GET " + target + " HTTP/1.1\r\nHost: 10.0.0.1\r\n\r\n");
  };
  CHECK(reduced_target("http://localhost:8080/healthz") ==
        "GET /healthz HTTP/1.1\r\nhost: localhost:8080\r\n\r\n");
  CHECK(reduced_target("HTTPS://Status.Example/a?b=/c") ==
        "GET /a?b=/c HTTP/1.1\r\nhost: Status.Example\r\n\r\n");
  CHECK(reduced_target("http://[::1]") == "GET / HTTP/1.1\r\nhost: [::1]\r\n\r\n");
  CHECK(reduced_target("http://[::1]?n=1") == "GET /?n=1 HTTP/1.1\r\nhost: [::1]\r\n\r\n");
  CHECK(reduced("GET http://localhost/ HTTP/1.0\r\n\r\n") ==
        "GET / HTTP/1.0\r\nhost: localhost\r\n\r\n");
}

TEST_CASE("HttpHead: the host of an absolute target counts, not Host", "[http_head]") {
  const auto rejection = [](const std::string& target, const std::string& headers) {
    return rejection_of("GET " + target + " HTTP/1.1\r\n" + headers + "\r\n");
  };
  CHECK(rejection("http://localhost/", "Host: evil.example\r\n") == 0);
  CHECK(rejection("http://evil.example/", "Host: localhost\r\n") == 421);
  CHECK(rejection("http://", "Host: localhost\r\n") == 421);
  CHECK(rejection("http:///status", "Host: localhost\r\n") == 421);
  CHECK(rejection("http://user@localhost/", "Host: localhost\r\n") == 421);
  CHECK(rejection("http://localhost/", "") == 400);
  CHECK(rejection("http://localhost/", "Host: localhost\r\nHost: localhost\r\n") == 400);
}

TEST_CASE("HttpHead: an Accept that is longer than the library reads is ignored", "[http_head]") {
  const std::string longest(4096, 'a');
  CHECK(reduced("GET / HTTP/1.0\r\nAccept: " + longest + "\r\n\r\n") ==
        "GET / HTTP/1.0\r\naccept: " + longest + "\r\n\r\n");
  CHECK(reduced("GET / HTTP/1.0\r\nAccept: a" + longest + "\r\n\r\n") == "GET / HTTP/1.0\r\n\r\n");
}

TEST_CASE("HttpHead: methods other than GET and HEAD are rejected", "[http_head]") {
  for (const char* method :
       {"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PRI", "get", "Head", "GETT", "G"}) {
    INFO(method);
    CHECK(rejection_of(std::string(method) + " /status HTTP/1.1\r\nHost: localhost\r\n\r\n") ==
          405);
  }
  CHECK(rejection_of("CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n") == 405);
  CHECK(rejection_of("OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n") == 405);
}

TEST_CASE("HttpHead: a request line is a method, a path and a known version", "[http_head]") {
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
                           "GET http:/localhost/status HTTP/1.1",
                           "GET ftp://localhost/status HTTP/1.1",
                           "GET localhost://localhost/status HTTP/1.1",
                           "GET /\x7f HTTP/1.1",
                           "GET /\xc3\xa9 HTTP/1.1",
                           "G\x01T / HTTP/1.1",
                           "\x16\x03\x01"}) {
    INFO(line);
    CHECK(rejection_of(std::string(line) + "\r\nHost: localhost\r\n\r\n") == 400);
  }
  CHECK(rejection_of(std::string("GET /\0 HTTP/1.1\r\nHost: localhost\r\n\r\n", 37)) == 400);
}

TEST_CASE("HttpHead: a target is rejected one byte beyond its limit", "[http_head]") {
  const std::string path = "/" + std::string(kMaxTargetSize - 1, 'a');
  CHECK(rejection_of("GET " + path + " HTTP/1.0\r\n\r\n") == 0);
  CHECK(rejection_of("GET " + path + "a HTTP/1.0\r\n\r\n") == 414);
}

TEST_CASE("HttpHead: a header has a name, a colon and no control character", "[http_head]") {
  for (const char* line :
       {"Accept", "Accept text/html", ": text/html", "Accept : text/html", " Accept: folded",
        "Acc ept: a", "Acc\x7fpt: a", "Acc\xc3\xa9pt: a", "Accept: a\rb", "Accept: a\nX: b",
        "Accept: a\x1b[0m", "Accept: a\x7f", "Accept: a\x01", "X: a\nHost: evil.example"}) {
    INFO(line);
    CHECK(rejection_of("GET / HTTP/1.1\r\nHost: localhost\r\n" + std::string(line) + "\r\n\r\n") ==
          400);
  }
  CHECK(rejection_of(std::string("GET / HTTP/1.0\r\nAccept: a\0b\r\n\r\n", 31)) == 400);
  CHECK(rejection_of("GET / HTTP/1.1\nHost: localhost\n\r\n\r\n") == 400);
  CHECK(reduced("GET / HTTP/1.0\r\nAccept: a\tb\xc3\xa9\r\n\r\n") ==
        "GET / HTTP/1.0\r\naccept: a\tb\xc3\xa9\r\n\r\n");
  CHECK(reduced("GET / HTTP/1.0\r\nAccept:\r\n\r\n") == "GET / HTTP/1.0\r\n\r\n");
}

TEST_CASE("HttpHead: HTTP/1.1 needs one Host, and two are rejected", "[http_head]") {
  CHECK(rejection_of("GET / HTTP/1.1\r\nAccept: a\r\n\r\n") == 400);
  CHECK(rejection_of("GET / HTTP/1.1\r\nHost: localhost\r\nhost: localhost\r\n\r\n") == 400);
  CHECK(rejection_of("GET / HTTP/1.0\r\nHost: localhost\r\nHOST: evil.example\r\n\r\n") == 400);
}

TEST_CASE("HttpHead: Host may be a numeric address, localhost or a given name", "[http_head]") {
  for (const char* host :
       {"127.0.0.1", "127.0.0.1:8080", "[::1]", "[::1]:8080", "10.1.2.3:1", "localhost",
        "LocalHost:8080", "status.example", "STATUS.Example:443", "\t localhost \t"}) {
    INFO(host);
    CHECK(rejection_of(with_host(host)) == 0);
  }
}

TEST_CASE("HttpHead: Host with another name is rejected", "[http_head]") {
  for (const char* host :
       {"", "evil.example", "evil.example:8080", "localhost.evil.example", "xlocalhost",
        "status.example.", "sub.status.example", "localhost:", "localhost:x", "localhost:65536",
        "localhost:80:80", "[::1", "[::1]x", "127.0.0.1.evil.example", "127.1", "2130706433",
        "127.0.0.1 evil.example", "localhost@evil.example", "user@127.0.0.1"}) {
    INFO(host);
    CHECK(rejection_of(with_host(host)) == 421);
  }
  CHECK(rejection_of("GET / HTTP/1.0\r\nHost: evil.example\r\n\r\n") == 421);
}
