#include "proc/visibility.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>

#include "base/unique_fd.h"
#include "proc/procfs.h"

namespace topnet::proc {
namespace {

// The inode of the initial PID namespace is a constant of the kernel (PROC_PID_INIT_INO).
constexpr std::string_view kInitialNamespace = "pid:[4026531836]";

std::string read_link(const char* path) {
  std::array<char, 64> target{};
  const ssize_t length = ::readlink(path, target.data(), target.size());
  return length > 0 ? std::string(target.data(), static_cast<std::size_t>(length)) : "";
}

// Process 1 always exists, and hidepid hides it from users other than root.
bool can_read_init() {
  const base::UniqueFd file(::open("/proc/1/stat", O_RDONLY | O_CLOEXEC));
  return file || (errno != ENOENT && errno != EACCES && errno != EPERM);
}

}  // namespace

std::optional<std::string> visibility_limit(const std::filesystem::path& root,
                                            std::uint64_t unreadable) {
  if (is_proc(root)) {
    if (!can_read_init()) return "/proc hides the processes of other users (hidepid)";
    if (read_link("/proc/self") != std::to_string(::getpid())) {
      return "/proc belongs to another PID namespace";
    }
    const std::string own = read_link("/proc/self/ns/pid");
    if (!own.empty() && own != kInitialNamespace) {
      return "this is a PID namespace (a container); processes outside of it are not seen";
    }
  }
  if (unreadable > 0) return fmt::format("{} processes cannot be read", unreadable);
  return std::nullopt;
}

}  // namespace topnet::proc
