// The options that choose what is scanned, and how.
#pragma once

#include <string>

#include "cmd/command_line.h"
#include "proc/scanner.h"

namespace topnet::cmd {

// Each sets its target, which must outlive the option.
Option proc_root_option(std::string& root);
Option exhaustive_option(proc::ScanMode& mode);

}  // namespace topnet::cmd
