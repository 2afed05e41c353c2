// Invites, enrolment and revocation. What the files look like: trust_files_test.cpp.
#include "net/trust.h"

#include "support/catch.h"
#include "support/pins.h"
#include "support/temporary_folder.h"

using namespace topnet::net;
using topnet::test::at;
using topnet::test::pin_of;
using topnet::test::TemporaryFolder;
using namespace std::chrono_literals;

namespace {

const auto kNow = at("2026-11-23T20:01:02.123Z");
const Pin kKey = pin_of('k');
const Pin kOtherKey = pin_of('o');

struct Machine {
  TemporaryFolder root;
  PrivateFolder folder{root / "state"};
  Trust trust{folder};

  std::string invite(const std::string& name, std::chrono::milliseconds ttl = 15min) {
    return trust.invite(name, kNow + ttl);
  }
  // Empty, or why not.
  std::optional<JoinRefusal> refusal_of(const std::string& secret, const Pin& key = kKey,
                                        topnet::proc::WallTime now = kNow) {
    const auto result = trust.join(secret, key, now);
    const auto* const refusal = std::get_if<JoinRefusal>(&result);
    return refusal == nullptr ? std::nullopt : std::optional(*refusal);
  }
  std::string name_of_joined(const std::string& secret, const Pin& key = kKey) {
    return std::get<std::string>(trust.join(secret, key, kNow));
  }
};

}  // namespace

TEST_CASE("whoever shows an invite's secret is enrolled under its name") {
  Machine machine;
  const std::string secret = machine.invite("db1");
  CHECK_FALSE(machine.trust.client_name(kKey));
  CHECK(machine.name_of_joined(secret) == "db1");
  CHECK(machine.trust.client_name(kKey) == "db1");
  CHECK_FALSE(machine.trust.client_name(kOtherKey));
  CHECK(machine.trust.clients() ==
        std::vector{EnrolledClient{.name = "db1", .pin = kKey, .since = kNow, .learned = {}}});
}

TEST_CASE("a secret has 128 bits, and no two are the same") {
  Machine machine;
  const std::string secret = machine.invite("db1");
  CHECK(secret.size() == 32);
  CHECK(secret.find_first_not_of("0123456789abcdef") == std::string::npos);
  CHECK(machine.invite("db2") != secret);
}

TEST_CASE("an invite is good until its end, that moment included") {
  Machine machine;
  const std::string secret = machine.invite("db1", 1s);
  CHECK(machine.refusal_of(secret, kKey, kNow + 1001ms) == JoinRefusal::Expired);
  CHECK_FALSE(machine.trust.client_name(kKey));
  CHECK_FALSE(machine.refusal_of(secret, kKey, kNow + 1000ms));
  CHECK(machine.trust.client_name(kKey) == "db1");
}

TEST_CASE("the key that used an invite may come again while it lasts") {
  Machine machine;
  const std::string secret = machine.invite("db1");
  for (int i = 0; i < 3; ++i) CHECK(machine.name_of_joined(secret) == "db1");
  CHECK(machine.trust.clients().size() == 1);
  CHECK_FALSE(machine.refusal_of(secret, kKey, kNow + 15min));
  CHECK(machine.trust.clients().at(0).since == kNow);
  CHECK(machine.refusal_of(secret, kKey, kNow + 15min + 1ms) == JoinRefusal::Expired);
  // It is enrolled all the same.
  CHECK(machine.trust.client_name(kKey) == "db1");
}

TEST_CASE("another key is told that the invite was used, also when it is over") {
  Machine machine;
  const std::string secret = machine.invite("db1");
  CHECK_FALSE(machine.refusal_of(secret));
  CHECK(machine.refusal_of(secret, kOtherKey) == JoinRefusal::UsedByAnotherKey);
  CHECK(machine.refusal_of(secret, kOtherKey, kNow + 24h) == JoinRefusal::UsedByAnotherKey);
  CHECK_FALSE(machine.trust.client_name(kOtherKey));
  // And it took nothing from the first one.
  CHECK_FALSE(machine.refusal_of(secret));
}

TEST_CASE("an invite of which nothing is known is unknown, and a week behind its end it is that") {
  Machine machine;
  CHECK(machine.refusal_of(std::string(32, '0')) == JoinRefusal::Unknown);
  CHECK(machine.refusal_of("") == JoinRefusal::Unknown);
  const std::string secret = machine.invite("db1", 1s);
  CHECK(machine.refusal_of(secret, kKey, kNow + 1s + 7 * 24h) == JoinRefusal::Expired);
  CHECK(machine.refusal_of(secret, kKey, kNow + 1s + 7 * 24h + 1ms) == JoinRefusal::Unknown);
}

TEST_CASE("a secret that is nearly right is unknown, and so is its hash") {
  Machine machine;
  std::string secret = machine.invite("db1");
  const std::string file = topnet::test::read_file(machine.root / "state/invites");
  const auto digest = file.find("db1 ") + 4;
  CHECK(machine.refusal_of(file.substr(digest, 64)) == JoinRefusal::Unknown);
  CHECK(machine.refusal_of(secret.substr(1)) == JoinRefusal::Unknown);
  secret.back() = secret.back() == '0' ? '1' : '0';
  CHECK(machine.refusal_of(secret) == JoinRefusal::Unknown);
}

