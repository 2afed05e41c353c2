#include "cmd/confinement.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <system_error>

#include "proc/unique_fd.h"

namespace topnet::cmd {
namespace {

// landlock(7). The C library of Debian 12 has no functions for these calls.
constexpr std::uint64_t kWriting = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                                   LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR |
                                   LANDLOCK_ACCESS_FS_MAKE_REG;
// From the third version of Landlock on, which Debian 12's headers do not know.
constexpr std::uint64_t kTruncating = std::uint64_t{1} << 14U;
constexpr int kTruncatingVersion = 3;
constexpr std::uint64_t kForbidden = kWriting | LANDLOCK_ACCESS_FS_EXECUTE |
                                     LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_SOCK |
                                     LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
                                     LANDLOCK_ACCESS_FS_MAKE_SYM;

void require(bool ok, const char* what) {
  if (!ok) throw std::system_error(errno, std::generic_category(), what);
}

void write_only_beneath(const std::filesystem::path& folder) {
  const auto version =
      ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  const std::uint64_t truncating = version >= kTruncatingVersion ? kTruncating : 0;
  const landlock_ruleset_attr rules{.handled_access_fs = kForbidden | truncating};
  const proc::UniqueFd ruleset(
      static_cast<int>(::syscall(SYS_landlock_create_ruleset, &rules, sizeof rules, 0U)));
  // A kernel without it, or one that was started without it.
  if (!ruleset && (errno == ENOSYS || errno == EOPNOTSUPP)) return;
  require(static_cast<bool>(ruleset), "could not make a set of Landlock rules");
  const proc::UniqueFd opened(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  require(static_cast<bool>(opened), "could not open the state directory");
  const landlock_path_beneath_attr allowed{.allowed_access = kWriting | truncating,
                                           .parent_fd = opened.raw()};
  require(::syscall(SYS_landlock_add_rule, ruleset.raw(), LANDLOCK_RULE_PATH_BENEATH, &allowed,
                    0U) == 0,
          "could not add a Landlock rule");
  require(::syscall(SYS_landlock_restrict_self, ruleset.raw(), 0U) == 0,
          "could not apply Landlock rules");
}

}  // namespace

void confine(const std::filesystem::path& state) {
  require(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "could not give up new privileges");
  // No core dump with keys in it, no debugger, no /proc/PID/mem for others.
  require(::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0, "could not become undumpable");
  write_only_beneath(state);
}

}  // namespace topnet::cmd
