#include "net/trust/trust_entries.h"

#include "support/catch.h"
#include "support/pins.h"

using namespace topnet::base;
using namespace topnet::net;
using topnet::test::at;
using topnet::test::pin_of;

namespace {

const std::string kTime = "2026-11-23T20:01:02.123Z";
const std::string kDigest(64, 'd');
const std::string kSecret = "00112233445566778899aabbccddeeff";
const std::string kCode = "topnet1/web01:8676/" + pin_of('a').substr(7) + "/" + kSecret;

// The entry that `line` is parsed into.
template <typename Entry>
Entry parse(const std::string& line) {
  Entry entry;
  REQUIRE(parse_line(line, entry));
  return entry;
}

template <typename Entry>
bool is_entry(const std::string& line) {
  Entry ignored;
  return parse_line(line, ignored);
}

std::string replaced(std::string text, const std::string& old, const std::string& with) {
  const auto found = text.find(old);
  REQUIRE(found != std::string::npos);
  return text.replace(found, old.size(), with);
}

}  // namespace

TEST_CASE("EnrolledClient: a line has name, pin, time, and the learned pin if any",
          "[enrolled_client]") {
  const EnrolledClient client{
      .name = "db1", .pin = pin_of('a'), .since = at(kTime), .learned = pin_of('b')};
  const std::string line = "db1 " + pin_of('a') + " " + kTime + " " + pin_of('b');
  CHECK(to_line(client) == line);
  CHECK(parse<EnrolledClient>(line) == client);
  CHECK(parse<EnrolledClient>("  db1   " + pin_of('a') + "  " + kTime + " ") ==
        EnrolledClient{.name = "db1", .pin = pin_of('a'), .since = at(kTime), .learned = {}});
}

TEST_CASE("KnownServer: a line has the address as typed, pin, time, and the next pin if any",
          "[known_server]") {
  for (const std::string& address :
       {std::string("web01:8676"), std::string("[::1]:8676"), std::string("192.0.2.1:1"),
        std::string("[fe80::1%eth0]:65535"), std::string(R"(caf\xe9:8676)"),
        std::string("caf\xc3\xa9:8676")}) {
    CAPTURE(address);
    const KnownServer server{
        .address = address, .pin = pin_of('a'), .since = at(kTime), .next = pin_of('b')};
    CHECK(parse<KnownServer>(to_line(server)) == server);
  }
}

TEST_CASE("Invite: a line has name, digest, expiry, and the pin that used it if any", "[invite]") {
  const Invite invite{
      .name = "db1", .digest = kDigest, .expires = at(kTime), .used_by = pin_of('a')};
  const std::string line = "db1 " + kDigest + " " + kTime + " " + pin_of('a');
  CHECK(to_line(invite) == line);
  CHECK(parse<Invite>(line) == invite);
}

