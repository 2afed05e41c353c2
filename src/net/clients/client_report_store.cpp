#include "net/clients/client_report_store.h"

#include <fmt/format.h>

#include <utility>

#include "base/escape.h"
#include "base/files/quarantine.h"

namespace topnet::net {

namespace fs = std::filesystem;

ClientReportStore::ClientReportStore(base::StateDirectory folder, std::string name,
                                     const ReportLimits& limits,
                                     std::function<void(const std::string&)> log_line)
    : folder_(std::move(folder)),
      name_(std::move(name)),
      limits_(limits),
      log_line_(std::move(log_line)),
      recent_(limits) {
  use_database([&](ClientReportDb& database) {
    recent_ = database.read_recent(limits_);
    database.add({}, limits_);
  });
}

bool ClientReportStore::keep(const ClientReport& report) {
  std::unique_lock lock(mutex_);
  const std::shared_ptr<Batch> batch = next_batch_;
  const std::size_t index = batch->reports.size();
  batch->reports.push_back(report);
  batch_done_.wait(lock, [&] { return batch->is_done || !is_writing_; });
  if (!batch->is_done) {
    next_batch_ = std::make_shared<Batch>();
    is_writing_ = true;
    lock.unlock();
    write(*batch);
    lock.lock();
    batch->is_done = true;
    is_writing_ = false;
    batch_done_.notify_all();
  }
  if (batch->error) throw base::FileError(*batch->error);
  return batch->is_new.at(index);
}

// Throws nothing, because other threads wait for the batch's result.
void ClientReportStore::write(Batch& batch) noexcept {
  try {
    use_database(
        [&](ClientReportDb& database) { batch.is_new = database.add(batch.reports, limits_); });
    const std::scoped_lock lock(mutex_);
    for (std::size_t i = 0; i < batch.reports.size(); ++i) {
      if (batch.is_new[i]) recent_.add(batch.reports[i]);
    }
  } catch (const base::FileError& error) {
    batch.error = error;
  } catch (const std::exception& error) {
    batch.error.emplace("write", folder_ / name_, error.what());
  }
}

// Calls `use` with the database. If that finds it corrupt, replaces it and calls `use` once more.
// Throws FileError.
template <typename Use>
void ClientReportStore::use_database(const Use& use) {
  const auto try_to_use = [&] {
    if (!database_) open();
    use(*database_);
  };
  try {
    try {
      try_to_use();
    } catch (const base::CorruptDatabaseError& error) {
      replace(error.what());
      try_to_use();
    }
  } catch (const base::SqliteError& error) {
    throw base::FileError("write", folder_ / name_, error.error());
  }
}

void ClientReportStore::open() {
  const fs::path file = folder_ / name_;
  const bool is_new = !fs::exists(fs::symlink_status(file));
  try {
    database_.emplace(folder_, name_);
  } catch (const std::exception&) {
    // The next attempt would take an empty file for a corrupt database.
    std::error_code ignored;
    if (is_new) fs::remove(file, ignored);
    throw;
  }
}

void ClientReportStore::replace(const std::string& why) {
  // Renamed before it is closed, because closing would change the log of a file under its own name.
  const std::string renamed = base::quarantine(folder_, name_);
  database_.reset();
  log_line_(fmt::format("the database {} cannot be used: {}; {}starting a new one",
                        base::escape((folder_ / name_).native()), why,
                        renamed.empty() ? "" : "renamed to " + renamed + ", "));
}

std::vector<ClientReport> ClientReportStore::newest() const {
  const std::scoped_lock lock(mutex_);
  return recent_.newest();
}

std::vector<ClientReports> ClientReportStore::clients() const {
  const std::scoped_lock lock(mutex_);
  return recent_.clients();
}

}  // namespace topnet::net
