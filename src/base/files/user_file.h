// A small file that the user names in an option: a certificate, a key or a token.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

namespace topnet::base {

enum class Secrecy : std::uint8_t { Public, Secret };

class UserFile {
 public:
  // No file.
  UserFile() = default;
  UserFile(std::filesystem::path path, Secrecy secrecy)
      : path_(std::move(path)), secrecy_(secrecy) {}

  bool is_given() const { return !path_.empty(); }
  const std::filesystem::path& path() const { return path_; }

  // Returns the contents, of 1 MiB at most. Follows symbolic links. Waits until `timeout` for the
  // end of a pipe. Later calls never wait: they return the pipe's contents again, and refuse a pipe
  // that has replaced a regular file. Throws FileError, also if the file does not exist, and if
  // other users can use a secret one: its owner must be this process's user or root, and its group
  // may read it only if the owner is root. (The rules of PostgreSQL and of OpenSSH.)
  std::string read(std::chrono::milliseconds timeout = std::chrono::minutes(1));

 private:
  std::filesystem::path path_;
  Secrecy secrecy_ = Secrecy::Public;
  bool was_read_ = false;
  std::optional<std::string> from_pipe_;
};

}  // namespace topnet::base
