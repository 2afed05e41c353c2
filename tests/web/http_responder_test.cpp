#include "web/http_responder.h"

#include <stdexcept>

#include "support/catch.h"

using namespace topnet::web;

namespace {

// As validate_head() returns it.
std::string head(const std::string& method, const std::string& path,
                 const std::string& accept = "*/*") {
  return method + " " + path + " HTTP/1.1\r\nhost: localhost\r\naccept: " + accept + "\r\n\r\n";
}

Route text(const std::string& path, const std::string& body) {
  return {.path = path, .respond = [body](std::string_view) {
            return Response{.content_type = "text/plain", .body = body};
          }};
}

std::string status_line(const std::string& response) {
  return response.substr(0, response.find('\r'));
}

std::string body_of(const std::string& response) {
  return response.substr(response.find("\r\n\r\n") + 4);
}

const std::string kPolicy =
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'\r\n";

}  // namespace

TEST_CASE("HttpResponder: a response is exactly these bytes", "[http_responder]") {
  HttpResponder responder({text("/a", "hello\n")});
  const std::string expected =
      "HTTP/1.1 200 OK\r\n"
      "Accept-Ranges: none\r\n"
      "Cache-Control: no-store\r\n"
      "Connection: close\r\n"
      "Content-Length: 6\r\n" +
      kPolicy +
      "Content-Type: text/plain\r\n"
      "Cross-Origin-Resource-Policy: same-origin\r\n"
      "Referrer-Policy: no-referrer\r\n"
      "X-Content-Type-Options: nosniff\r\n"
      "\r\n";
  CHECK(responder.respond(head("GET", "/a")) == expected + "hello\n");
  CHECK(responder.respond(head("HEAD", "/a")) == expected);
}

TEST_CASE("HttpResponder: a rejection is exactly these bytes", "[http_responder]") {
  CHECK(HttpResponder::respond(Rejection::MethodNotAllowed) ==
        "HTTP/1.1 405 Method Not Allowed\r\n" + kPolicy +
            "X-Content-Type-Options: nosniff\r\n"
            "Referrer-Policy: no-referrer\r\n"
            "Cross-Origin-Resource-Policy: same-origin\r\n"
            "Cache-Control: no-store\r\n"
            "Allow: GET, HEAD\r\n"
            "Connection: close\r\n"
            "Content-Length: 44\r\n"
            "Content-Type: text/plain; charset=utf-8\r\n"
            "\r\n"
            "this method is not allowed; use GET or HEAD\n");
}

TEST_CASE("HttpResponder: each rejection has its status, only 405 an Allow header",
          "[http_responder]") {
  for (const auto& [rejection, line] :
       {std::pair{Rejection::BadRequest, "HTTP/1.1 400 Bad Request"},
        {Rejection::TargetTooLong, "HTTP/1.1 414 URI Too Long"},
        {Rejection::WrongHost, "HTTP/1.1 421 Misdirected Request"},
        {Rejection::HeadTooLarge, "HTTP/1.1 431 Request Header Fields Too Large"}}) {
    const std::string response = HttpResponder::respond(rejection);
    CHECK(status_line(response) == line);
    CHECK_THAT(response, !Catch::Contains("Allow:"));
  }
}

TEST_CASE("HttpResponder: the body of a rejection is one line with cause and next step",
          "[http_responder]") {
  for (const auto& [rejection, body] :
       {std::pair{Rejection::BadRequest,
                  "this is not a valid HTTP/1.1 request; see topnet-status(7)\n"},
        {Rejection::NoToken,
         "a token is required: Authorization: Bearer TOKEN, or TOKEN as the password\n"},
        {Rejection::WrongToken,
         "the token is wrong: send Authorization: Bearer TOKEN, or TOKEN as the password\n"},
        {Rejection::CrossSite,
         "a page of another site may only link to this one; open it directly\n"},
        {Rejection::TargetTooLong, "the URL is too long; see /status\n"},
        {Rejection::WrongHost,
         "this server does not answer to the name in Host; add --http-host NAME\n"},
        {Rejection::TooManyAttempts, "too many wrong tokens from this address; wait a minute\n"},
        {Rejection::HeadTooLarge,
         "the headers of the request are too long; send fewer or shorter ones\n"}}) {
    CHECK(body_of(HttpResponder::respond(rejection)) == body);
    CHECK(body_of(HttpResponder::respond(rejection, true)).empty());
  }
}

