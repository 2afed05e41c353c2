#include "net/server/server_auth.h"

#include <filesystem>
#include <vector>

#include "support/catch.h"
#include "support/temporary_folder.h"

using namespace topnet::net;
using topnet::base::Secrecy;
using topnet::base::StateDirectory;
using topnet::test::TemporaryFolder;
using topnet::test::write_file;

namespace fs = std::filesystem;

namespace {

struct ServerAuthFixture {
  ServerAuthFixture() { install(first); }

  void install(const Identity& identity) const {
    write_file(folder / "crt", identity.certificate_pem);
    write_file(folder / "key", identity.key_pem);
    fs::permissions(folder / "key", fs::perms(0600));
  }

  TemporaryFolder folder;
  Identity first = load_identity(StateDirectory(folder / "first"));
  Identity second = load_identity(StateDirectory(folder / "second"));
  std::vector<std::string> lines;
  PkiFiles files{.certificate = {folder / "crt", Secrecy::Public},
                 .key = {folder / "key", Secrecy::Secret},
                 .ca = {}};
};

}  // namespace

TEST_CASE("ServerAuth: a new certificate and key are used for new connections", "[server_auth]") {
  ServerAuthFixture fixture;
  ServerAuth auth(StateDirectory(fixture.folder / "state"), fixture.files,
                  [&](const std::string& line) { fixture.lines.push_back(line); });
  const auto before = auth.tls();
  CHECK(auth.reload_pki() == "the certificate, key and CA are unchanged and in use");
  CHECK(auth.tls() == before);
  fixture.install(fixture.second);
  CHECK_THAT(auth.reload_pki(), Catch::Contains("read the certificate files again"));
  CHECK(auth.tls() != before);
  CHECK(auth.pin() == fixture.second.pin);
}

TEST_CASE("ServerAuth: a key of another certificate is refused, and the old pair stays",
          "[server_auth]") {
  ServerAuthFixture fixture;
  ServerAuth auth(StateDirectory(fixture.folder / "state"), fixture.files,
                  [&](const std::string& line) { fixture.lines.push_back(line); });
  const auto before = auth.tls();
  write_file(fixture.folder / "key", fixture.second.key_pem);
  CHECK_THAT(auth.reload_pki(), Catch::Contains("does not belong to the certificate"));
  fs::remove(fixture.folder / "crt");
  CHECK_THAT(auth.reload_pki(), Catch::Contains("No such file"));
  CHECK(auth.tls() == before);
  CHECK(auth.pin() == fixture.first.pin);
  fixture.install(fixture.first);
  CHECK(auth.reload_pki() == "the certificate, key and CA are unchanged and in use");
}
