// What the program does about signals, and what it finds when it starts.
#pragma once

#include <chrono>
#include <csignal>

namespace topnet::cmd {

// For every command, first of all. A write to a reader that has gone, or past a limit on file
// sizes, becomes an error that can be told (EPIPE, EFBIG). Standard descriptors that are closed are
// opened on /dev/null, so that no file that is opened later takes their place and gets what was
// meant for a terminal.
void prepare_process();

// For commands that hold nothing worth saving: SIGINT ends them at once with status 130, unless
// it was ignored from the start.
void end_on_interrupt();

// For a server: SIGTERM and SIGINT are blocked in this thread and in those that it starts, and come
// out of wait_for() one by one: true if one came, false where none did for so long.
sigset_t block_end_signals();
bool wait_for(const sigset_t& signals, std::chrono::milliseconds time);

// From now on each of them ends the process at once.
void unblock_end_signals(const sigset_t& signals);

}  // namespace topnet::cmd
