#include "cmd/state_dir.h"

#include <unistd.h>

#include <cstdlib>
#include <system_error>

#include "cmd/command_error.h"
#include "net/trust/machine_id.h"

namespace topnet::cmd {
namespace {

namespace fs = std::filesystem;

// An absolute path from the environment. The XDG specification requires relative ones to be
// ignored.
fs::path path_from(const char* variable) {
  const char* const value = std::getenv(variable);
  if (value == nullptr || *value != '/') return {};
  return value;
}

}  // namespace

Option state_dir_option(std::string& directory) {
  return {.names = "--state-dir",
          .value = "DIR",
          .help = "Directory for keys, trust and reports (default: see topnet(1), FILES)",
          .set = [&](const std::string& text) { directory = text; }};
}

fs::path state_dir(const std::string& directory) {
  if (!directory.empty()) return fs::absolute(directory);
  const char* const variable = std::getenv("TOPNET_STATE_DIR");
  if (variable != nullptr && *variable != '\0') return fs::absolute(variable);
  if (::geteuid() == 0) return "/var/lib/topnet";
  if (const fs::path state = path_from("XDG_STATE_HOME"); !state.empty()) return state / "topnet";
  if (const fs::path home = path_from("HOME"); !home.empty()) return home / ".local/state/topnet";
  throw UsageError(
      "cannot choose a state directory, since HOME is not an absolute path; choose one with "
      "--state-dir or TOPNET_STATE_DIR");
}

base::StateDirectory open_state_dir(const std::string& directory) {
  base::StateDirectory state(state_dir(directory));
  if (const auto warning = net::check_machine_id(state)) log_line(*warning);
  return state;
}

bool has_state_dir(const std::string& directory) {
  std::error_code error;
  return fs::status(state_dir(directory), error).type() != fs::file_type::not_found;
}

}  // namespace topnet::cmd
