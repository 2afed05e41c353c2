// Detects a state directory that was copied from another machine, by machine-id(5).
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/files/state_directory.h"

namespace topnet::net {

// Records this machine's id, read from `file`, in the file `machine-id` beside the key. If another
// machine's id was recorded with the key, returns a warning for users instead. Copies are not
// detected if an id is unknown or both machines have the same id. Throws FileError.
std::optional<std::string> check_machine_id(const base::StateDirectory& state,
                                            const std::filesystem::path& file = "/etc/machine-id");

}  // namespace topnet::net
