// An accepted invite must be reproduced byte for byte, and be safe for a terminal. Its fields must
// be valid in a line of a trust file and in a JOIN.

#include <cstdint>
#include <string>

#include "base/escape.h"
#include "net/protocol/message.h"
#include "net/trust/trust_entries.h"
#include "support/require.h"

using namespace topnet::base;
using namespace topnet::net;
using topnet::test::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(data, data + size);
  const auto code = parse_invite_code(text);
  if (!code) return 0;
  require(to_text(*code) == text);
  require(topnet::base::is_escaped(text));
  const KnownServer server{.address = code->address, .pin = code->pin, .since = {}, .next = {}};
  KnownServer read;
  require(parse_line(to_line(server), read) && read == server);
  const JoinRequest request{.secret = code->secret, .server = code->pin};
  require(parse_join(to_json(request)) == request);
  return 0;
}
