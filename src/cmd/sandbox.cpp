#include "cmd/sandbox.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <functional>
#include <system_error>

#include "base/escape.h"
#include "base/unique_fd.h"
#include "cmd/command_error.h"
#include "proc/visibility.h"

namespace topnet::cmd {
namespace {

// See landlock(7). The C library of Debian 12 has no wrappers for its system calls.
constexpr std::uint64_t kWrite = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                                 LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR |
                                 LANDLOCK_ACCESS_FS_MAKE_REG;
// LANDLOCK_ACCESS_FS_TRUNCATE, which Debian 12's headers lack. Version 3 of Landlock added it.
constexpr std::uint64_t kTruncate = std::uint64_t{1} << 14U;
constexpr int kTruncateVersion = 3;
constexpr std::uint64_t kHandled = kWrite | LANDLOCK_ACCESS_FS_EXECUTE |
                                   LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_SOCK |
                                   LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
                                   LANDLOCK_ACCESS_FS_MAKE_SYM;

void require(bool ok, const char* failure) {
  if (!ok) throw std::system_error(errno, std::generic_category(), failure);
}

void restrict_writes_to(const std::filesystem::path& folder) {
  const auto version =
      ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  const std::uint64_t truncate = version >= kTruncateVersion ? kTruncate : 0;
  const landlock_ruleset_attr rules{.handled_access_fs = kHandled | truncate};
  const base::UniqueFd ruleset(
      static_cast<int>(::syscall(SYS_landlock_create_ruleset, &rules, sizeof rules, 0U)));
  require(static_cast<bool>(ruleset), "could not create a Landlock ruleset");
  const base::UniqueFd opened(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  require(static_cast<bool>(opened), "could not open the state directory");
  const landlock_path_beneath_attr allowed{.allowed_access = kWrite | truncate,
                                           .parent_fd = opened.raw()};
  require(::syscall(SYS_landlock_add_rule, ruleset.raw(), LANDLOCK_RULE_PATH_BENEATH, &allowed,
                    0U) == 0,
          "could not add a Landlock rule");
  require(::syscall(SYS_landlock_restrict_self, ruleset.raw(), 0U) == 0,
          "could not apply the Landlock ruleset");
}

// `protection` is what is missing if `apply` throws.
void try_to(const char* protection, const std::function<void()>& apply) {
  try {
    apply();
  } catch (const std::system_error& error) {
    log_line(fmt::format("{}; running without {}", error.what(), protection));
  }
}

}  // namespace

void enter_sandbox(const std::filesystem::path& state_dir, const std::filesystem::path& proc_root) {
  try_to("no_new_privs", [] {
    require(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "could not set no_new_privs");
  });
  // Prevents core dumps, which would contain keys, debuggers, and access to /proc/PID/mem.
  try_to("protection of its memory", [] {
    require(::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0, "could not disable core dumps");
  });
  if (proc::has_hidepid(proc_root)) {
    log_line(
        fmt::format("running without Landlock, because {} is mounted with hidepid: Landlock "
                    "would hide all processes from the server",
                    base::escape(proc_root.native())));
    return;
  }
  try_to("Landlock", [&] { restrict_writes_to(state_dir); });
}

}  // namespace topnet::cmd
