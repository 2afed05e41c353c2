#include "proc/scan.h"

#include <dirent.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

#include "proc/escape.h"
#include "proc/file.h"
#include "proc/stat.h"

namespace topnet::proc {
namespace {

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};
using Directory = std::unique_ptr<DIR, CloseDirectory>;

enum class Outcome { Read, Vanished, Unreadable };

[[noreturn]] void fail(int error, const std::filesystem::path& root) {
  throw std::system_error(error, std::generic_category(),
                          "could not read the processes under " + escape(root.native()));
}

bool is_pid(std::string_view name) {
  return std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
}

Outcome outcome_of(int error, const std::filesystem::path& root) {
  switch (error) {
    case ENOENT:
    case ESRCH:
      return Outcome::Vanished;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
      fail(error, root);
    default:
      return Outcome::Unreadable;
  }
}

class StatReader {
 public:
  StatReader(int directory, const std::filesystem::path& root)
      : directory_(directory), root_(root) {}

  // Appends the process that the entry `name` stands for.
  Outcome read(std::string_view name, std::vector<Process>& into) {
    path_.assign(name).append("/stat");
    // The longest line is below 1,200 bytes: a name of 64 bytes and 51 numbers of up to 20 digits.
    std::array<char, 2048> buffer;
    const auto text = read_small_file(directory_, path_.c_str(), buffer);
    if (!text) return outcome_of(errno, root_);
    auto process = parse_stat(*text);
    // A file that speaks of another process than its folder is forged.
    if (!process || std::to_string(process->pid) != name) return Outcome::Unreadable;
    into.push_back(std::move(*process));
    return Outcome::Read;
  }

 private:
  int directory_;
  const std::filesystem::path& root_;
  std::string path_;
};

}  // namespace

Scan scan(const std::filesystem::path& root) {
  const Directory directory(::opendir(root.c_str()));
  if (!directory) fail(errno, root);
  StatReader reader(::dirfd(directory.get()), root);
  Scan result;
  for (;;) {
    errno = 0;
    const dirent* const entry = ::readdir(directory.get());
    if (entry == nullptr) {
      if (errno != 0) fail(errno, root);
      break;
    }
    const std::string_view name = entry->d_name;
    if (!is_pid(name)) continue;
    if (reader.read(name, result.processes) == Outcome::Unreadable) ++result.unreadable;
  }
  if (result.processes.empty()) {
    throw std::runtime_error(
        result.unreadable == 0
            ? fmt::format(
                  "found no process under {}; it has to be a proc file system or a copy of one",
                  escape(root.native()))
            : fmt::format("found {} processes under {}, none of which can be read",
                          result.unreadable, escape(root.native())));
  }
  return result;
}

}  // namespace topnet::proc
