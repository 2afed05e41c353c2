#include "cmd/source_options.h"

namespace topnet::cmd {

Option proc_root_option(std::string& root) {
  return {.names = "--proc-root",
          .value = "DIR",
          .help = "Read DIR instead of /proc; the report names the host of DIR (default /proc)",
          .set = [&](const std::string& text) { root = text; },
          .group = "Source"};
}

Option exhaustive_option(proc::ScanMode& mode) {
  return {.names = "--exhaustive",
          .value = "",
          .help = "Read every stat file, for verification",
          .set = [&](const std::string&) { mode = proc::ScanMode::AllStats; },
          .group = "Source"};
}

}  // namespace topnet::cmd
