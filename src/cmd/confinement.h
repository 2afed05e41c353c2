// What `serve` gives up before it starts its first thread, since it never needs it: so that a hole
// in it is worth less.
#pragma once

#include <filesystem>

namespace topnet::cmd {

// From here on this process and its threads gain no privileges, cannot be looked into by other
// programs of the same user, and where the kernel has Landlock, execute nothing and write nowhere
// but beneath `state`. Open descriptors stay as they are. Throws std::system_error where the kernel
// has it and refuses.
void confine(const std::filesystem::path& state);

}  // namespace topnet::cmd
