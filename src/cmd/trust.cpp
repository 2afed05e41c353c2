#include "cmd/trust.h"

#include <memory>

#include "cmd/output.h"
#include "cmd/state_dir.h"
#include "net/identity.h"

namespace topnet::cmd {
namespace {

Command show_command() {
  const auto directory = std::make_shared<std::string>();
  return {.name = "show",
          .summary = "Print this machine's pin",
          .options = {state_dir_option(*directory)},
          .run = [=] {
            print(net::load_identity(state_dir(*directory)).pin + '\n');
            return ExitCode::Done;
          }};
}

}  // namespace

Command trust_command() {
  return {.name = "trust",
          .summary = "Manage keys",
          .options = {},
          .run = nullptr,
          .commands = {show_command()}};
}

}  // namespace topnet::cmd
