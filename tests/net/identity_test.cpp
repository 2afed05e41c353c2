#include "net/identity.h"

#include <sys/stat.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "net/pin.h"
#include "support/catch.h"
#include "support/temporary_folder.h"

using topnet::net::load_identity;
using topnet::net::parse_pin;
using topnet::net::PrivateFolder;
using topnet::test::read_file;
using topnet::test::TemporaryFolder;

namespace fs = std::filesystem;

namespace {

unsigned mode_of(const fs::path& file) {
  return static_cast<unsigned>(fs::status(file).permissions());
}

}  // namespace

TEST_CASE("the first use makes an identity, and every later one has the same") {
  const TemporaryFolder folder;
  const fs::path state = folder / "a/b/state";
  const auto made = load_identity(PrivateFolder(state));
  CHECK(parse_pin(made.pin));
  CHECK(read_file(state / "identity.key") == made.key_pem);
  CHECK(
      made.key_pem.starts_with("-----BEGIN PRIVATE"
                               " KEY-----"));
  CHECK(mode_of(folder / "a") == 0700);
  CHECK(mode_of(state) == 0700);
  CHECK(mode_of(state / "identity.key") == 0600);
  const auto again = load_identity(PrivateFolder(state));
  CHECK(again.pin == made.pin);
  CHECK(again.key_pem == made.key_pem);
}

TEST_CASE("two state directories are two identities") {
  const TemporaryFolder folder;
  CHECK(load_identity(PrivateFolder(folder / "one")).pin !=
        load_identity(PrivateFolder(folder / "two")).pin);
}

TEST_CASE("first uses at once end with one identity") {
  const TemporaryFolder folder;
  std::vector<std::string> pins(8);
  {
    std::vector<std::jthread> threads;
    threads.reserve(pins.size());
    for (std::string& pin : pins) {
      threads.emplace_back([&] { pin = load_identity(PrivateFolder(folder / "state")).pin; });
    }
  }
  CHECK(std::count(pins.begin(), pins.end(), pins.front()) == 8);
}

TEST_CASE("a certificate that is missing is made again for the same key") {
  const TemporaryFolder folder;
  const auto made = load_identity(PrivateFolder(folder / "state"));
  fs::remove(folder / "state/identity.crt");
  CHECK(load_identity(PrivateFolder(folder / "state")).pin == made.pin);
}

TEST_CASE("a key or a folder that others can read is refused with the chmod that mends it") {
  const TemporaryFolder folder;
  const fs::path state = folder / "state";
  load_identity(PrivateFolder(state));
  ::chmod((state / "identity.key").c_str(), 0644);
  CHECK_THROWS_WITH(load_identity(PrivateFolder(state)),
                    Catch::Contains("mode 0644") &&
                        Catch::EndsWith("chmod 600 " + (state / "identity.key").string()));
  ::chmod((state / "identity.key").c_str(), 0600);
  ::chmod(state.c_str(), 0750);
  CHECK_THROWS_WITH(load_identity(PrivateFolder(state)),
                    Catch::EndsWith("chmod 700 " + state.string()));
  ::chmod(state.c_str(), 0700);
  CHECK_NOTHROW(load_identity(PrivateFolder(state)));
}

TEST_CASE("another key's certificate is made again for the key that is there") {
  const TemporaryFolder folder;
  const fs::path state = folder / "state";
  const auto made = load_identity(PrivateFolder(state));
  load_identity(PrivateFolder(folder / "other"));
  fs::copy_file(folder / "other/identity.crt", state / "identity.crt",
                fs::copy_options::overwrite_existing);
  ::chmod((state / "identity.crt").c_str(), 0600);
  const auto mended = load_identity(PrivateFolder(state));
  CHECK(mended.pin == made.pin);
  CHECK(mended.certificate_pem != read_file(folder / "other/identity.crt"));
  CHECK(mended.certificate_pem == read_file(state / "identity.crt"));
}

TEST_CASE("a key that cannot be understood is refused and kept") {
  const TemporaryFolder folder;
  const fs::path state = folder / "state";
  load_identity(PrivateFolder(state));
  topnet::test::write_file(state / "identity.key", "no key");
  CHECK_THROWS_WITH(load_identity(PrivateFolder(state)),
                    Catch::Contains("could not read a private key"));
  CHECK(read_file(state / "identity.key") == "no key");
}

TEST_CASE("a pin has its prefix and 43 characters of base64url") {
  const std::string pin = "SHA256:47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";
  CHECK(parse_pin(pin) == pin);
  for (const std::string& text : std::vector<std::string>{
           pin.substr(7), pin + "=", pin.substr(0, pin.size() - 1), "sha256:" + pin.substr(7),
           "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU",
           "SHA256:47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFV", std::string()}) {
    CAPTURE(text);
    CHECK_FALSE(parse_pin(text));
  }
}
