// What a report says about the machine itself. Any thread may read it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace topnet::proc {

// Each is nullopt where the root does not have it.
struct Host {
  std::optional<std::string> name;     // sys/kernel/hostname, escaped (proc/escape.h)
  std::optional<std::string> boot_id;  // sys/kernel/random/boot_id, escaped

  friend bool operator==(const Host&, const Host&) = default;
};

// Never fails: a foreign root (a fixture, a container's tree) may lack any of it.
Host read_host(const std::filesystem::path& root);

}  // namespace topnet::proc
