// Invites, enrolment and revocation; trust_files_test.cpp tests the files.
#include "net/trust/trust_store.h"

#include "support/catch.h"
#include "support/pins.h"
#include "support/temporary_folder.h"

using namespace topnet::base;
using namespace topnet::net;
using topnet::test::at;
using topnet::test::pin_of;
using topnet::test::TemporaryFolder;
using namespace std::chrono_literals;

namespace {

const auto kJoinTime = at("2026-11-23T20:01:02.123Z");
const Pin kKey = pin_of('k');
const Pin kOtherKey = pin_of('o');

struct TrustStoreFixture {
  TemporaryFolder root;
  StateDirectory state{root / "state"};
  TrustStore trust{state};

  std::string invite(const std::string& name, std::chrono::milliseconds ttl = 15min) {
    return trust.invite(name, kJoinTime + ttl);
  }
  // nullopt if the key is enrolled.
  std::optional<JoinRefusal> try_join(const std::string& secret, const Pin& key = kKey,
                                      topnet::base::WallTime now = kJoinTime) {
    const auto result = trust.join(secret, key, now);
    const auto* const refusal = std::get_if<JoinRefusal>(&result);
    return refusal == nullptr ? std::nullopt : std::optional(*refusal);
  }
  std::string join(const std::string& secret, const Pin& key = kKey) {
    return std::get<std::string>(trust.join(secret, key, kJoinTime));
  }
};

}  // namespace

TEST_CASE("TrustStore: the secret of an invite enrols a key under its name", "[trust_store]") {
  TrustStoreFixture fixture;
  const std::string secret = fixture.invite("db1");
  CHECK_FALSE(fixture.trust.client_name(kKey));
  CHECK(fixture.join(secret) == "db1");
  CHECK(fixture.trust.client_name(kKey) == "db1");
  CHECK_FALSE(fixture.trust.client_name(kOtherKey));
  CHECK(fixture.trust.clients() ==
        std::vector{EnrolledClient{.name = "db1", .pin = kKey, .since = kJoinTime, .learned = {}}});
  CHECK(secret.size() == 32);  // 128 bits
  CHECK(secret.find_first_not_of("0123456789abcdef") == std::string::npos);
  CHECK(fixture.invite("db2") != secret);
}

TEST_CASE("TrustStore: the refusal of a join is found without the lock", "[trust_store]") {
  TrustStoreFixture fixture;
  const std::string secret = fixture.invite("db1", 1s);
  const std::string used = fixture.invite("db2");
  fixture.join(used, kOtherKey);
  const StateDirectory::Lock lock(fixture.state);
  const auto find = [&](const std::string& each, const Pin& key, topnet::base::WallTime now) {
    return fixture.trust.find_join_refusal(each, key, now);
  };
  CHECK_FALSE(find(secret, kKey, kJoinTime));
  CHECK_FALSE(find("unknown", kOtherKey, kJoinTime));  // enrolled
  CHECK(find("unknown", kKey, kJoinTime) == JoinRefusal::Unknown);
  CHECK(find(used, kKey, kJoinTime) == JoinRefusal::UsedByAnotherKey);
  CHECK(find(secret, kKey, kJoinTime + 1001ms) == JoinRefusal::Expired);
  CHECK(find(secret, kKey, kJoinTime + 24h * 8) == JoinRefusal::Unknown);
  CHECK_FALSE(find(secret, kKey, kJoinTime));
}

TEST_CASE("TrustStore: an invite is valid for one key until it expires", "[trust_store]") {
  TrustStoreFixture fixture;
  const std::string secret = fixture.invite("db1", 1s);
  CHECK(fixture.try_join(secret, kKey, kJoinTime + 1001ms) == JoinRefusal::Expired);
  CHECK_FALSE(fixture.trust.client_name(kKey));
  CHECK_FALSE(fixture.try_join(secret, kKey, kJoinTime + 1000ms));
  CHECK(fixture.trust.client_name(kKey) == "db1");
}

