#include "net/report_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

#include "net/file_error.h"

namespace topnet::net {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "report-";

// Sorts by age: the time comes first, in fixed width.
std::string unique_name(std::uint64_t number, std::string_view extension) {
  using namespace std::chrono;
  const auto now = floor<microseconds>(system_clock::now()).time_since_epoch().count();
  return fmt::format("{}{:016}-{}-{}.{}", kPrefix, now, ::getpid(), number, extension);
}

}  // namespace

ReportFiles::ReportFiles(fs::path folder, std::size_t keep)
    : folder_(std::move(folder)), keep_(keep) {
  if (::mkdir(folder_.c_str(), 0700) != 0 && errno != EEXIST) {
    throw FileError("make", folder_, errno);
  }
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder_, error)) {
    if (entry.path().filename().string().starts_with(kPrefix)) kept_.push_back(entry.path());
  }
  if (error) throw FileError("read", folder_, error.value());
  std::sort(kept_.begin(), kept_.end());
}

ReportFile ReportFiles::write(std::string_view bytes, std::string_view extension) {
  std::uint64_t number = 0;
  {
    const std::scoped_lock lock(mutex_);
    number = ++written_;
  }
  const fs::path path = folder_ / unique_name(number, extension);
  proc::UniqueFd file(
      ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) throw FileError("write", path, errno);
  while (!bytes.empty()) {
    const ssize_t count = ::write(file.raw(), bytes.data(), bytes.size());
    if (count >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno != EINTR) {
      const int error = errno;
      ::unlink(path.c_str());
      throw FileError("write", path, error);
    }
  }
  keep_newest(path);
  return {.path = path, .file = std::move(file)};
}

void ReportFiles::keep_newest(fs::path file) {
  const std::scoped_lock lock(mutex_);
  kept_.push_back(std::move(file));
  while (kept_.size() > keep_) {
    std::error_code ignored;  // somebody may have tidied up
    fs::remove(kept_.front(), ignored);
    kept_.pop_front();
  }
}

}  // namespace topnet::net
