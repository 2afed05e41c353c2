#include "cmd/trust_options.h"

#include <fmt/format.h>

#include "cmd/state_dir.h"

namespace topnet::cmd {

std::vector<Option> list_options(ListOptions& options) {
  return {{.names = "-f,--format",
           .value = "F",
           .help = "Write the list as text or json (text)",
           .set =
               [&](const std::string& text) {
                 if (text != "text" && text != "json") throw UsageError("is none of text, json");
                 options.is_json = text == "json";
               }},
          state_dir_option(options.state_dir)};
}

std::vector<Option> argument_options(ArgumentOptions& options, const std::string& name,
                                     const std::string& value, const std::string& help) {
  return {{.names = name,
           .value = value,
           .help = help,
           .set = [&](const std::string& text) { options.argument = text; }},
          state_dir_option(options.state_dir)};
}

void require_argument(const std::string& argument, const std::string& value,
                      const std::string& command) {
  if (!argument.empty()) return;
  throw UsageError(fmt::format("{} is missing; see 'topnet trust {} --help'", value, command));
}

}  // namespace topnet::cmd
