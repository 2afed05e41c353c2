// Drops the rights that `serve` does not need, to limit the damage of a vulnerability. Called
// before `serve` starts its first thread.
#pragma once

#include <filesystem>

namespace topnet::cmd {

// This process can no longer gain privileges, and other processes of the same user cannot read its
// memory. If the kernel has Landlock, it can no longer execute programs, and can write only below
// `state_dir`. Open descriptors are not affected. Throws std::system_error if one of these fails
// for another reason than a missing Landlock.
void enter_sandbox(const std::filesystem::path& state_dir);

}  // namespace topnet::cmd
