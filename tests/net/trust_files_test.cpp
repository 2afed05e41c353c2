// What the trust files look like, and what becomes of those that people edit.
#include <sys/stat.h>

#include "net/file_error.h"
#include "net/sha256.h"
#include "net/trust.h"
#include "support/catch.h"
#include "support/pins.h"
#include "support/temporary_folder.h"

using namespace topnet::net;
using topnet::test::at;
using topnet::test::pin_of;
using topnet::test::read_file;
using topnet::test::TemporaryFolder;
using namespace std::chrono_literals;

namespace fs = std::filesystem;

namespace {

const std::string kTime = "2026-11-23T20:01:02.123Z";
const auto kNow = at(kTime);

struct Machine {
  TemporaryFolder root;
  PrivateFolder folder{root / "state"};
  Trust trust{folder};

  std::string text_of(const std::string& file) const { return read_file(root / "state" / file); }
};

KnownServer server(const std::string& address, const Pin& pin) {
  return {.address = address, .pin = pin, .since = kNow, .next = {}};
}

}  // namespace

TEST_CASE("a new file begins with a comment, holds a line for each entry, and is private") {
  Machine machine;
  const mode_t before = ::umask(0);
  const std::string secret = machine.trust.invite("db1", kNow);
  machine.trust.join(secret, pin_of('k'), kNow);
  machine.trust.remember(server("web01:8676", pin_of('s')));
  ::umask(before);
  Sha256 digest;
  digest.add(secret);
  CHECK_THAT(machine.text_of("clients"),
             Catch::Matches("# .*\ndb1 " + pin_of('k') + " " + kTime + "\n"));
  CHECK_THAT(machine.text_of("servers"),
             Catch::Matches("# .*\nweb01:8676 " + pin_of('s') + " " + kTime + "\n"));
  CHECK_THAT(machine.text_of("invites"), Catch::Matches("# .*\ndb1 " + digest.finish() + " " +
                                                        kTime + " " + pin_of('k') + "\n"));
  for (const char* const file : {"clients", "servers", "invites"}) {
    CHECK(machine.text_of(file).find(secret) == std::string::npos);
    struct stat status {};
    REQUIRE(::stat((machine.root / "state" / file).c_str(), &status) == 0);
    CHECK((status.st_mode & 07777U) == 0600);
  }
  CHECK(machine.trust.broken_client_lines().empty());
  CHECK(machine.trust.broken_server_lines().empty());
}

TEST_CASE("looking makes no files") {
  Machine machine;
  CHECK(machine.trust.clients().empty());
  CHECK(machine.trust.servers().empty());
  CHECK(machine.trust.broken_client_lines().empty());
  CHECK(machine.trust.broken_server_lines().empty());
  CHECK_FALSE(machine.trust.client_name(pin_of('k')));
  CHECK_FALSE(machine.trust.revoke("db1"));
  CHECK_FALSE(machine.trust.forget("web01:8676"));
  machine.trust.note_learned(pin_of('k'), pin_of('n'));
  machine.trust.note_next("web01:8676", pin_of('n'));
  CHECK(machine.trust.join("", pin_of('k'), kNow).index() == 1);
  for (const auto& entry : fs::directory_iterator(machine.root / "state")) {
    FAIL("there is " << entry.path());
  }
}

TEST_CASE("a line that cannot be understood lets nobody in, is reported, and stops no other one") {
  Machine machine;
  const std::string good = "db1 " + pin_of('a') + " " + kTime + "\n";
  const std::string broken = "db2 " + pin_of('b') + " yesterday\n";
  machine.folder.write("clients", "# mine\n" + broken + good + "\n" + broken);
  machine.folder.write("servers", "web01 " + pin_of('a') + " " + kTime + "\n");
  CHECK(machine.trust.client_name(pin_of('a')) == "db1");
  CHECK_FALSE(machine.trust.client_name(pin_of('b')));
  CHECK(machine.trust.servers().empty());
  const std::string state = (machine.root / "state").string();
  CHECK(machine.trust.broken_client_lines() ==
        std::vector{state + "/clients:2", state + "/clients:5"});
  CHECK(machine.trust.broken_server_lines() == std::vector{state + "/servers:1"});
}

TEST_CASE("an invite that cannot be understood lets nobody in") {
  Machine machine;
  const std::string secret = machine.trust.invite("db1", kNow + 1h);
  const std::string text = machine.text_of("invites");
  machine.folder.write("invites", text.substr(0, text.size() - 2) + "\n");
  CHECK(std::get<JoinRefusal>(machine.trust.join(secret, pin_of('k'), kNow)) ==
        JoinRefusal::Unknown);
  CHECK(machine.trust.broken_client_lines() ==
        std::vector{(machine.root / "state/invites").string() + ":2"});
  machine.folder.write("invites", text);
  CHECK(std::get<std::string>(machine.trust.join(secret, pin_of('k'), kNow)) == "db1");
}

TEST_CASE("what people wrote into a file outlives every change of it") {
  Machine machine;
  const std::string mine = "# the databases\n\n  odd line \xff\ndb1 " + pin_of('a') + " " + kTime +
                           "\n# and what is new:\n";
  machine.folder.write("clients", mine);
  machine.folder.write("invites", "# mine\n");
  machine.trust.join(machine.trust.invite("db2", kNow), pin_of('b'), kNow);
  const std::string db2 = "db2 " + pin_of('b') + " " + kTime;
  CHECK(machine.text_of("clients") == mine + db2 + "\n");
  machine.trust.note_learned(pin_of('b'), pin_of('n'));
  CHECK(machine.text_of("clients") == mine + db2 + " " + pin_of('n') + "\n");
  machine.trust.revoke("db2");
  CHECK(machine.text_of("clients") == mine);
  CHECK(machine.text_of("invites") == "# mine\n");
}

