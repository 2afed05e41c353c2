#include "base/files/file_watch.h"

#include <utility>

#include "base/files/file_error.h"

namespace topnet::base {

FileWatch::FileWatch(std::vector<std::filesystem::path> files)
    : files_(std::move(files)), last_(versions()), reported_(last_) {}

bool FileWatch::has_changed() {
  std::vector<FileVersion> now = versions();
  if (now != last_) {
    last_ = std::move(now);
    return false;
  }
  return std::exchange(reported_, last_) != last_;
}

std::vector<FileVersion> FileWatch::versions() const {
  std::vector<FileVersion> versions;
  for (const std::filesystem::path& file : files_) {
    try {
      versions.push_back(version_of(file, Links::Follow));
    } catch (const FileError&) {
      versions.emplace_back();  // it cannot be read either, which tells why
    }
  }
  return versions;
}

}  // namespace topnet::base
