// Identifies the machine that a proc file system describes. Thread-safe.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace topnet::proc {

// nullopt: the root does not have the file.
struct Host {
  std::optional<std::string> name;     // sys/kernel/hostname, escaped (base/escape.h)
  std::optional<std::string> boot_id;  // sys/kernel/random/boot_id, escaped

  friend bool operator==(const Host&, const Host&) = default;
};

// Never fails, because a copy of /proc may lack the files.
Host read_host(const std::filesystem::path& root);

// The same for the proc file system of another machine or container. Every reader of a proc file
// system is shown the name of its own UTS namespace. So the name is read once, on construction, in
// the namespace of the root's process 1. It is nullopt if this process may not do that.
class HostReader {
 public:
  explicit HostReader(std::filesystem::path root);

  Host read() const;

 private:
  std::filesystem::path root_;
  bool has_own_name_;  // the name that the kernel shows is that of the root's host
  std::optional<std::string> other_name_;
};

}  // namespace topnet::proc
