#include "cmd/broken_lines.h"

#include <fmt/format.h>

#include "cmd/failure.h"
#include "proc/escape.h"

namespace topnet::cmd {

void say_broken_lines(const std::vector<std::string>& lines) {
  for (const std::string& line : lines) {
    say(fmt::format("{} cannot be understood, and lets nobody in; mend or remove that line",
                    proc::escape(line)));
  }
}

}  // namespace topnet::cmd
