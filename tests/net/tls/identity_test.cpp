#include "net/tls/identity.h"

#include <openssl/pem.h>
#include <sys/stat.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "net/tls/openssl.h"
#include "net/tls/pin.h"
#include "support/catch.h"
#include "support/temporary_folder.h"

using topnet::base::StateDirectory;
using topnet::net::BioPtr;
using topnet::net::CertificatePtr;
using topnet::net::KeyPtr;
using topnet::net::load_identity;
using topnet::net::parse_pin;
using topnet::net::read_certificate;
using topnet::test::read_file;
using topnet::test::TemporaryFolder;

namespace fs = std::filesystem;

namespace {

unsigned mode_of(const fs::path& file) {
  return static_cast<unsigned>(fs::status(file).permissions());
}

}  // namespace

TEST_CASE("Identity: the first use creates it, and later uses return the same", "[identity]") {
  const TemporaryFolder folder;
  const fs::path state = folder / "a/b/state";
  const auto created = load_identity(StateDirectory(state));
  CHECK(parse_pin(created.pin));
  CHECK(read_file(state / "identity.key") == created.key_pem);
  CHECK(
      created.key_pem.starts_with("-----BEGIN PRIVATE"
                                  " KEY-----"));
  CHECK(mode_of(folder / "a") == 0700);
  CHECK(mode_of(state) == 0700);
  CHECK(mode_of(state / "identity.key") == 0600);
  const auto again = load_identity(StateDirectory(state));
  CHECK(again.pin == created.pin);
  CHECK(again.key_pem == created.key_pem);
  CHECK(load_identity(StateDirectory(folder / "other")).pin != created.pin);
}

TEST_CASE("Identity: concurrent first uses create one identity", "[identity]") {
  const TemporaryFolder folder;
  std::vector<std::string> pins(8);
  {
    std::vector<std::jthread> threads;
    threads.reserve(pins.size());
    for (std::string& pin : pins) {
      threads.emplace_back([&] { pin = load_identity(StateDirectory(folder / "state")).pin; });
    }
  }
  CHECK(std::count(pins.begin(), pins.end(), pins.front()) == 8);
}

TEST_CASE("Identity: an existing one is read while another process holds the lock", "[identity]") {
  const TemporaryFolder folder;
  const StateDirectory state(folder / "state");
  const auto created = load_identity(state);
  const StateDirectory::Lock held(state);
  CHECK(load_identity(state).pin == created.pin);
}

TEST_CASE("Identity: if others can read the key or its directory, the error has the chmod command",
          "[identity]") {
  const TemporaryFolder folder;
  const fs::path state = folder / "state";
  load_identity(StateDirectory(state));
  ::chmod((state / "identity.key").c_str(), 0644);
  CHECK_THROWS_WITH(load_identity(StateDirectory(state)),
                    Catch::Contains("mode 0644") &&
                        Catch::EndsWith("chmod 600 " + (state / "identity.key").string()));
  ::chmod((state / "identity.key").c_str(), 0600);
  ::chmod(state.c_str(), 0750);
  CHECK_THROWS_WITH(load_identity(StateDirectory(state)),
                    Catch::EndsWith("chmod 700 " + state.string()));
  ::chmod(state.c_str(), 0700);
  CHECK_NOTHROW(load_identity(StateDirectory(state)));
}

TEST_CASE("Identity: a missing certificate and another key's certificate are replaced",
          "[identity]") {
  const TemporaryFolder folder;
  const fs::path state = folder / "state";
  const auto created = load_identity(StateDirectory(state));
  load_identity(StateDirectory(folder / "other"));
  fs::copy_file(folder / "other/identity.crt", state / "identity.crt",
                fs::copy_options::overwrite_existing);
  ::chmod((state / "identity.crt").c_str(), 0600);
  const auto replaced = load_identity(StateDirectory(state));
  CHECK(replaced.pin == created.pin);
  CHECK(replaced.certificate_pem != read_file(folder / "other/identity.crt"));
  CHECK(replaced.certificate_pem == read_file(state / "identity.crt"));
  fs::remove(state / "identity.crt");
  CHECK(load_identity(StateDirectory(state)).pin == created.pin);
  CHECK(fs::exists(state / "identity.crt"));
}

TEST_CASE("Identity: its certificate is valid from a UTCTime to a GeneralizedTime (RFC 5280)",
          "[identity]") {
  const TemporaryFolder folder;
  const CertificatePtr certificate =
      read_certificate(load_identity(StateDirectory(folder / "state")).certificate_pem);
  const ASN1_TIME* const from = X509_get0_notBefore(certificate.get());
  const ASN1_TIME* const until = X509_get0_notAfter(certificate.get());
  CHECK(ASN1_STRING_type(from) == V_ASN1_UTCTIME);
  CHECK(ASN1_STRING_type(until) == V_ASN1_GENERALIZEDTIME);
  CHECK(std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(from))) == "700101000000Z");
}

TEST_CASE("Identity: a malformed key is rejected and kept", "[identity]") {
  const TemporaryFolder folder;
  const fs::path state = folder / "state";
  load_identity(StateDirectory(state));
  topnet::test::write_file(state / "identity.key", "not a key");
  CHECK_THROWS_WITH(load_identity(StateDirectory(state)),
                    Catch::Contains("could not read a private key"));
  CHECK(read_file(state / "identity.key") == "not a key");
}

TEST_CASE("Identity: an encrypted key is reported as such", "[identity]") {
  const TemporaryFolder folder;
  const KeyPtr key = topnet::net::read_private_key(topnet::net::make_key());
  const BioPtr bio(BIO_new(BIO_s_mem()));
  const std::string passphrase = "passphrase";
  REQUIRE(PEM_write_bio_PKCS8PrivateKey(bio.get(), key.get(), EVP_aes_128_cbc(), passphrase.data(),
                                        static_cast<int>(passphrase.size()), nullptr,
                                        nullptr) == 1);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  topnet::test::write_file(folder / "key", std::string(text, static_cast<std::size_t>(size)));
  fs::permissions(folder / "key", fs::perms(0600));
  topnet::test::write_file(folder / "crt",
                           load_identity(StateDirectory(folder / "state")).certificate_pem);
  topnet::net::PkiFiles files{.certificate = {folder / "crt", topnet::base::Secrecy::Public},
                              .key = {folder / "key", topnet::base::Secrecy::Secret},
                              .ca = {}};
  CHECK_THROWS_WITH(load_pki(files),
                    Catch::Contains((folder / "key").string()) && Catch::Contains("is encrypted"));
}

TEST_CASE("Pin: the prefix and 43 base64url characters are required", "[pin]") {
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
