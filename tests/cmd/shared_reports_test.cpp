#include "cmd/shared_reports.h"

#include <filesystem>
#include <future>
#include <vector>

#include "base/files/file_error.h"
#include "support/catch.h"
#include "support/proc_tree.h"
#include "support/temporary_folder.h"

using topnet::cmd::SharedReports;
using topnet::net::ReportRequest;

TEST_CASE("SharedReports: a report that cannot be written fails all requests for it",
          "[shared_reports]") {
  const topnet::test::TemporaryFolder folder;
  topnet::test::ProcTree tree;
  tree.add({.user_ticks = 5});
  topnet::proc::SharedScanner scanner(tree.root(), topnet::proc::ScanMode::AllStats);
  SharedReports reports(folder / "reports", scanner);
  std::filesystem::remove(folder / "reports");
  std::vector<std::future<void>> requests;
  for (int i = 0; i < 8; ++i) {
    requests.push_back(
        std::async(std::launch::async, [&] { reports.make(ReportRequest{.count = 1}, {}); }));
  }
  for (auto& request : requests) CHECK_THROWS_AS(request.get(), topnet::base::FileError);
  std::filesystem::create_directory(folder / "reports");
  CHECK(reports.make(ReportRequest{.count = 1}, {}));
}
