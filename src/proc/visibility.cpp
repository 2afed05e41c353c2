#include "proc/visibility.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <string_view>

#include "base/escape.h"
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
bool can_read_init(const std::filesystem::path& root) {
  const base::UniqueFd file(::open((root / "1/stat").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  return file || (errno != ENOENT && errno != EACCES && errno != EPERM);
}

}  // namespace

std::optional<std::string> visibility_limit(const std::filesystem::path& root,
                                            std::uint64_t unreadable) {
  if (is_proc_file_system(root) && !can_read_init(root)) {
    return fmt::format("{} hides the processes of other users (hidepid)",
                       base::escape(root.native()));
  }
  if (is_proc(root)) {
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

// Each line of mountinfo has the mount's device as third field, and ends with the type, the source
// and the options of the file system.
bool has_hidepid(const std::filesystem::path& root) {
  struct stat status {};
  if (::stat(root.c_str(), &status) != 0) return false;
  const std::string device = fmt::format(" {}:{} ", ::major(status.st_dev), ::minor(status.st_dev));
  std::ifstream mounts("/proc/self/mountinfo");
  for (std::string line; std::getline(mounts, line);) {
    const std::size_t type = line.find(" - proc ");
    if (type != std::string::npos && line.find(device) < type) {
      return line.find("hidepid=", type) != std::string::npos;
    }
  }
  return false;
}

}  // namespace topnet::proc
