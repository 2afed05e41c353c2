// Tells whether a proc file system shows all processes of its machine. Thread-safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace topnet::proc {

// Why some processes are hidden, as text for users; nullopt if all are visible. `unreadable` is the
// number of processes that a scan could not read. For a copy of /proc only `unreadable` counts.
std::optional<std::string> visibility_limit(const std::filesystem::path& root,
                                            std::uint64_t unreadable);

// Whether `root` is mounted with the option hidepid (proc(5)). If so, a process sees only those
// that it may inspect with ptrace(2).
bool has_hidepid(const std::filesystem::path& root);

}  // namespace topnet::proc
