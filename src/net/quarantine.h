// A database that cannot be used is kept under another name.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "net/private_folder.h"

namespace topnet::net {

// The files that an SQLite database may consist of: `file`, and its logs beside it.
std::vector<std::filesystem::path> database_files(const std::filesystem::path& file);

// Renames the database `name` to `name`.corrupt-N and returns that name; each of its files keeps
// its suffix. N is greater than any before. The newest three databases are kept, older ones
// removed. Throws FileError.
std::string quarantine(const PrivateFolder& folder, const std::string& name);

}  // namespace topnet::net
