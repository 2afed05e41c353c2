#include "proc/host.h"

#include <fstream>
#include <string_view>

#include "proc/escape.h"
#include "proc/number.h"

namespace topnet::proc {
namespace {

std::optional<std::string> read_line(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::string line;
  if (!std::getline(stream, line)) return std::nullopt;
  return escape(line);
}

bool names_one_cpu(std::string_view line) {
  return line.starts_with("cpu") && parse_number<std::uint32_t>(line.substr(3, line.find(' ') - 3));
}

// Counts the lines "cpu0 ...", "cpu1 ...", which follow the sum in "cpu  ...".
std::optional<std::uint32_t> count_cpus(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::uint32_t cpus = 0;
  for (std::string line; std::getline(stream, line) && line.starts_with("cpu");) {
    if (names_one_cpu(line)) ++cpus;
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
