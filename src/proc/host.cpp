#include "proc/host.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/utsname.h>

#include <array>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include "base/escape.h"
#include "base/string_scan.h"
#include "base/unique_fd.h"
#include "proc/procfs.h"
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

// The inode of the initial UTS namespace is a constant of the kernel (PROC_UTS_INIT_INO).
constexpr std::string_view kInitialNamespace = "uts:[4026531838]";

std::string read_link(const std::filesystem::path& link) {
  std::error_code ignored;
  return std::filesystem::read_symlink(link, ignored).native();
}

// Whether the machine's name is also that of this process. If that of process 1 may not be known, a
// process of the initial namespace has the name of the hardware's host.
bool shares_uts_namespace(const std::filesystem::path& root) {
  const std::string own = read_link("/proc/self/ns/uts");
  const std::string other = read_link(root / "1/ns/uts");
  return other.empty() ? own == kInitialNamespace : own == other;
}

// Only a thread of its own can change its namespace and then end without changing it back.
std::optional<std::string> read_name_in(const std::filesystem::path& uts_namespace) {
  const base::UniqueFd file(::open(uts_namespace.c_str(), O_RDONLY | O_CLOEXEC));
  std::optional<std::string> name;
  if (!file) return name;
  std::thread([&] {
    utsname names{};
    if (::setns(file.raw(), CLONE_NEWUTS) == 0 && ::uname(&names) == 0) {
      name = base::escape(names.nodename);
    }
  }).join();
  return name;
}

}  // namespace

Host read_host(const std::filesystem::path& root) {
  return {.name = read_line(root / "sys/kernel/hostname"),
          .boot_id = read_line(root / "sys/kernel/random/boot_id")};
}

HostReader::HostReader(std::filesystem::path root)
    : root_(std::move(root)),
      has_own_name_(is_proc(root_) || !is_proc_file_system(root_) || shares_uts_namespace(root_)) {
  if (!has_own_name_) other_name_ = read_name_in(root_ / "1/ns/uts");
}

Host HostReader::read() const {
  Host host = read_host(root_);
  if (!has_own_name_) host.name = other_name_;
  return host;
}

}  // namespace topnet::proc
