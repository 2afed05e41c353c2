// An invite that is accepted is written again as it was, byte for byte, and what it holds is fit
// for the line of a trust file, for the screen and for a JOIN.

#include <cstdint>
#include <string>

#include "net/message.h"
#include "net/trust_entry.h"
#include "proc/escape.h"
#include "support/require.h"

using namespace topnet::net;
using topnet::test::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(data, data + size);
  const auto code = parse_invite_code(text);
  if (!code) return 0;
  require(to_text(*code) == text);
  require(topnet::proc::is_escaped(text));
  const KnownServer server{.address = code->address, .pin = code->pin, .since = {}, .next = {}};
  KnownServer read;
  require(parse_line(to_line(server), read) && read == server);
  const JoinRequest request{.secret = code->secret, .server = code->pin};
  require(parse_join(to_json(request)) == request);
  return 0;
}
