// The contents of the trust files, including manual edits.
#include <sys/stat.h>

#include "base/files/file_error.h"
#include "net/tls/sha256.h"
#include "net/trust/trust_store.h"
#include "support/catch.h"
#include "support/pins.h"
#include "support/temporary_folder.h"

using namespace topnet::base;
using namespace topnet::net;
using topnet::test::at;
using topnet::test::pin_of;
using topnet::test::read_file;
using topnet::test::TemporaryFolder;
using namespace std::chrono_literals;

namespace fs = std::filesystem;

namespace {

const std::string kTrustFilesTimeText = "2026-11-23T20:01:02.123Z";
const auto kTrustFilesTime = at(kTrustFilesTimeText);

struct TrustFilesFixture {
  TemporaryFolder root;
  StateDirectory state{root / "state"};
  TrustStore trust{state};

  std::string text_of(const std::string& file) const { return read_file(root / "state" / file); }
  // About a malformed line, FILE:NUMBER.
  std::string message(const std::string& line) const {
    return (root / "state" / line).string() +
           " is not a valid entry and is ignored; correct or remove that line";
  }
};

KnownServer server(const std::string& address, const Pin& pin) {
  return {.address = address, .pin = pin, .since = kTrustFilesTime, .next = {}};
}

}  // namespace

TEST_CASE("TrustStore: a new file has a comment, a line for each entry, and mode 0600",
          "[trust_store]") {
  TrustFilesFixture fixture;
  const mode_t before = ::umask(0);
  const std::string secret = fixture.trust.invite("db1", kTrustFilesTime);
  fixture.trust.join(secret, pin_of('k'), kTrustFilesTime);
  fixture.trust.remember(server("web01:8676", pin_of('s')));
  ::umask(before);
  CHECK_THAT(fixture.text_of("clients"),
             Catch::Matches("# .*\ndb1 " + pin_of('k') + " " + kTrustFilesTimeText + "\n"));
  CHECK_THAT(fixture.text_of("servers"),
             Catch::Matches("# .*\nweb01:8676 " + pin_of('s') + " " + kTrustFilesTimeText + "\n"));
  CHECK_THAT(fixture.text_of("invites"),
             Catch::Matches("# .*\ndb1 " + digest_of(secret) + " " + kTrustFilesTimeText + " " +
                            pin_of('k') + "\n"));
  for (const char* const file : {"clients", "servers", "invites"}) {
    CHECK(fixture.text_of(file).find(secret) == std::string::npos);
    struct stat status {};
    REQUIRE(::stat((fixture.root / "state" / file).c_str(), &status) == 0);
    CHECK((status.st_mode & 07777U) == 0600);
  }
  CHECK(fixture.trust.broken_client_lines().empty());
  CHECK(fixture.trust.broken_server_lines().empty());
}

TEST_CASE("TrustStore: calls that change nothing create no files", "[trust_store]") {
  TrustFilesFixture fixture;
  CHECK(fixture.trust.clients().empty());
  CHECK(fixture.trust.servers().empty());
  CHECK(fixture.trust.broken_client_lines().empty());
  CHECK(fixture.trust.broken_server_lines().empty());
  CHECK_FALSE(fixture.trust.client_name(pin_of('k')));
  CHECK_FALSE(fixture.trust.revoke("db1"));
  CHECK_FALSE(fixture.trust.forget("web01:8676"));
  fixture.trust.record_learned(pin_of('k'), pin_of('n'));
  fixture.trust.record_next("web01:8676", pin_of('n'));
  CHECK(fixture.trust.join("", pin_of('k'), kTrustFilesTime).index() == 1);
  CHECK(fs::is_empty(fixture.root / "state"));
}