TEST_CASE("TrustStore: a used invite is refused for another key, also after its expiry",
          "[trust_store]") {
  TrustStoreFixture fixture;
  const std::string secret = fixture.invite("db1");
  CHECK_FALSE(fixture.try_join(secret));
  CHECK(fixture.try_join(secret, kOtherKey) == JoinRefusal::UsedByAnotherKey);
  CHECK(fixture.try_join(secret, kOtherKey, kJoinTime + 24h) == JoinRefusal::UsedByAnotherKey);
  CHECK_FALSE(fixture.trust.client_name(kOtherKey));
  // The first key is not affected.
  CHECK_FALSE(fixture.try_join(secret));
}

TEST_CASE(
    "TrustStore: an unknown secret is refused, and expired invites are forgotten after a week",
    "[trust_store]") {
  TrustStoreFixture fixture;
  CHECK(fixture.try_join(std::string(32, '0')) == JoinRefusal::Unknown);
  CHECK(fixture.try_join("") == JoinRefusal::Unknown);
  std::string secret = fixture.invite("db1", 1s);
  CHECK(fixture.try_join(secret, kKey, kJoinTime + 1s + 7 * 24h) == JoinRefusal::Expired);
  CHECK(fixture.try_join(secret, kKey, kJoinTime + 1s + 7 * 24h + 1ms) == JoinRefusal::Unknown);
  secret = fixture.invite("db1");
  const std::string file = topnet::test::read_file(fixture.root / "state/invites");
  const auto digest = file.find("db1 ") + 4;
  CHECK(fixture.try_join(file.substr(digest, 64)) == JoinRefusal::Unknown);
  CHECK(fixture.try_join(secret.substr(1)) == JoinRefusal::Unknown);
  secret.back() = secret.back() == '0' ? '1' : '0';
  CHECK(fixture.try_join(secret) == JoinRefusal::Unknown);
}

TEST_CASE("TrustStore: a new invite withdraws an earlier one for the same name", "[trust_store]") {
  TrustStoreFixture fixture;
  const std::string first = fixture.invite("db1");
  const std::string other = fixture.invite("db2");
  const std::string second = fixture.invite("db1");
  CHECK(fixture.try_join(first) == JoinRefusal::Unknown);
  CHECK(fixture.join(other, kOtherKey) == "db2");
  CHECK(fixture.join(second) == "db1");
}

TEST_CASE("TrustStore: taken, reserved and malformed names are refused", "[trust_store]") {
  TrustStoreFixture fixture;
  fixture.join(fixture.invite("db1"));
  CHECK_THROWS_WITH(fixture.invite("db1"), Catch::Contains("'db1' is in use"));
  CHECK_THROWS_WITH(fixture.invite("local"), Catch::Contains("this machine's own key"));
  for (const std::string& name : {std::string(), std::string("a b"), std::string("a@ca"),
                                  std::string("a\nb"), std::string(65, 'a')}) {
    CHECK_THROWS_WITH(fixture.invite(name), Catch::Contains("1 to 64 letters"));
  }
  CHECK_THROWS_WITH(fixture.invite("\x1b[2J"), Catch::Contains(R"(\x1b[2J)"));
  // A refused name has no invite.
  CHECK(fixture.trust.clients().size() == 1);
  CHECK_FALSE(fixture.trust.revoke("local"));
  CHECK_NOTHROW(fixture.invite("DB1"));
}

TEST_CASE("TrustStore: a revoked client is unknown, and its invites are withdrawn",
          "[trust_store]") {
  TrustStoreFixture fixture;
  const std::string secret = fixture.invite("db1");
  fixture.join(secret);
  fixture.join(fixture.invite("db2"), kOtherKey);
  CHECK(fixture.trust.revoke("db1"));
  CHECK_FALSE(fixture.trust.client_name(kKey));
  CHECK(fixture.trust.client_name(kOtherKey) == "db2");
  CHECK_FALSE(fixture.trust.revoke("db1"));
  // Its invite has not expired, but is withdrawn.
  CHECK(fixture.try_join(secret) == JoinRefusal::Unknown);
  const std::string unused = fixture.invite("db1");
  CHECK(fixture.trust.revoke("db1"));
  CHECK(fixture.try_join(unused) == JoinRefusal::Unknown);
  CHECK(fixture.join(fixture.invite("db1")) == "db1");
}