TEST_CASE("a file is written again only where that changes it") {
  Machine machine;
  const std::string secret = machine.trust.invite("db1", kNow);
  machine.trust.join(secret, pin_of('k'), kNow);
  machine.trust.note_learned(pin_of('k'), pin_of('n'));
  const auto before = machine.trust.clients_version();
  machine.trust.join(secret, pin_of('k'), kNow);
  machine.trust.note_learned(pin_of('k'), pin_of('n'));
  machine.trust.revoke("db2");
  CHECK(machine.trust.clients_version() == before);
}

TEST_CASE("a file that others can read, or a symbolic link, is refused") {
  Machine machine;
  const std::string line = "db1 " + pin_of('k') + " " + kTime + "\n";
  machine.folder.write("clients", line);
  fs::permissions(machine.root / "state/clients", fs::perms(0644));
  CHECK_THROWS_WITH(machine.trust.client_name(pin_of('k')), Catch::Contains("chmod 600"));
  CHECK_THROWS_AS(machine.trust.broken_client_lines(), FileError);
  CHECK(machine.trust.broken_server_lines().empty());
  CHECK_THROWS_AS(machine.trust.revoke("db1"), FileError);
  const PrivateFolder other(machine.root / "other");
  other.write("clients", line);
  fs::remove(machine.root / "state/clients");
  fs::create_symlink(machine.root / "other/clients", machine.root / "state/clients");
  CHECK_THROWS_AS(machine.trust.client_name(pin_of('k')), FileError);
  CHECK_THROWS_AS(machine.trust.revoke("db1"), FileError);
  CHECK(read_file(machine.root / "other/clients") == line);
}

TEST_CASE("a join that was stopped before the client was written is made whole by the next one") {
  Machine machine;
  const std::string secret = machine.trust.invite("db1", kNow);
  machine.trust.join(secret, pin_of('k'), kNow);
  machine.folder.remove("clients");
  CHECK(std::get<JoinRefusal>(machine.trust.join(secret, pin_of('x'), kNow)) ==
        JoinRefusal::UsedByAnotherKey);
  CHECK(std::get<std::string>(machine.trust.join(secret, pin_of('k'), kNow)) == "db1");
  CHECK(machine.trust.client_name(pin_of('k')) == "db1");
}

TEST_CASE("a server is known by its address as typed, until it is forgotten") {
  Machine machine;
  machine.trust.remember(server("web01:8676", pin_of('a')));
  machine.trust.remember(server("[::1]:8676", pin_of('b')));
  CHECK(machine.trust.servers() ==
        std::vector{server("web01:8676", pin_of('a')), server("[::1]:8676", pin_of('b'))});
  // Known anew, it has this key alone.
  machine.trust.note_next("web01:8676", pin_of('n'));
  machine.trust.remember(server("web01:8676", pin_of('c')));
  CHECK(machine.trust.servers() ==
        std::vector{server("[::1]:8676", pin_of('b')), server("web01:8676", pin_of('c'))});
  CHECK(machine.trust.forget("[::1]:8676"));
  CHECK_FALSE(machine.trust.forget("[::1]:8676"));
  CHECK_FALSE(machine.trust.forget("web01"));
  CHECK(machine.trust.servers() == std::vector{server("web01:8676", pin_of('c'))});
}

TEST_CASE("an announced key is noted at every address of the server's key, and put in use there") {
  Machine machine;
  machine.trust.remember(server("web01:8676", pin_of('a')));
  machine.trust.remember(server("192.0.2.1:8676", pin_of('a')));
  machine.trust.remember(server("web02:8676", pin_of('b')));
  machine.trust.note_next("web01:8676", pin_of('n'));
  CHECK(machine.trust.servers().at(0).next == pin_of('n'));
  CHECK(machine.trust.servers().at(1).next == pin_of('n'));
  CHECK_FALSE(machine.trust.servers().at(2).next);
  machine.trust.note_next("unknown:8676", pin_of('m'));
  CHECK(machine.trust.servers().at(0).next == pin_of('n'));
  machine.trust.note_switch(pin_of('a'), pin_of('m'), kNow);
  CHECK(machine.trust.servers().at(0).pin == pin_of('a'));
  machine.trust.note_switch(pin_of('a'), pin_of('n'), kNow);
  for (const std::size_t at : {0U, 1U}) {
    const KnownServer known = machine.trust.servers().at(at);
    CHECK(known.pin == pin_of('n'));
    CHECK(known.since == kNow);
    CHECK_FALSE(known.next);
  }
  CHECK(machine.trust.servers().at(2).pin == pin_of('b'));
}

TEST_CASE("a server that is remembered again with the same key keeps what it has announced") {
  Machine machine;
  machine.trust.remember(server("web01:8676", pin_of('a')));
  machine.trust.note_next("web01:8676", pin_of('n'));
  machine.trust.remember(server("web01:8676", pin_of('a')));
  CHECK(machine.trust.servers().at(0).next == pin_of('n'));
  machine.trust.remember(server("web01:8676", pin_of('c')));
  CHECK_FALSE(machine.trust.servers().at(0).next);
}

TEST_CASE("a client that is revoked by one of its names has no other one left") {
  Machine machine;
  const std::string end = " " + pin_of('a') + " " + kTime + "\n";
  machine.folder.write("clients", "db1" + end + "db2" + end);
  CHECK(machine.trust.revoke("db1"));
  CHECK_FALSE(machine.trust.client_name(pin_of('a')));
}
