// Stores client reports: once keep() has returned, a report survives any crash.
//
// Thread-safe. Concurrent callers of keep() share one sync of the disk: the first of them writes
// the reports of all, so that no thread of its own is needed.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/files/file_error.h"
#include "base/files/state_directory.h"
#include "net/clients/client_report.h"
#include "net/clients/client_report_db.h"
#include "net/clients/recent_reports.h"

namespace topnet::net {

class ClientReportStore {
 public:
  // Opens or creates the database `name`. A corrupt database is quarantined and replaced by a new
  // one, now or later, and `log_line` gets a message about it. Throws FileError.
  ClientReportStore(base::StateDirectory folder, std::string name, const ReportLimits& limits,
                    std::function<void(const std::string&)> log_line);

  // Returns when the report is on disk; false if its id was already known. Throws FileError; then
  // the report is not kept, unless the disk failed after writing it.
  bool keep(const ClientReport& report);

  // As in RecentReports; these never wait for the disk. The reports of a quarantined database are
  // shown until the server ends.
  std::vector<ClientReport> newest() const;
  std::vector<ClientReports> clients() const;

 private:
  // Reports that are written together.
  struct Batch {
    std::vector<ClientReport> reports;
    std::vector<bool> is_new;
    std::optional<base::FileError> error;  // if set, no report is kept
    bool is_done = false;
  };

  void write(Batch& batch) noexcept;
  template <typename Use>
  void use_database(const Use& use);
  void open();
  void replace(const std::string& why);

  const base::StateDirectory folder_;
  const std::string name_;
  const ReportLimits limits_;
  const std::function<void(const std::string&)> log_line_;

  std::optional<ClientReportDb> database_;  // used only by the thread that is writing

  mutable std::mutex mutex_;  // guards the members below
  std::condition_variable batch_done_;
  bool is_writing_ = false;
  std::shared_ptr<Batch> next_batch_ = std::make_shared<Batch>();
  RecentReports recent_;
};

}  // namespace topnet::net
