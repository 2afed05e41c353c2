#include "net/top_store.h"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "net/file_error.h"
#include "proc/escape.h"

namespace topnet::net {
namespace {

namespace fs = std::filesystem;

// Tops that are read from an unsound file are written in portions of this size.
constexpr std::size_t kPortion = 1000;

// Gives the files of a database another name, and returns the new one of the first. What is no file
// has no contents to keep, and goes.
fs::path set_aside(const fs::path& file) {
  for (int number = 1;; ++number) {
    fs::path aside = file;
    aside += fmt::format(".unsound-{}", number);
    const std::vector<fs::path> from = TopTable::files_of(file);
    const std::vector<fs::path> to = TopTable::files_of(aside);
    // Nothing is replaced, not even what only its log is left of.
    if (std::any_of(to.begin(), to.end(),
                    [](const fs::path& each) { return fs::exists(fs::symlink_status(each)); })) {
      continue;
    }
    for (std::size_t i = 0; i < from.size(); ++i) {
      const fs::file_type type = fs::symlink_status(from[i]).type();
      const bool is_kept = type == fs::file_type::regular || type == fs::file_type::directory;
      const int result =
          is_kept ? ::rename(from[i].c_str(), to[i].c_str()) : ::unlink(from[i].c_str());
      if (result != 0 && errno != ENOENT) throw FileError("set aside", from[i], errno);
    }
    return aside;
  }
}

void remove_all_of(const fs::path& file) {
  for (const fs::path& each : TopTable::files_of(file)) {
    if (::unlink(each.c_str()) != 0 && errno != ENOENT) throw FileError("remove", each, errno);
  }
}

// The errno value that says it best.
int errno_of(const std::exception& error) {
  if (const auto* const sqlite = dynamic_cast<const SqliteError*>(&error)) return sqlite->error();
  if (const auto* const system = dynamic_cast<const std::system_error*>(&error)) {
    return system->code().value();
  }
  return dynamic_cast<const std::bad_alloc*>(&error) != nullptr ? ENOMEM : EIO;
}

}  // namespace

TopStore::TopStore(PrivateFolder folder, std::string name, const TopLimits& limits,
                   std::function<void(const std::string&)> say)
    : folder_(std::move(folder)),
      name_(std::move(name)),
      limits_(limits),
      say_(std::move(say)),
      latest_(limits) {
  try {
    add({});
  } catch (const SqliteError& error) {
    throw FileError("open", folder_ / name_, error.error());
  } catch (const UnsoundError& error) {
    throw FileError("open", folder_ / name_, error.what());
  }
}

bool TopStore::keep(const ReceivedTop& top) {
  auto opened = std::make_shared<Batch>();  // for those who come while this one writes
  std::unique_lock lock(mutex_);
  const std::shared_ptr<Batch> batch = next_;
  const std::size_t place = batch->tops.size();
  batch->tops.push_back(top);
  turn_.wait(lock, [&] { return batch->is_done || !is_writing_; });
  if (!batch->is_done) {
    is_writing_ = true;
    next_ = std::move(opened);
    lock.unlock();
    write(*batch);
    lock.lock();
    batch->is_done = true;
    is_writing_ = false;
    turn_.notify_all();
  }
  if (batch->error) throw FileError("write", folder_ / name_, *batch->error);
  return batch->is_new.at(place);
}

// Throws nothing: others wait for the outcome.
void TopStore::write(Batch& batch) {
  try {
    batch.is_new = add(batch.tops);
    const std::scoped_lock lock(mutex_);
    for (std::size_t i = 0; i < batch.tops.size(); ++i) {
      if (batch.is_new[i]) latest_.add(batch.tops[i]);
    }
  } catch (const SqliteError& error) {
    batch.error = error.error();
  } catch (const std::exception& error) {
    batch.error = errno_of(error);
    table_.reset();  // What is in the file may not be what is shown: it is read anew.
  }
}

std::vector<bool> TopStore::add(const std::vector<ReceivedTop>& tops) {
  try {
    if (!table_) open();
    return table_->add(tops, limits_);
  } catch (const UnsoundError& error) {
    replace(error.what());
    return table_->add(tops, limits_);
  }
}

// What is shown is to stay, also where the file that it was in is gone; from then on the newest in
// the file are shown.
void TopStore::open() {
  // A replacement that was complete, but for its name.
  if (!fs::exists(fs::symlink_status(folder_ / name_)) && fs::is_regular_file(replacement())) {
    take_place();
  }
  LatestTops latest(limits_);
  TopTable& table =
      table_.emplace(folder_, name_, [&](const ReceivedTop& top) { latest.add(top); });
  try {
    const std::vector<ReceivedTop> shown = latest_.all();
    const std::vector<bool> is_new =
        shown.empty() ? std::vector<bool>() : table.add(shown, limits_);
    for (std::size_t i = 0; i < is_new.size(); ++i) {
      if (is_new[i]) latest.add(shown[i]);
    }
    const std::scoped_lock lock(mutex_);
    latest_ = std::move(latest);
  } catch (const std::exception&) {
    table_.reset();
    throw;
  }
}

// The unsound files stay where they are until the new one is complete: whatever ends this half way,
// it is begun again, or finished.
void TopStore::replace(const std::string& why) {
  table_.reset();
  remove_all_of(replacement());
  const std::size_t count = fill_replacement();
  const fs::path aside = set_aside(folder_ / name_);
  take_place();
  open();
  say_(fmt::format(
      "the tops in {} cannot be relied on: {}; set aside as {}, and {} of them taken over",
      proc::escape((folder_ / name_).native()), why, aside.filename().string(), count));
}

// Writes what can be read of the unsound file, and returns how much that is.
std::size_t TopStore::fill_replacement() {
  TopTable table(folder_, replacement().filename());
  std::size_t count = 0;
  std::vector<ReceivedTop> portion;
  const auto take_over = [&] {
    const std::vector<bool> is_new = table.add(portion, limits_);
    count += static_cast<std::size_t>(std::count(is_new.begin(), is_new.end(), true));
    portion.clear();
  };
  TopTable::Salvage salvage(folder_ / name_);
  while (auto top = salvage.next()) {
    portion.push_back(std::move(*top));
    if (portion.size() == kPortion) take_over();
  }
  take_over();
  table.checkpoint();  // it is renamed as one file
  return count;
}

void TopStore::take_place() {
  set_aside(folder_ / name_);  // what has not been yet
  if (::rename(replacement().c_str(), (folder_ / name_).c_str()) != 0) {
    throw FileError("write", folder_ / name_, errno);
  }
  folder_.sync();
}

fs::path TopStore::replacement() const { return folder_ / (name_ + ".new"); }

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