TEST_CASE("TrustEntries: malformed lines are rejected", "[trust_entries]") {
  const std::string client = "db1 " + pin_of('a') + " " + kTime;
  REQUIRE(is_entry<EnrolledClient>(client));
  for (const std::string& line : {std::string(),
                                  std::string("db1"),
                                  "db1 " + pin_of('a'),
                                  client + " x",
                                  client + " " + pin_of('b') + " x",
                                  client + " " + pin_of('b') + " " + pin_of('c'),
                                  replaced(client, " ", "\t"),
                                  client + "\r",
                                  client + "\t",
                                  replaced(client, "SHA256:", "sha256:"),
                                  replaced(client, "A ", " "),
                                  replaced(client, "A ", "B "),
                                  replaced(client, "2026", "26"),
                                  replaced(client, "-11", "-13"),
                                  replaced(client, "Z", ""),
                                  replaced(client, "db1", "d/b"),
                                  replaced(client, "db1", "d\xc3\xa9"),
                                  replaced(client, "db1", std::string(65, 'a')),
                                  replaced(client, "db1 ", ""),
                                  replaced(client, "db1", "local")}) {
    CAPTURE(line);
    CHECK_FALSE(is_entry<EnrolledClient>(line));
  }
  const std::string server = "web01:8676 " + pin_of('a') + " " + kTime;
  REQUIRE(is_entry<KnownServer>(server));
  for (const std::string& address :
       {std::string("web01"), std::string("web01:"), std::string("web01:65536"), std::string(":1"),
        std::string("::1:8676"), std::string("web/01:8676"), std::string("web\x1b:8676"),
        std::string("web\\:8676"), std::string("\xff:8676"), std::string(300, 'w') + ":1",
        std::string("web01:0"), std::string("web01:08676"), std::string("[web01]:8676")}) {
    CAPTURE(address);
    CHECK_FALSE(is_server_address(address));
    CHECK_FALSE(is_entry<KnownServer>(replaced(server, "web01:8676", address)));
  }
  const std::string invite = "db1 " + kDigest + " " + kTime;
  REQUIRE(is_entry<Invite>(invite));
  for (const std::string& digest :
       {kDigest + "d", kDigest.substr(1), std::string(64, 'D'), std::string(64, 'g')}) {
    CHECK_FALSE(is_entry<Invite>(replaced(invite, kDigest, digest)));
  }
  CHECK_FALSE(is_entry<Invite>(replaced(invite, "db1", "local")));
  // A line of one kind is not valid as another kind.
  CHECK_FALSE(is_entry<Invite>(client));
  CHECK_FALSE(is_entry<EnrolledClient>(invite));
  CHECK_FALSE(is_entry<EnrolledClient>(server));
  CHECK_FALSE(is_entry<KnownServer>(client));
}

TEST_CASE("TrustEntries: a name has 1 to 64 letters, digits, dots, underscores and dashes",
          "[trust_entries]") {
  for (const std::string& name : {std::string("a"), std::string(64, 'Z'), std::string("-._09")}) {
    CHECK(is_client_name(name));
  }
  for (const std::string& name :
       {std::string(), std::string(65, 'a'), std::string("a b"), std::string("a/b"),
        std::string("a@ca"), std::string("\xc3\xa9"), std::string("a\n"), std::string("a\0b", 3)}) {
    CHECK_FALSE(is_client_name(name));
  }
}

TEST_CASE("InviteCode: it is one word that can be parsed", "[invite_code]") {
  const InviteCode code{.address = "web01:8676", .pin = pin_of('a'), .secret = kSecret};
  CHECK(to_text(code) == kCode);
  CHECK(parse_invite_code(kCode) == code);
  const InviteCode of_address{.address = "[2001:db8::1]:80", .pin = pin_of('b'), .secret = kSecret};
  CHECK(parse_invite_code(to_text(of_address)) == of_address);
}

TEST_CASE("InviteCode: malformed codes are rejected", "[invite_code]") {
  for (std::size_t length = 0; length < kCode.size(); ++length) {
    CAPTURE(length);
    CHECK_FALSE(parse_invite_code(kCode.substr(0, length)));
  }
  for (const std::string& code :
       {kCode + "0", kCode + "/", kCode + "\n", " " + kCode, "/" + kCode,
        replaced(kCode, "topnet1", "topnet2"), replaced(kCode, "topnet1", "TOPNET1"),
        replaced(kCode, "web01:8676", "web01"), replaced(kCode, "web01:8676", ""),
        replaced(kCode, "web01:8676", "we b:8676"), replaced(kCode, "web01:8676", "web\n:8676"),
        replaced(kCode, "web01:8676", "it's:8676"), replaced(kCode, "web01:8676", R"(a\\b:8676)"),
        replaced(kCode, "topnet1/web01:8676/", "topnet1/web01:8676/SHA256:"),
        replaced(kCode, "A/", "B/"), replaced(kCode, "/001", "/00A"),
        replaced(kCode, "/001", "//01")}) {
    CAPTURE(code);
    CHECK_FALSE(parse_invite_code(code));
  }
}
