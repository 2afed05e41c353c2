// Reads small files of an untrusted root: /proc, or a copy of it. Thread-safe.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace topnet::proc {

// Reads `path`, relative to the descriptor `directory` (or AT_FDCWD), into `buffer` with one open
// and one read. Returns the filled part of `buffer`. Never blocks (a FIFO counts as empty) and
// follows no symbolic link in the last component. nullopt, with errno set, if the file cannot be
// opened or read, or is not shorter than `buffer` (EFBIG).
std::optional<std::string_view> read_small_file(int directory, const char* path,
                                                std::span<char> buffer);

}  // namespace topnet::proc
