// Small files of a root that nobody vouches for: /proc, a copy of it, a container's.
// Any thread may read.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace topnet::proc {

// Reads the file `path` below the folder `directory` (a descriptor, or AT_FDCWD) with one open and
// one read, and returns what of `buffer` that filled. Never waits (a FIFO is empty), never follows
// a symbolic link in the last component. nullopt, with errno set, where the file cannot be opened
// or read, or does not fit with a byte to spare (EFBIG): a part of a file is not to be believed.
std::optional<std::string_view> read_small_file(int directory, const char* path,
                                                std::span<char> buffer);

}  // namespace topnet::proc
