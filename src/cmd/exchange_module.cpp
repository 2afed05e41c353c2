#include "cmd/exchange_module.h"

#include "cmd/fetch.h"
#include "cmd/program.h"
#include "cmd/scan.h"
#include "cmd/serve.h"
#include "cmd/trust.h"

extern "C" __attribute__((visibility("default")))
const char topnet_module_version[] =  // NOLINT(readability-identifier-naming)
    TOPNET_VERSION;

extern "C" __attribute__((visibility("default"))) int topnet_module_main(int argc, char** argv) {
  using namespace topnet::cmd;
  return static_cast<int>(run_program(argc, argv, [] {
    return std::vector{scan_command(), serve_command(), fetch_command(), trust_command()};
  }));
}
