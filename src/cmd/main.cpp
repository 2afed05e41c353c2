// The executable: runs `scan` by itself, and everything else in the module.

#include <dlfcn.h>

#include <string>
#include <string_view>

#include "cmd/exchange_module.h"
#include "cmd/failure.h"
#include "cmd/program.h"
#include "cmd/scan.h"
#include "cmd/signals.h"

namespace topnet::cmd {
namespace {

int run_module(int argc, char** argv) {
  // Never closed: it runs until the end.
  void* const module = ::dlopen(kModuleFile, RTLD_NOW | RTLD_LOCAL);
  auto* const module_main =
      module == nullptr ? nullptr : reinterpret_cast<ModuleMain*>(::dlsym(module, kModuleMain));
  if (module_main == nullptr) {
    const char* const why = ::dlerror();
    say(std::string("could not load a part of the program: ") + (why == nullptr ? "?" : why) +
        "; install topnet as a whole");
    return static_cast<int>(ExitCode::Failure);
  }
  return module_main(argc, argv);
}

}  // namespace
}  // namespace topnet::cmd

int main(int argc, char** argv) {
  using namespace topnet::cmd;
  prepare_process();
  if (argc > 1 && std::string_view(argv[1]) == "scan") {
    return static_cast<int>(run_program(argc, argv, {scan_command()}));
  }
  return run_module(argc, argv);
}
