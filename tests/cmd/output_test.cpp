#include "cmd/output.h"

#include <pty.h>
#include <unistd.h>

#include <array>

#include "base/unique_fd.h"
#include "support/catch.h"
#include "support/temporary_folder.h"

using topnet::base::UniqueFd;
using topnet::cmd::Output;
using topnet::test::TemporaryFolder;

namespace {

constexpr const char* kHostile =
    "app-at\\x2dspi \x1b[2J\u202E\xff naïve\r\n\r\n\tlone\rCR\n\nno end of line";
constexpr const char* kPrintable =
    "app-at\\x2dspi \\x1b[2J\\xe2\\x80\\xae\\xff naïve\r\n\r\n\\x09lone\\x0dCR\n\nno end of line";

std::string read_from(int descriptor) {
  std::array<char, 1000> buffer{};
  const ssize_t count = ::read(descriptor, buffer.data(), buffer.size());
  return {buffer.data(), count > 0 ? static_cast<std::size_t>(count) : 0};
}

// A terminal that passes bytes on without changing them.
struct Terminal {
  UniqueFd controller;
  UniqueFd device;
  std::array<char, 100> name{};

  Terminal() {
    termios raw{};
    ::cfmakeraw(&raw);
    std::array<int, 2> both{};
    REQUIRE(::openpty(both.data(), &both[1], name.data(), &raw, nullptr) == 0);
    controller = UniqueFd(both[0]);
    device = UniqueFd(both[1]);
  }

  std::string shown() const { return read_from(controller.raw()); }
};

// Puts `replacement` in the place of a standard descriptor while the object lives.
class Redirection {
 public:
  Redirection(int descriptor, int replacement)
      : descriptor_(descriptor), saved_(::dup(descriptor)) {
    ::dup2(replacement, descriptor_);
  }
  ~Redirection() { ::dup2(saved_.raw(), descriptor_); }
  Redirection(Redirection&&) = delete;

 private:
  int descriptor_;
  UniqueFd saved_;
};

void write(const std::string& file) {
  Output output(file);
  const std::string_view report = kHostile;
  output.write(report.substr(0, 18));  // within a character
  output.write(report.substr(18));
  output.commit();
}

}  // namespace

TEST_CASE("Output: a terminal gets control characters escaped, a file and a pipe get all bytes",
          "[output]") {
  const Terminal terminal;
  write(terminal.name.data());
  CHECK(terminal.shown() == kPrintable);
  {
    const Redirection redirection(STDOUT_FILENO, terminal.device.raw());
    write("-");
  }
  CHECK(terminal.shown() == kPrintable);

  const TemporaryFolder folder;
  write(folder / "report");
  CHECK(topnet::test::read_file(folder / "report") == kHostile);
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  const UniqueFd reader(ends[0]);
  const UniqueFd writer(ends[1]);
  {
    const Redirection redirection(STDOUT_FILENO, writer.raw());
    write("-");
  }
  CHECK(read_from(reader.raw()) == kHostile);
}
