#include "net/server/report_archive.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

#include "base/file_io.h"
#include "base/files/file_error.h"

namespace topnet::net {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "report-";

// Names sort by age: the time comes first, with a fixed width.
std::string unique_name(std::uint64_t number, std::string_view extension) {
  using namespace std::chrono;
  const auto now = floor<microseconds>(system_clock::now()).time_since_epoch().count();
  return fmt::format("{}{:016}-{}-{}.{}", kPrefix, now, ::getpid(), number, extension);
}

}  // namespace

ReportArchive::ReportArchive(fs::path directory, std::size_t capacity)
    : directory_(std::move(directory)), capacity_(capacity) {
  if (::mkdir(directory_.c_str(), 0700) != 0 && errno != EEXIST) {
    throw base::FileError("create", directory_, errno);
  }
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory_, error)) {
    if (entry.path().filename().string().starts_with(kPrefix)) files_.push_back(entry.path());
  }
  if (error == std::errc::not_a_directory) {
    throw base::FileError("use", directory_, "it is not a directory; move it to another place");
  }
  if (error) throw base::FileError("read", directory_, error.value());
  std::sort(files_.begin(), files_.end());
}

ReportFile ReportArchive::write(std::string_view bytes, std::string_view extension) {
  std::uint64_t number = 0;
  {
    const std::scoped_lock lock(mutex_);
    number = ++written_;
  }
  const fs::path path = directory_ / unique_name(number, extension);
  base::UniqueFd file(
      ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) throw base::FileError("write", path, errno);
  if (const int error = base::write_all(file.raw(), bytes); error != 0) {
    ::unlink(path.c_str());
    throw base::FileError("write", path, error);
  }
  add(path);
  return {.path = path, .file = std::move(file)};
}

void ReportArchive::add(fs::path file) {
  const std::scoped_lock lock(mutex_);
  files_.push_back(std::move(file));
  while (files_.size() > capacity_) {
    std::error_code ignored;  // another process may have removed it
    fs::remove(files_.front(), ignored);
    files_.pop_front();
  }
}

}  // namespace topnet::net
