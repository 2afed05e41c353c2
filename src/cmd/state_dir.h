// The directory of keys, trust files and reports, and its option, which every command has.
#pragma once

#include <filesystem>
#include <string>

#include "base/files/state_directory.h"
#include "cmd/command_line.h"

namespace topnet::cmd {

// Sets `directory`, which must outlive the option.
Option state_dir_option(std::string& directory);

// Returns `directory` as an absolute path. If it is empty: $TOPNET_STATE_DIR; if that is not set or
// empty, /var/lib/topnet for root, for other users $XDG_STATE_HOME/topnet, else
// ~/.local/state/topnet. Throws UsageError if no variable is set.
std::filesystem::path state_dir(const std::string& directory);

// Opens state_dir(`directory`). Logs a warning if it was copied from another machine. Throws
// UsageError and FileError.
base::StateDirectory open_state_dir(const std::string& directory);

// False if the directory does not exist.
bool has_state_dir(const std::string& directory);

}  // namespace topnet::cmd