TEST_CASE(
    "TrustStore: J3: an enrolled key keeps its name, whatever the secret is, and uses no invite",
    "[trust_store]") {
  TrustStoreFixture fixture;
  const std::string own = fixture.invite("db1", 1s);
  fixture.join(own);
  const auto enrolled = fixture.trust.clients();
  const std::string other = fixture.invite("db2");
  const std::string used = fixture.invite("db3");
  fixture.join(used, kOtherKey);
  for (const std::string& secret : {own, other, own, used, std::string(32, '0'), std::string()}) {
    CAPTURE(secret);
    CHECK(std::get<std::string>(fixture.trust.join(secret, kKey, kJoinTime + 24h)) == "db1");
  }
  CHECK(fixture.trust.clients().at(0) == enrolled.at(0));
  CHECK(fixture.trust.clients().size() == 2);
  CHECK(fixture.join(other, pin_of('p')) == "db2");
}

TEST_CASE("TrustStore: a revocation withdraws the invites of the client's key and no others",
          "[trust_store]") {
  TrustStoreFixture fixture;
  const std::string used = fixture.invite("db1");
  fixture.join(used);
  // The key is renamed by hand, and its first name given to another machine.
  std::string clients = topnet::test::read_file(fixture.root / "state/clients");
  clients.replace(clients.find("\ndb1 "), 5, "\ndb9 ");
  fixture.state.write("clients", clients);
  const std::string newer = fixture.invite("db1");
  clients.replace(clients.find("\ndb9 "), 5, "\ndb1 ");
  fixture.state.write("clients", clients);
  CHECK(fixture.trust.revoke("db1"));
  CHECK_FALSE(fixture.trust.client_name(kKey));
  CHECK(fixture.try_join(used) == JoinRefusal::Unknown);
  CHECK(fixture.join(newer, kOtherKey) == "db1");
}

TEST_CASE("TrustStore: the learned key is recorded for each client until it is revoked",
          "[trust_store]") {
  TrustStoreFixture fixture;
  fixture.join(fixture.invite("db1"));
  const std::string secret = fixture.invite("db2");
  fixture.join(secret, kOtherKey);
  fixture.trust.record_learned(kKey, pin_of('n'));
  fixture.trust.record_learned(pin_of('x'), pin_of('n'));
  CHECK(fixture.trust.clients().at(0).learned == pin_of('n'));
  CHECK_FALSE(fixture.trust.clients().at(1).learned);
  fixture.trust.record_learned(kKey, pin_of('m'));
  CHECK(fixture.trust.clients().at(0).learned == pin_of('m'));
  // Joining again keeps it.
  fixture.trust.record_learned(kOtherKey, pin_of('m'));
  fixture.join(secret, kOtherKey);
  CHECK(fixture.trust.clients().at(1).learned == pin_of('m'));
  fixture.trust.revoke("db1");
  fixture.join(fixture.invite("db1"));
  CHECK_FALSE(fixture.trust.clients().at(1).learned);
}

TEST_CASE("TrustStore: changes by others are visible at once", "[trust_store]") {
  TrustStoreFixture fixture;
  TrustStore other(fixture.state);
  CHECK_FALSE(other.client_name(kKey));
  const auto before = other.clients_version();
  // Repeated, so that files of equal size follow each other within one tick of the clock.
  for (int i = 0; i < 50; ++i) {
    fixture.join(fixture.invite("db1"));
    CHECK(other.client_name(kKey) == "db1");
    fixture.trust.revoke("db1");
    CHECK_FALSE(other.client_name(kKey));
  }
  CHECK(other.clients_version() != before);
  const auto after = other.clients_version();
  fixture.invite("db1");
  CHECK(other.clients_version() == after);
}
