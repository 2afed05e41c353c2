#include "base/files/quarantine.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <map>
#include <optional>
#include <string_view>

#include "base/files/file_error.h"
#include "base/parse_number.h"

namespace topnet::base {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxKept = 3;

// Returns N for `prefix`N and `prefix`N-wal; nullopt for other names.
std::optional<std::uint32_t> number_in(std::string_view name, std::string_view prefix) {
  if (!name.starts_with(prefix)) return std::nullopt;
  name.remove_prefix(prefix.size());
  return parse_number<std::uint32_t>(name.substr(0, name.find('-')));
}

// Maps each number to the files whose names begin with `prefix` and the number.
std::map<std::uint32_t, std::vector<fs::path>> numbered_files(const fs::path& folder,
                                                              std::string_view prefix) {
  std::map<std::uint32_t, std::vector<fs::path>> files;
  try {
    for (const fs::directory_entry& each : fs::directory_iterator(folder)) {
      const auto number = number_in(each.path().filename().native(), prefix);
      if (number) files[*number].push_back(each.path());
    }
  } catch (const fs::filesystem_error& error) {
    throw FileError("read", folder, error.code().value());
  }
  return files;
}

}  // namespace

std::vector<fs::path> database_files(const fs::path& file) {
  std::vector<fs::path> files;
  for (const char* const suffix : {"", "-wal", "-shm", "-journal"}) {
    files.emplace_back(file.native() + suffix);
  }
  return files;
}

// Renames the database before its logs: SQLite removes logs without a database.
std::string quarantine(const StateDirectory& folder, const std::string& name) {
  const std::string prefix = name + ".corrupt-";
  auto kept = numbered_files(folder.path(), prefix);
  const std::uint32_t number = kept.empty() ? 1 : std::prev(kept.end())->first + 1;
  const std::string new_name = prefix + std::to_string(number);
  const std::vector<fs::path> from = database_files(folder / name);
  const std::vector<fs::path> to = database_files(folder / new_name);
  std::string renamed;
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (::rename(from[i].c_str(), to[i].c_str()) == 0) {
      if (renamed.empty()) renamed = to[i].filename();
    } else if (errno != ENOENT) {
      throw FileError("rename", from[i], errno);
    }
  }
  if (!renamed.empty()) kept[number] = {};  // counted, but not removed
  for (; kept.size() > kMaxKept; kept.erase(kept.begin())) {
    for (const fs::path& each : kept.begin()->second) {
      std::error_code ignored;
      fs::remove(each, ignored);
    }
  }
  return renamed;
}

}  // namespace topnet::base
