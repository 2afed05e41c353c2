// Whether /proc shows every process of the machine. Any thread may ask.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace topnet::proc {

// Why processes are hidden, in words; nullopt where all can be seen. `unreadable` is how many a
// scan could not read. Only /proc itself is judged beyond that: of a copy, nobody knows.
std::optional<std::string> hidden_because(const std::filesystem::path& root,
                                          std::uint64_t unreadable);

}  // namespace topnet::proc
