#include "net/trust/machine_id.h"

#include <fmt/format.h>

#include "base/escape.h"
#include "base/files/file_error.h"
#include "base/hex.h"

namespace topnet::net {
namespace {

constexpr const char* kRecorded = "machine-id";

// The first line if it is an id; an image that was not booted yet has "uninitialized" or nothing.
std::optional<std::string> parse_id(const std::optional<std::string>& text) {
  if (!text) return std::nullopt;
  std::string id = text->substr(0, text->find('\n'));
  return base::is_hex(id, 32) ? std::optional(std::move(id)) : std::nullopt;
}

std::string warning(const std::filesystem::path& state) {
  return fmt::format(
      "the state directory {0} was copied from another machine, which has the same key, so each of "
      "the two takes the other for itself; give this machine a key of its own with `rm "
      "{0}/identity.* "
      "{0}/{1}` and enrol it again, or, if no other machine has this key, run `rm {0}/{1}`",
      base::quote_for_shell(state.native()), kRecorded);
}

std::optional<std::string> read_own_id(const std::filesystem::path& file) {
  try {
    const base::UniqueFd descriptor = base::open_for_reading(file, base::Links::Follow);
    if (!descriptor) return std::nullopt;
    return parse_id(base::read_all(file, descriptor));
  } catch (const base::FileError&) {
    return std::nullopt;
  }
}

}  // namespace

std::optional<std::string> check_machine_id(const base::StateDirectory& state,
                                            const std::filesystem::path& file) {
  const auto own = read_own_id(file);
  const auto recorded = parse_id(state.read(kRecorded));
  if (!own || own == recorded) return std::nullopt;
  const bool has_key = state.version("identity.key") != base::FileVersion{};
  if (recorded && has_key) return warning(state.path());
  try {
    state.write(kRecorded, *own + '\n');
  } catch (const base::FileError&) {
    return std::nullopt;  // The directory may be a read-only copy.
  }
  return std::nullopt;
}

}  // namespace topnet::net
