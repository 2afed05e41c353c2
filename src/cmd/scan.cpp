#include "cmd/scan.h"

#include <memory>

#include "cmd/failure.h"
#include "cmd/output.h"
#include "cmd/ranking_options.h"
#include "cmd/signals.h"
#include "cmd/state_dir.h"
#include "proc/sampler.h"

namespace topnet::cmd {
namespace {

struct ScanOptions {
  RankingOptions ranking;
  std::string proc_root = "/proc";
  proc::Method method = proc::Method::Fastest;
  std::string state_dir;  // accepted as by every command; nothing is kept there
};

ExitCode run(const ScanOptions& options) {
  end_on_interrupt();
  Output output(options.ranking.out);
  const proc::Wish wish{.count = options.ranking.count, .key = options.ranking.key};
  proc::Sampler sampler(options.proc_root, options.method);
  const proc::Report report = report_of(*sampler.take(wish, options.ranking.delay), wish);
  if (report.hidden) say("not every process can be seen: " + *report.hidden);
  output.write(proc::print(report, options.ranking.format));
  output.commit();
  return ExitCode::Done;
}

}  // namespace

Command scan_command() {
  const auto options = std::make_shared<ScanOptions>();
  std::vector<Option> table = ranking_options(options->ranking);
  for (const Option& option : with_group(
           "Source",
           {{.names = "--proc-root",
           .value = "DIR",
           .help = "Read DIR instead of /proc (default /proc)",
           .set = [=](const std::string& text) { options->proc_root = text; }},
            {.names = "--exhaustive",
            .value = "",
            .help = "Read every stat file, for verification",
            .set = [=](const std::string&) { options->method = proc::Method::Exhaustive; }}})) {
    table.push_back(option);
  }
  table.push_back(state_dir_option(options->state_dir));
  return {.name = "scan",
          .summary = "Rank this machine's processes by CPU time",
          .options = std::move(table),
          .run = [=] { return run(*options); }};
}

}  // namespace topnet::cmd
