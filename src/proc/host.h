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

}  // namespace topnet::proc
