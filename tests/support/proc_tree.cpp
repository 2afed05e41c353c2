#include "support/proc_tree.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <stdexcept>

namespace topnet::test {

std::string stat_line(const FakeProcess& process) {
  return fmt::format(
      "{} ({}) {} {} {} {} 0 -1 4194560 100 200 0 0 {} {} {} {} 20 0 1 0 {} 172466176 3017 "
      "18446744073709551615 1 1 0 0 0 0 671173123 4096 1260 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n",
      process.pid, process.comm, process.state, process.parent, process.pid, process.pid,
      process.user_ticks, process.system_ticks, process.children_user_ticks,
      process.children_system_ticks, process.start_time_ticks);
}

ProcTree& ProcTree::add(const FakeProcess& process) {
  return add_file(fmt::format("{}/stat", process.pid), stat_line(process));
}

ProcTree& ProcTree::add_file(std::string_view name, std::string_view contents) {
  write_file(folder_ / name, contents);
  return *this;
}

ProcTree& ProcTree::add_fifo(std::string_view name) {
  std::filesystem::create_directories((folder_ / name).parent_path());
  if (::mkfifo((folder_ / name).c_str(), 0600) != 0)
    throw std::runtime_error("could not create a FIFO");
  return *this;
}

ProcTree& ProcTree::add_link(std::string_view name, std::string_view target) {
  std::filesystem::create_directories((folder_ / name).parent_path());
  std::filesystem::create_symlink(target, folder_ / name);
  return *this;
}

}  // namespace topnet::test
