#include "net/top_store.h"

#include <fmt/format.h>

#include <utility>

#include "net/quarantine.h"
#include "proc/escape.h"

namespace topnet::net {

namespace fs = std::filesystem;

TopStore::TopStore(PrivateFolder folder, std::string name, const TopLimits& limits,
                   std::function<void(const std::string&)> say)
    : folder_(std::move(folder)),
      name_(std::move(name)),
      limits_(limits),
      say_(std::move(say)),
      latest_(limits) {
  use_table([&](TopTable& table) {
    latest_ = table.latest(limits_);
    table.add({}, limits_);
  });
}

bool TopStore::keep(const ReceivedTop& top) {
  std::unique_lock lock(mutex_);
  const std::shared_ptr<Batch> batch = next_;
  const std::size_t place = batch->tops.size();
  batch->tops.push_back(top);
  turn_.wait(lock, [&] { return batch->is_done || !is_writing_; });
  if (!batch->is_done) {
    next_ = std::make_shared<Batch>();
    is_writing_ = true;
    lock.unlock();
    write(*batch);
    lock.lock();
    batch->is_done = true;
    is_writing_ = false;
    turn_.notify_all();
  }
  if (batch->error) throw FileError(*batch->error);
  return batch->is_new.at(place);
}

// Throws nothing: others wait for the outcome.
void TopStore::write(Batch& batch) noexcept {
  try {
    use_table([&](TopTable& table) { batch.is_new = table.add(batch.tops, limits_); });
    const std::scoped_lock lock(mutex_);
    for (std::size_t i = 0; i < batch.tops.size(); ++i) {
      if (batch.is_new[i]) latest_.add(batch.tops[i]);
    }
  } catch (const FileError& error) {
    batch.error = error;
  } catch (const std::exception& error) {
    batch.error.emplace("write", folder_ / name_, error.what());
  }
}

// Replaces a table that is found to be corrupt, and then uses the new one. Throws FileError.
template <typename Use>
void TopStore::use_table(const Use& use) {
  const auto try_to_use = [&] {
    if (!table_) open();
    use(*table_);
  };
  try {
    try {
      try_to_use();
    } catch (const CorruptDatabaseError& error) {
      replace(error.what());
      try_to_use();
    }
  } catch (const SqliteError& error) {
    throw FileError("write", folder_ / name_, error.error());
  }
}

void TopStore::open() {
  const fs::path file = folder_ / name_;
  const bool is_new = !fs::exists(fs::symlink_status(file));
  try {
    table_.emplace(folder_, name_);
  } catch (const std::exception&) {
    // One that is empty would be taken for a damaged one.
    std::error_code ignored;
    if (is_new) fs::remove(file, ignored);
    throw;
  }
}

void TopStore::replace(const std::string& why) {
  // In this order: closing does not touch the log of a file that has another name.
  const std::string new_name = quarantine(folder_, name_);
  table_.reset();
  say_(fmt::format("the database {} cannot be used: {}; renamed to {}, starting a new one",
                   proc::escape((folder_ / name_).native()), why, new_name));
}

std::vector<ReceivedTop> TopStore::newest() const {
  const std::scoped_lock lock(mutex_);
  return latest_.newest();
}

std::vector<ClientTops> TopStore::clients() const {
  const std::scoped_lock lock(mutex_);
  return latest_.clients();
}

std::map<std::string, proc::WallTime> TopStore::heard() const {
  const std::scoped_lock lock(mutex_);
  return latest_.heard();
}

}  // namespace topnet::net
