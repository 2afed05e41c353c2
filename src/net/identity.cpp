#include "net/identity.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <optional>

#include "net/atomic_file.h"
#include "net/file_error.h"
#include "net/openssl.h"
#include "proc/escape.h"

namespace topnet::net {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kPrivateFolder = 0700;
constexpr mode_t kPrivateFile = 0600;
constexpr std::size_t kMaxFileSize = 65536;

// Others must not reach what is in `file`.
void require_private(const fs::path& file, int descriptor, mode_t wanted) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) throw FileError("read", file, errno);
  if (status.st_uid != ::geteuid() && ::geteuid() != 0) {
    throw FileError("use", file, "it belongs to another user");
  }
  if ((status.st_mode & 077U) != 0) {
    throw FileError("use", file,
                    fmt::format("others can read it (mode {:04o}); run: chmod {:o} {}",
                                status.st_mode & 07777U, wanted, proc::escape(file.native())));
  }
}

// Makes the folders on the way that are missing, each for the owner alone.
void make_private_folders(const fs::path& folder) {
  if (folder.empty() || ::mkdir(folder.c_str(), kPrivateFolder) == 0 || errno == EEXIST) return;
  if (errno != ENOENT) throw FileError("make", folder, errno);
  make_private_folders(folder.parent_path());
  if (::mkdir(folder.c_str(), kPrivateFolder) != 0 && errno != EEXIST) {
    throw FileError("make", folder, errno);
  }
}

proc::UniqueFd open_state(const fs::path& state) {
  make_private_folders(state);
  proc::UniqueFd folder(::open(state.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) throw FileError("open", state, errno);
  require_private(state, folder.raw(), kPrivateFolder);
  return folder;
}

// nullopt if there is no such file.
std::optional<std::string> read_private_file(const fs::path& file) {
  const proc::UniqueFd descriptor(::open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!descriptor) {
    if (errno == ENOENT) return std::nullopt;
    throw FileError("read", file, errno);
  }
  require_private(file, descriptor.raw(), kPrivateFile);
  std::string text(kMaxFileSize, '\0');
  const ssize_t size = ::read(descriptor.raw(), text.data(), text.size());
  if (size < 0) throw FileError("read", file, errno);
  text.resize(static_cast<std::size_t>(size));
  return text;
}

template <typename Write>
std::string to_pem(Write write) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  require(bio != nullptr && write(bio.get()) == 1, "could not write a PEM text");
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

void set_random_serial_number(X509& certificate) {
  std::array<unsigned char, 8> bytes{};
  require(RAND_bytes(bytes.data(), bytes.size()) == 1, "no random numbers");
  std::uint64_t number = 0;
  for (const unsigned char byte : bytes) number = (number << 8U) | byte;
  // Positive, as RFC 5280 asks.
  require(ASN1_INTEGER_set_uint64(X509_get_serialNumber(&certificate), number >> 1U) == 1,
          "could not make a certificate");
}

// The dates say "always" (RFC 5280, section 4.1.2.5): nobody looks at them, since the key is
// pinned.
void set_dates(X509& certificate) {
  require(ASN1_TIME_set_string(X509_getm_notBefore(&certificate), "19700101000000Z") == 1 &&
              ASN1_TIME_set_string(X509_getm_notAfter(&certificate), "99991231235959Z") == 1,
          "could not make a certificate");
}

std::string make_key() {
  const KeyPtr key(EVP_EC_gen("P-256"));
  require(key != nullptr, "could not make a key");
  return to_pem([&](BIO* bio) {
    return PEM_write_bio_PKCS8PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
}

std::string make_certificate(const std::string& key_pem) {
  const KeyPtr key = read_private_key(key_pem);
  const CertificatePtr certificate(X509_new());
  require(certificate != nullptr, "could not make a certificate");
  set_random_serial_number(*certificate);
  set_dates(*certificate);
  X509_NAME* const name = X509_get_subject_name(certificate.get());
  const auto* const text = reinterpret_cast<const unsigned char*>("topnet");
  require(X509_set_version(certificate.get(), X509_VERSION_3) == 1 &&
              X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, text, -1, -1, 0) == 1 &&
              X509_set_issuer_name(certificate.get(), name) == 1 &&
              X509_set_pubkey(certificate.get(), key.get()) == 1 &&
              X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0,
          "could not make a certificate");
  return to_pem([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate.get()); });
}

void write_private_file(const fs::path& file, const std::string& text) {
  AtomicFile target(file, kPrivateFile);
  target.write(text);
  target.commit();
}

// The contents of `file`; where there is none, it is written with what `make` gives.
template <typename Make>
std::string read_or_write(const fs::path& file, Make make) {
  if (auto text = read_private_file(file)) return std::move(*text);
  std::string text = make();
  write_private_file(file, text);
  return text;
}

}  // namespace

Identity load_identity(const fs::path& state) {
  const proc::UniqueFd folder = open_state(state);
  // Held while the files are looked for and made, so that two first uses make one identity.
  while (::flock(folder.raw(), LOCK_EX) != 0) {
    if (errno != EINTR) throw FileError("lock", state, errno);
  }
  const fs::path key_file = state / "identity.key";
  try {
    std::string key_pem = read_or_write(key_file, make_key);
    // A certificate that is missing is made again: only its public key counts, and that is the
    // key's.
    std::string certificate_pem =
        read_or_write(state / "identity.crt", [&] { return make_certificate(key_pem); });
    const CertificatePtr certificate = read_certificate(certificate_pem);
    require(X509_check_private_key(certificate.get(), read_private_key(key_pem).get()) == 1,
            "identity.crt is another key's");
    return {.key_pem = std::move(key_pem),
            .certificate_pem = std::move(certificate_pem),
            .pin = pin_of(*certificate)};
  } catch (const OpensslError& error) {
    throw FileError("use", key_file,
                    fmt::format("{}; restore both from a backup, or remove both for a new identity",
                                error.what()));
  }
}

}  // namespace topnet::net
