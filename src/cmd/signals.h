// Signal handling, and the state of the process at its start.
#pragma once

#include <chrono>
#include <optional>

namespace topnet::cmd {

// Must be called first. Ignores SIGPIPE and SIGXFSZ, so that a write to a closed pipe or beyond the
// file size limit fails with EPIPE or EFBIG. Reserves closed standard descriptors, so that no file
// or socket that is opened later gets their number and receives output meant for a terminal; a
// write to them still fails. SIGTERM ends the process also as process 1, for which the kernel
// ignores the default action.
void prepare_process();

// For commands that have nothing to clean up: SIGINT ends the process at once with status 130,
// unless the process was started with SIGINT ignored.
void exit_on_sigint();

// Block signals in this thread and in all threads that it starts later, for wait_for_signal().
void block_reload_signal();        // SIGHUP
void block_termination_signals();  // SIGTERM and SIGINT

// Returns the first of these signals as soon as it has arrived, and consumes it; nullopt after
// `timeout`.
std::optional<int> wait_for_signal(std::chrono::milliseconds timeout);

// SIGTERM and SIGINT, also a pending one, now end the process at once.
void unblock_termination_signals();

}  // namespace topnet::cmd
