#include "cmd/trust_options.h"

#include "cmd/state_dir.h"

namespace topnet::cmd {

std::vector<Option> list_options(ListOptions& options) {
  return {{.names = "-f,--format",
           .value = "F",
           .help = "Format of the list: text or json (default text)",
           .set =
               [&](const std::string& text) {
                 if (text != "text" && text != "json") {
                   throw UsageError("is not one of text, json");
                 }
                 options.is_json = text == "json";
               }},
          {.names = "--json",
           .value = "",
           .help = "The same as -f json",
           .set = [&](const std::string&) { options.is_json = true; }},
          state_dir_option(options.state_dir)};
}

std::vector<Option> argument_options(ArgumentOptions& options, const std::string& name,
                                     const std::string& help) {
  return {{.names = name,
           .value = "",
           .help = help,
           .set =
               [&](const std::string& text) {
                 if (text.empty()) throw UsageError("is empty");
                 options.argument = text;
               },
           .is_required = true},
          state_dir_option(options.state_dir)};
}

}  // namespace topnet::cmd
