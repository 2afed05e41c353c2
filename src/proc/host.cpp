#include "proc/host.h"

#include <fcntl.h>

#include <array>
#include <string_view>

#include "base/escape.h"
#include "base/string_scan.h"
#include "proc/small_file.h"

namespace topnet::proc {
namespace {

constexpr std::size_t kMaxLineSize = 256;

std::optional<std::string> read_line(const std::filesystem::path& file) {
  std::array<char, kMaxLineSize> buffer;
  auto text = read_small_file(AT_FDCWD, file.c_str(), buffer);
  if (!text || text->empty()) return std::nullopt;
  return base::escape(base::take_until(*text, "\n"));
}

}  // namespace

Host read_host(const std::filesystem::path& root) {
  return {.name = read_line(root / "sys/kernel/hostname"),
          .boot_id = read_line(root / "sys/kernel/random/boot_id")};
}

}  // namespace topnet::proc
