#include "cmd/command_error.h"

#include <unistd.h>

#include <array>

#include "base/unique_fd.h"
#include "net/protocol/client.h"
#include "net/tls/tls.h"
#include "support/catch.h"

using namespace topnet::cmd;
using namespace topnet::net;
using topnet::base::UniqueFd;

TEST_CASE("CommandError: E9: each code of ERROR has its exit status", "[command_error]") {
  for (const auto& [code, status] :
       std::vector<std::pair<RefusalCode, ExitCode>>{{RefusalCode::NotEnrolled, ExitCode::Refused},
                                                     {RefusalCode::Busy, ExitCode::Refused},
                                                     {RefusalCode::ShuttingDown, ExitCode::Refused},
                                                     {RefusalCode::JoinRefused, ExitCode::Refused},
                                                     {RefusalCode::Timeout, ExitCode::Unreachable},
                                                     {RefusalCode::Protocol, ExitCode::Protocol},
                                                     {RefusalCode::Internal, ExitCode::Failure}}) {
    CHECK(exit_code_of(RefusedError({.code = code, .text = "why"})) == status);
  }
  CHECK(exit_code_of(ProtocolError("expected an ACK frame")) == ExitCode::Protocol);
  CHECK(exit_code_of(HandshakeError("it does not speak topnet/1")) == ExitCode::Protocol);
}

TEST_CASE("CommandError: log_line() prints one line without control characters",
          "[command_error]") {
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  const UniqueFd reader(ends[0]);
  const UniqueFd writer(ends[1]);
  const UniqueFd standard_error(::dup(STDERR_FILENO));
  ::dup2(writer.raw(), STDERR_FILENO);
  log_line("busy: \x1b[31m\na\\x41\u202E");
  ::dup2(standard_error.raw(), STDERR_FILENO);
  std::array<char, 100> buffer{};
  const ssize_t count = ::read(reader.raw(), buffer.data(), buffer.size());
  CHECK(std::string(buffer.data(), count > 0 ? static_cast<std::size_t>(count) : 0) ==
        "topnet: busy: \\x1b[31m\\x0aa\\x41\\xe2\\x80\\xae\n");
}
