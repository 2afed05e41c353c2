// The executable: runs `scan` by itself, and everything else in the module.

#include <dlfcn.h>
#include <unistd.h>

#include <cstdlib>
#include <exception>
#include <filesystem>
#include <new>
#include <string>
#include <string_view>
#include <system_error>

#include "cmd/exchange_module.h"
#include "cmd/exit_code.h"
#include "cmd/failure.h"
#include "cmd/program.h"
#include "cmd/scan.h"
#include "cmd/signals.h"

namespace topnet::cmd {
namespace {

// Without memory for what libraries set up as they are loaded, nothing of ours has begun yet, and
// no handler of exceptions.
[[noreturn]] void end_without_memory() {
  std::set_terminate(std::abort);  // for what is none of this
  try {
    if (std::current_exception()) std::rethrow_exception(std::current_exception());
  } catch (const std::bad_alloc&) {
    constexpr std::string_view line = "topnet: out of memory\n";
    static_cast<void>(!::write(STDERR_FILENO, line.data(), line.size()));
    ::_exit(static_cast<int>(ExitCode::Failure));
  }
  std::abort();
}

// Before the first of them.
[[gnu::constructor(101)]] void prepare_for_no_memory() { std::set_terminate(end_without_memory); }

[[noreturn]] void fail_to_load(const std::string& why) {
  throw Failure(ExitCode::Failure, "could not load a part of the program: " + why);
}

// The folder of this executable, whatever it was called by. Not what the environment says: another
// program's library must not take the module's place.
std::filesystem::path own_folder() {
  std::error_code error;
  const auto own = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) fail_to_load("/proc/self/exe: " + error.message() + "; is /proc mounted?");
  return own.parent_path();
}

// Beside the executable, as it is built; or where it is installed.
std::filesystem::path find_module() {
  const std::filesystem::path folder = own_folder();
  const std::filesystem::path built = folder / kModuleFile;
  std::error_code ignored;
  return std::filesystem::exists(built, ignored) ? built
                                                 : folder / TOPNET_MODULE_FOLDER / kModuleFile;
}

ModuleMain* load_module() {
  // Never closed: it runs until the end.
  void* const module = ::dlopen(find_module().c_str(), RTLD_NOW | RTLD_LOCAL);
  if (module == nullptr) fail_to_load(std::string(::dlerror()) + "; install topnet as a whole");
  const auto* const version = static_cast<const char*>(::dlsym(module, kModuleVersion));
  auto* const entry = reinterpret_cast<ModuleMain*>(::dlsym(module, kModuleMain));
  if (entry == nullptr || version == nullptr || std::string_view(version) != TOPNET_VERSION) {
    fail_to_load(std::string(kModuleFile) + " is of another version; install topnet as a whole");
  }
  return entry;
}

int run_module(int argc, char** argv) {
  ModuleMain* entry = nullptr;
  try {
    entry = load_module();
  } catch (const std::exception& error) {
    say(error.what());
    return static_cast<int>(exit_code_of(error));
  }
  return entry(argc, argv);
}

}  // namespace
}  // namespace topnet::cmd

int main(int argc, char** argv) {
  using namespace topnet::cmd;
  prepare_process();
  if (argc > 1 && std::string_view(argv[1]) == "scan") {
    return static_cast<int>(run_program(argc, argv, [] { return std::vector{scan_command()}; }));
  }
  return run_module(argc, argv);
}
