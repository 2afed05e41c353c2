#include "net/trust/machine_id.h"

#include <fmt/format.h>

#include "base/escape.h"
#include "base/files/file_error.h"

namespace topnet::net {
namespace {

constexpr const char* kRecorded = "machine-id";

// The first line if it is an id; an image that was not booted yet has "uninitialized" or nothing.
std::optional<std::string> parse_id(const std::optional<std::string>& text) {
  if (!text) return std::nullopt;
  std::string id = text->substr(0, text->find('\n'));
  const bool is_id =
      id.size() == 32 && id.find_first_not_of("0123456789abcdef") == std::string::npos;
  return is_id ? std::optional(std::move(id)) : std::nullopt;
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
    return parse_id(base::read_public_file(file));
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
  const bool has_key = state.version("identity.key") != base::StateDirectory::Version{};
  if (recorded && has_key) return warning(state.path());
  try {
    state.write(kRecorded, *own + '\n');
  } catch (const base::FileError&) {
    return std::nullopt;  // The directory may be a read-only copy.
  }
  return std::nullopt;
}

}  // namespace topnet::net
