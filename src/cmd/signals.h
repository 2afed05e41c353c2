// What the program does about signals, and what it finds when it starts.
#pragma once

namespace topnet::cmd {

// For every command, first of all. A write to a reader that has gone, or past a limit on file
// sizes, becomes an error that can be told (EPIPE, EFBIG). Standard descriptors that are closed are
// opened on /dev/null, so that no file that is opened later takes their place and gets what was
// meant for a terminal.
void prepare_process();

// For commands that hold nothing worth saving: SIGINT ends them at once with status 130, unless
// it was ignored from the start.
void end_on_interrupt();

}  // namespace topnet::cmd
