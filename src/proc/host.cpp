#include "proc/host.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>

#include "proc/escape.h"
#include "proc/file.h"
#include "proc/number.h"

namespace topnet::proc {
namespace {

constexpr std::size_t kMaxLineSize = 256;
constexpr std::size_t kMaxStatSize = std::size_t{1} << 20U;  // enough for thousands of CPUs

// Takes the first line off `text`, without its newline.
std::string_view take_line(std::string_view& text) {
  const std::size_t length = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, length);
  text.remove_prefix(std::min(length + 1, text.size()));
  return line;
}

std::optional<std::string> read_line(const std::filesystem::path& file) {
  std::array<char, kMaxLineSize> buffer;
  auto text = read_small_file(AT_FDCWD, file.c_str(), buffer);
  if (!text || text->empty()) return std::nullopt;
  return escape(take_line(*text));
}

bool names_one_cpu(std::string_view line) {
  return line.starts_with("cpu") && parse_number<std::uint32_t>(line.substr(3, line.find(' ') - 3));
}

// Counts the lines "cpu0 ...", "cpu1 ...", which follow the sum in "cpu  ...".
std::optional<std::uint32_t> count_cpus(const std::filesystem::path& file) {
  const auto buffer = std::make_unique_for_overwrite<std::array<char, kMaxStatSize>>();
  auto text = read_small_file(AT_FDCWD, file.c_str(), *buffer);
  if (!text) return std::nullopt;
  std::uint32_t cpus = 0;
  while (text->starts_with("cpu")) {
    if (names_one_cpu(take_line(*text))) ++cpus;
  }
  if (cpus == 0) return std::nullopt;
  return cpus;
}

}  // namespace

Host read_host(const std::filesystem::path& root) {
  return {.name = read_line(root / "sys/kernel/hostname"),
          .boot_id = read_line(root / "sys/kernel/random/boot_id"),
          .cpus = count_cpus(root / "stat")};
}

}  // namespace topnet::proc
