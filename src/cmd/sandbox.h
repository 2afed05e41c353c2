// Drops the rights that `serve` does not need, to limit the damage of a vulnerability. Called
// before `serve` starts its first thread.
#pragma once

#include <filesystem>

namespace topnet::cmd {

// This process can no longer gain privileges, and other processes of the same user cannot read its
// memory. With Landlock, it can no longer execute programs, and can write only below `state_dir`.
// Open descriptors are not affected.
//
// A protection that the kernel refuses is left out, and one line is logged. Landlock is also left
// out if `proc_root` is mounted with hidepid: it denies the access by which hidepid decides what to
// show, so the server would see only itself.
void enter_sandbox(const std::filesystem::path& state_dir, const std::filesystem::path& proc_root);

}  // namespace topnet::cmd