TEST_CASE("TrustStore: malformed lines enrol no client and are reported, others remain valid",
          "[trust_store]") {
  TrustFilesFixture fixture;
  const std::string good = "db1 " + pin_of('a') + " " + kTrustFilesTimeText + "\n";
  const std::string broken = "db2 " + pin_of('b') + " yesterday\n";
  fixture.state.write("clients", "# mine\n" + broken + good + "\n" + broken);
  fixture.state.write("servers", "web01 " + pin_of('a') + " " + kTrustFilesTimeText + "\n");
  CHECK(fixture.trust.client_name(pin_of('a')) == "db1");
  CHECK_FALSE(fixture.trust.client_name(pin_of('b')));
  CHECK(fixture.trust.servers().empty());
  const std::string secret = fixture.trust.invite("db3", kTrustFilesTime + 1h);
  const std::string invites = fixture.text_of("invites");
  fixture.state.write("invites", invites.substr(0, invites.size() - 2) + "\n");
  CHECK(std::get<JoinRefusal>(fixture.trust.join(secret, pin_of('k'), kTrustFilesTime)) ==
        JoinRefusal::Unknown);
  CHECK(fixture.trust.broken_client_lines() == std::vector{fixture.message("clients:2"),
                                                           fixture.message("clients:5"),
                                                           fixture.message("invites:2")});
  CHECK(fixture.trust.broken_server_lines() == std::vector{fixture.message("servers:1")});
  fixture.state.write("invites", invites);
  CHECK(std::get<std::string>(fixture.trust.join(secret, pin_of('k'), kTrustFilesTime)) == "db3");
}

TEST_CASE("TrustStore: comments, empty lines and malformed lines survive changes",
          "[trust_store]") {
  TrustFilesFixture fixture;
  const std::string mine = "# the databases\n\n  odd line \xff\ndb1 " + pin_of('a') + " " +
                           kTrustFilesTimeText + "\n# recent:\n";
  fixture.state.write("clients", mine);
  fixture.state.write("invites", "# mine\n");
  fixture.trust.join(fixture.trust.invite("db2", kTrustFilesTime), pin_of('b'), kTrustFilesTime);
  const std::string db2 = "db2 " + pin_of('b') + " " + kTrustFilesTimeText;
  CHECK(fixture.text_of("clients") == mine + db2 + "\n");
  fixture.trust.record_learned(pin_of('b'), pin_of('n'));
  CHECK(fixture.text_of("clients") == mine + db2 + " " + pin_of('n') + "\n");
  fixture.trust.revoke("db2");
  CHECK(fixture.text_of("clients") == mine);
  CHECK(fixture.text_of("invites") == "# mine\n");
}

TEST_CASE("TrustStore: repeated calls complete an interrupted join, and write only changes",
          "[trust_store]") {
  TrustFilesFixture fixture;
  const std::string secret = fixture.trust.invite("db1", kTrustFilesTime);
  fixture.trust.join(secret, pin_of('k'), kTrustFilesTime);
  // As if the join had been interrupted after it wrote the invite.
  fixture.state.remove("clients");
  CHECK(std::get<JoinRefusal>(fixture.trust.join(secret, pin_of('x'), kTrustFilesTime)) ==
        JoinRefusal::UsedByAnotherKey);
  CHECK(std::get<std::string>(fixture.trust.join(secret, pin_of('k'), kTrustFilesTime)) == "db1");
  CHECK(fixture.trust.client_name(pin_of('k')) == "db1");
  fixture.trust.record_learned(pin_of('k'), pin_of('n'));
  const auto before = fixture.trust.clients_version();
  fixture.trust.join(secret, pin_of('k'), kTrustFilesTime);
  fixture.trust.record_learned(pin_of('k'), pin_of('n'));
  fixture.trust.revoke("db2");
  CHECK(fixture.trust.clients_version() == before);
}