TEST_CASE("HttpResponder: a path is matched exactly, without its query", "[http_responder]") {
  HttpResponder responder(
      {text("/", "root"), text("/status", "page"), text("/status.json", "json")});
  CHECK(body_of(responder.respond(head("GET", "/"))) == "root");
  CHECK(body_of(responder.respond(head("GET", "/status.json"))) == "json");
  CHECK(body_of(responder.respond(head("GET", "/status?a=b&c"))) == "page");
  for (const char* path : {"/statusXjson", "/status.jsonx", "/x/status.json", "/status/", "//",
                           "/STATUS", "/status.json/..", "/.", "/status%00", "/status%0a"}) {
    INFO(path);
    CHECK(status_line(responder.respond(head("GET", path))) == "HTTP/1.1 404 Not Found");
  }
}

TEST_CASE("HttpResponder: an unknown path gets 404 without an echo of the request",
          "[http_responder]") {
  HttpResponder responder({text("/", "root")});
  const std::string response = responder.respond(head("GET", "/a%0d%0aSet-Cookie:%20z<script>"));
  CHECK(status_line(response) == "HTTP/1.1 404 Not Found");
  CHECK(body_of(response) == "there is no such page; see /status\n");
  CHECK_THAT(response, Catch::Contains(kPolicy));
  CHECK_THAT(response, !Catch::Contains("Set-Cookie"));
  CHECK_THAT(response, !Catch::Contains("script>"));
}

TEST_CASE("HttpResponder: a route that throws gets 500 without the reason", "[http_responder]") {
  HttpResponder responder(
      {{.path = "/",
        .respond = [](std::string_view) -> Response { throw std::runtime_error("the secret"); }},
       {.path = "/odd", .respond = [](std::string_view) -> Response { throw 1; }}});
  for (const char* path : {"/", "/odd"}) {
    const std::string response = responder.respond(head("GET", path));
    CHECK(status_line(response) == "HTTP/1.1 500 Internal Server Error");
    CHECK(body_of(response) == "the server failed; try again\n");
    CHECK_THAT(response, Catch::Contains(kPolicy));
    CHECK_THAT(response, !Catch::Contains("secret"));
  }
}

TEST_CASE("HttpResponder: a route gets the Accept header", "[http_responder]") {
  HttpResponder responder({{.path = "/", .respond = [](std::string_view accept) {
                              return Response{.content_type = "text/plain",
                                              .body = "[" + std::string(accept) + "]"};
                            }}});
  CHECK(body_of(responder.respond(head("GET", "/", "text/html;q=0.5"))) == "[text/html;q=0.5]");
  CHECK(body_of(responder.respond("GET / HTTP/1.0\r\n\r\n")) == "[]");
}

TEST_CASE("HttpResponder: a body is complete and not compressed", "[http_responder]") {
  const std::string body(1000000, 'x');
  HttpResponder responder({text("/", body)});
  const std::string response =
      responder.respond("GET / HTTP/1.1\r\nhost: localhost\r\nAccept-Encoding: br, gzip\r\n\r\n");
  CHECK(body_of(response) == body);
  CHECK_THAT(response, Catch::Contains("\r\nContent-Length: 1000000\r\n"));
  CHECK_THAT(response, !Catch::Contains("Content-Encoding"));
  CHECK_THAT(response, !Catch::Contains("Transfer-Encoding"));
}
