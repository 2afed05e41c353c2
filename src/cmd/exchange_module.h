// Everything but `scan` is in a module, a shared object that is loaded when it is needed: the
// libraries that TLS and HTTP take cost a program more time to start than a scan takes.
#pragma once

namespace topnet::cmd {

inline constexpr const char* kModuleFile = "libtopnet_exchange.so";

// The function of the module: the whole program, all commands included. No exception leaves it.
using ModuleMain = int(int argc, char** argv);
inline constexpr const char* kModuleMain = "topnet_module_main";

// Text: the version that the module was built as, which has to be the executable's.
inline constexpr const char* kModuleVersion = "topnet_module_version";

}  // namespace topnet::cmd
