// Builds fake /proc trees, so that the input of a test is next to its assertions.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "support/temporary_folder.h"

namespace topnet::test {

// The contents of a stat file. `comm` is not escaped.
struct FakeProcess {
  pid_t pid = 1;
  std::string comm = "init";
  char state = 'S';
  std::uint64_t user_ticks = 0;
  std::uint64_t system_ticks = 0;
  std::uint64_t start_time_ticks = 1;
  pid_t parent = 1;
  std::uint64_t children_user_ticks = 7;
  std::uint64_t children_system_ticks = 8;
};

// The line as Linux 6.1 writes it: 52 fields and a newline.
std::string stat_line(const FakeProcess& process);

class ProcTree {
 public:
  ProcTree& add(const FakeProcess& process);
  ProcTree& add_fifo(std::string_view name);
  ProcTree& add_link(std::string_view name, std::string_view target);
  ProcTree& add_file(std::string_view name, std::string_view contents);

  const std::filesystem::path& root() const { return folder_.path(); }

 private:
  TemporaryFolder folder_;
};

}  // namespace topnet::test
