// Keeps a database that cannot be used, under another name.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/files/state_directory.h"

namespace topnet::base {

// The files that an SQLite database may consist of: `file` and its logs.
std::vector<std::filesystem::path> database_files(const std::filesystem::path& file);

// Renames the database `name` to `name`.corrupt-N, and its logs likewise. Returns the new name of
// the first file that exists: the database, or a log if the database is missing; empty if none
// exists. N is greater than any before. Keeps the newest three such databases and removes older
// ones. Throws FileError.
std::string quarantine(const StateDirectory& folder, const std::string& name);

}  // namespace topnet::base
