// Where keys, trust and reports are kept: the option that every command has.
#pragma once

#include <filesystem>
#include <string>

#include "cmd/command_line.h"

namespace topnet::cmd {

// Sets `directory`, which must outlive the option.
Option state_dir_option(std::string& directory);

// The directory that was given, or where there was none (it is empty): /var/lib/topnet for root,
// for others $XDG_STATE_HOME/topnet, else ~/.local/state/topnet. Throws UsageError where none of
// these can be told.
std::filesystem::path state_dir(const std::string& directory);

}  // namespace topnet::cmd
