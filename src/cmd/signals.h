// Signal handling, and the state of the process at its start.
#pragma once

#include <chrono>
#include <csignal>

namespace topnet::cmd {

// Must be called first. Ignores SIGPIPE and SIGXFSZ, so that a write to a closed pipe or beyond the
// file size limit fails with EPIPE or EFBIG. Opens closed standard descriptors on /dev/null, so
// that no file that is opened later gets their number and receives output meant for a terminal.
void prepare_process();

// For commands that have nothing to clean up: SIGINT ends the process at once with status 130,
// unless the process was started with SIGINT ignored.
void exit_on_sigint();

// Blocks SIGTERM and SIGINT in this thread and in all threads that it starts later. Returns them,
// for wait_for_signal().
sigset_t block_termination_signals();

// Returns true as soon as one of the signals has arrived, and consumes it; false after `timeout`.
bool wait_for_signal(const sigset_t& signals, std::chrono::milliseconds timeout);

// Any of the signals, also a pending one, now ends the process at once.
void unblock_termination_signals(const sigset_t& signals);

}  // namespace topnet::cmd