TEST_CASE("a new invite for a name withdraws the one before it, and no other one") {
  Machine machine;
  const std::string first = machine.invite("db1");
  const std::string other = machine.invite("db2");
  const std::string second = machine.invite("db1");
  CHECK(machine.refusal_of(first) == JoinRefusal::Unknown);
  CHECK(machine.name_of_joined(other, kOtherKey) == "db2");
  CHECK(machine.name_of_joined(second) == "db1");
}

TEST_CASE("names that are taken, of this machine or no names are refused") {
  Machine machine;
  machine.name_of_joined(machine.invite("db1"));
  CHECK_THROWS_WITH(machine.invite("db1"), Catch::Contains("'db1' is in use"));
  CHECK_THROWS_WITH(machine.invite("local"), Catch::Contains("this machine's own key"));
  for (const std::string& name : {std::string(), std::string("a b"), std::string("a@ca"),
                                  std::string("a\nb"), std::string(65, 'a')}) {
    CHECK_THROWS_WITH(machine.invite(name), Catch::Contains("1 to 64 letters"));
  }
  CHECK_THROWS_WITH(machine.invite("\x1b[2J"), Catch::Contains(R"(\x1b[2J)"));
  // The invite of a refused name is not there.
  CHECK(machine.trust.clients().size() == 1);
  CHECK_FALSE(machine.trust.revoke("local"));
  CHECK_NOTHROW(machine.invite("DB1"));
}

TEST_CASE("one key has one name: that of its last invite") {
  Machine machine;
  machine.name_of_joined(machine.invite("db1"));
  machine.name_of_joined(machine.invite("db2"));
  CHECK(machine.trust.client_name(kKey) == "db2");
  CHECK(machine.trust.clients().size() == 1);
  CHECK_NOTHROW(machine.invite("db1"));
}

TEST_CASE("a client that is revoked is a stranger, and no other client is") {
  Machine machine;
  const std::string secret = machine.invite("db1");
  machine.name_of_joined(secret);
  machine.name_of_joined(machine.invite("db2"), kOtherKey);
  CHECK(machine.trust.revoke("db1"));
  CHECK_FALSE(machine.trust.client_name(kKey));
  CHECK(machine.trust.client_name(kOtherKey) == "db2");
  CHECK_FALSE(machine.trust.revoke("db1"));
  // The invite does not let it in again, though it would have lasted.
  CHECK(machine.refusal_of(secret) == JoinRefusal::Unknown);
  CHECK(machine.name_of_joined(machine.invite("db1")) == "db1");
}

TEST_CASE("an invite that nobody has used yet is withdrawn by revoking its name") {
  Machine machine;
  const std::string secret = machine.invite("db1");
  CHECK(machine.trust.revoke("db1"));
  CHECK(machine.refusal_of(secret) == JoinRefusal::Unknown);
}

TEST_CASE("a client that is revoked does not come back by an invite of an earlier name") {
  Machine machine;
  const std::string first = machine.invite("db1");
  machine.name_of_joined(first);
  machine.name_of_joined(machine.invite("db2"));
  const std::string of_another = machine.invite("db3");
  machine.name_of_joined(of_another, kOtherKey);
  CHECK(machine.trust.revoke("db2"));
  CHECK(machine.refusal_of(first) == JoinRefusal::Unknown);
  CHECK_FALSE(machine.trust.client_name(kKey));
  CHECK(machine.name_of_joined(of_another, kOtherKey) == "db3");
}

TEST_CASE("the next key is noted for the client that knows it alone, and goes with the client") {
  Machine machine;
  machine.name_of_joined(machine.invite("db1"));
  const std::string secret = machine.invite("db2");
  machine.name_of_joined(secret, kOtherKey);
  machine.trust.note_learned(kKey, pin_of('n'));
  machine.trust.note_learned(pin_of('x'), pin_of('n'));
  CHECK(machine.trust.clients().at(0).learned == pin_of('n'));
  CHECK_FALSE(machine.trust.clients().at(1).learned);
  machine.trust.note_learned(kKey, pin_of('m'));
  CHECK(machine.trust.clients().at(0).learned == pin_of('m'));
  // Who joins again has not forgotten it.
  machine.trust.note_learned(kOtherKey, pin_of('m'));
  machine.name_of_joined(secret, kOtherKey);
  CHECK(machine.trust.clients().at(1).learned == pin_of('m'));
  machine.trust.revoke("db1");
  machine.name_of_joined(machine.invite("db1"));
  CHECK_FALSE(machine.trust.clients().at(1).learned);
}

TEST_CASE("what others change is seen at once") {
  Machine machine;
  Trust other(machine.folder);
  CHECK_FALSE(other.client_name(kKey));
  const auto before = other.clients_version();
  // Over and over, so that files of the same length follow each other in the same moment.
  for (int i = 0; i < 50; ++i) {
    machine.name_of_joined(machine.invite("db1"));
    CHECK(other.client_name(kKey) == "db1");
    machine.trust.revoke("db1");
    CHECK_FALSE(other.client_name(kKey));
  }
  CHECK(other.clients_version() != before);
  const auto after = other.clients_version();
  machine.invite("db1");
  CHECK(other.clients_version() == after);
}

TEST_CASE("each refusal has words of its own, those of the contract") {
  CHECK_THAT(describe(JoinRefusal::Expired), Catch::Contains("expired"));
  CHECK_THAT(describe(JoinRefusal::UsedByAnotherKey), Catch::Contains("already used"));
  CHECK_THAT(describe(JoinRefusal::Unknown), Catch::Contains("unknown invite"));
  CHECK_THAT(describe(JoinRefusal::NotForThisServer), Catch::Contains("not for this server"));
}
