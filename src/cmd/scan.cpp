#include "cmd/commands.h"

#include <memory>

#include "cmd/command_error.h"
#include "cmd/output.h"
#include "cmd/ranking_options.h"
#include "cmd/signals.h"
#include "cmd/source_options.h"
#include "cmd/state_dir.h"
#include "proc/report/shared_scanner.h"

namespace topnet::cmd {
namespace {

struct ScanOptions {
  RankingOptions ranking;
  std::string proc_root = "/proc";
  proc::ScanMode mode = proc::ScanMode::Clocks;
  std::string state_dir;  // every command accepts it; not used
};

ExitCode run(const ScanOptions& options) {
  exit_on_sigint();
  Output output(options.ranking.out);
  const proc::RankingQuery query{.count = options.ranking.count, .key = options.ranking.key};
  proc::SharedScanner scanner(options.proc_root, options.mode);
  const proc::Report report = report_of(*scanner.scan(query, options.ranking.delay), query);
  if (report.hidden) log_line("not every process can be seen: " + *report.hidden);
  output.write(proc::render(report, options.ranking.format));
  output.commit();
  return ExitCode::Done;
}

}  // namespace

Command scan_command() {
  const auto options = std::make_shared<ScanOptions>();
  std::vector<Option> table = ranking_options(options->ranking);
  table.push_back(proc_root_option(options->proc_root));
  table.push_back(exhaustive_option(options->mode));
  table.push_back(state_dir_option(options->state_dir));
  return {.name = "scan",
          .summary = "Rank this machine's processes by CPU time",
          .options = std::move(table),
          .run = [=] { return run(*options); }};
}

}  // namespace topnet::cmd