TEST_CASE("TrustStore: a file that others can read and a symbolic link are refused",
          "[trust_store]") {
  TrustFilesFixture fixture;
  const std::string line = "db1 " + pin_of('k') + " " + kTrustFilesTimeText + "\n";
  fixture.state.write("clients", line);
  fs::permissions(fixture.root / "state/clients", fs::perms(0644));
  CHECK_THROWS_WITH(fixture.trust.client_name(pin_of('k')), Catch::Contains("chmod 600"));
  CHECK_THROWS_AS(fixture.trust.broken_client_lines(), FileError);
  CHECK(fixture.trust.broken_server_lines().empty());
  CHECK_THROWS_AS(fixture.trust.revoke("db1"), FileError);
  const StateDirectory other(fixture.root / "other");
  other.write("clients", line);
  fs::remove(fixture.root / "state/clients");
  fs::create_symlink(fixture.root / "other/clients", fixture.root / "state/clients");
  CHECK_THROWS_AS(fixture.trust.client_name(pin_of('k')), FileError);
  CHECK_THROWS_AS(fixture.trust.revoke("db1"), FileError);
  CHECK(read_file(fixture.root / "other/clients") == line);
}

TEST_CASE("TrustStore: a server is recorded by its address until it is forgotten",
          "[trust_store]") {
  TrustFilesFixture fixture;
  fixture.trust.remember(server("web01:8676", pin_of('a')));
  fixture.trust.remember(server("[::1]:8676", pin_of('b')));
  CHECK(fixture.trust.servers() ==
        std::vector{server("web01:8676", pin_of('a')), server("[::1]:8676", pin_of('b'))});
  // Recording it again keeps its next key if the current one is the same.
  fixture.trust.record_next("web01:8676", pin_of('n'));
  fixture.trust.remember(server("web01:8676", pin_of('a')));
  CHECK(fixture.trust.servers().at(1).next == pin_of('n'));
  fixture.trust.remember(server("web01:8676", pin_of('c')));
  CHECK(fixture.trust.servers() ==
        std::vector{server("[::1]:8676", pin_of('b')), server("web01:8676", pin_of('c'))});
  CHECK(fixture.trust.forget("[::1]:8676") == pin_of('b'));
  CHECK_FALSE(fixture.trust.forget("[::1]:8676"));
  CHECK_FALSE(fixture.trust.forget("web01"));
  CHECK(fixture.trust.servers() == std::vector{server("web01:8676", pin_of('c'))});
}

TEST_CASE("TrustStore: next keys and switches apply to all addresses with the same key",
          "[trust_store]") {
  TrustFilesFixture fixture;
  fixture.trust.remember(server("web01:8676", pin_of('a')));
  fixture.trust.remember(server("192.0.2.1:8676", pin_of('a')));
  fixture.trust.remember(server("web02:8676", pin_of('b')));
  fixture.trust.record_next("web01:8676", pin_of('n'));
  CHECK(fixture.trust.servers().at(0).next == pin_of('n'));
  CHECK(fixture.trust.servers().at(1).next == pin_of('n'));
  CHECK_FALSE(fixture.trust.servers().at(2).next);
  fixture.trust.record_next("unknown:8676", pin_of('m'));
  CHECK(fixture.trust.servers().at(0).next == pin_of('n'));
  fixture.trust.record_switch(pin_of('a'), pin_of('m'), kTrustFilesTime);
  CHECK(fixture.trust.servers().at(0).pin == pin_of('a'));
  fixture.trust.record_switch(pin_of('a'), pin_of('n'), kTrustFilesTime);
  CHECK(fixture.trust.servers() == std::vector{server("web01:8676", pin_of('n')),
                                               server("192.0.2.1:8676", pin_of('n')),
                                               server("web02:8676", pin_of('b'))});
}

TEST_CASE("TrustStore: revoking one name of a key removes all its names", "[trust_store]") {
  TrustFilesFixture fixture;
  const std::string end = " " + pin_of('a') + " " + kTrustFilesTimeText + "\n";
  fixture.state.write("clients", "db1" + end + "db2" + end);
  CHECK(fixture.trust.revoke("db1"));
  CHECK_FALSE(fixture.trust.client_name(pin_of('a')));
}
