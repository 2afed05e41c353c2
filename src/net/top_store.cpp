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

// The files of a database that have got another name. They get their own back, in the place of what
// is there then, unless they are to stay.
class SetAside {
 public:
  explicit SetAside(const fs::path& file) : own_(TopTable::files_of(file)) {
    int number = 0;
    do {
      file_ = file;
      file_ += fmt::format(".unsound-{}", ++number);
    } while (is_taken());
    const std::vector<fs::path> names = TopTable::files_of(file_);
    for (std::size_t i = 0; i < own_.size(); ++i) {
      const bool is_file = fs::is_regular_file(fs::symlink_status(own_[i]));
      // Under a name that SQLite looks for, it would be read as before.
      move(own_[i], is_file ? names[i].native() : names[i].native() + ".no-file");
    }
  }
  SetAside(SetAside&&) = delete;
  ~SetAside() {
    if (stays_) return;
    for (const fs::path& each : own_) ::unlink(each.c_str());
    for (const auto& [own, name] : moved_) ::rename(name.c_str(), own.c_str());
  }

  const fs::path& file() const { return file_; }
  void stay() { stays_ = true; }

 private:
  // Nothing is replaced, not even what only its log is left of.
  bool is_taken() const {
    const std::vector<fs::path> names = TopTable::files_of(file_);
    return std::any_of(names.begin(), names.end(), [](const fs::path& each) {
      return fs::exists(fs::symlink_status(each)) ||
             fs::exists(fs::symlink_status(each.native() + ".no-file"));
    });
  }

  void move(const fs::path& own, const std::string& name) {
    if (::rename(own.c_str(), name.c_str()) == 0) {
      moved_.emplace_back(own, name);
    } else if (errno != ENOENT) {
      throw FileError("set aside", own, errno);
    }
  }

  std::vector<fs::path> own_;  // names
  fs::path file_;              // the new name of the first
  std::vector<std::pair<fs::path, fs::path>> moved_;
  bool stays_ = false;
};

// The errno value that says it best.
int error_of(const std::exception& error) {
  if (const auto* const sqlite = dynamic_cast<const SqliteError*>(&error)) return sqlite->error();
  if (const auto* const system = dynamic_cast<const std::system_error*>(&error)) {
    return system->code().value();
  }
  return dynamic_cast<const std::bad_alloc*>(&error) != nullptr ? ENOMEM : EIO;
}

}  // namespace

TopStore::TopStore(PrivateFolder folder, std::string name, const TopLimits& limits,
                   std::function<void(const std::string&)> say)
    : folder_(std::move(folder)), name_(std::move(name)), limits_(limits), say_(std::move(say)) {
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
      if (batch.is_new[i]) newest_.push_front(std::move(batch.tops[i]));
    }
    newest_.resize(std::min({newest_.size(), kMostShown, limits_.most}));
  } catch (const std::exception& error) {
    batch.error = error_of(error);
  }
}

std::vector<bool> TopStore::add(const std::vector<ReceivedTop>& tops) {
  try {
    if (!table_) open({});
    return table_->add(tops, limits_);
  } catch (const UnsoundError& error) {
    replace(error.what());
    return table_->add(tops, limits_);
  }
}

// Opens the file, and takes over what is in `other`, and what is shown: that is to stay, also where
// the file it was in is gone. From then on the newest are shown. Returns how many were taken from
// `other`.
std::size_t TopStore::open(const fs::path& other) {
  TopTable& table = table_.emplace(folder_, name_);
  std::size_t count = 0;
  std::vector<ReceivedTop> portion;
  const auto take_over = [&] {
    const std::vector<bool> is_new = table.add(portion, limits_);
    count += static_cast<std::size_t>(std::count(is_new.begin(), is_new.end(), true));
    portion.clear();
  };
  try {
    if (!other.empty()) {
      TopTable::Salvage salvage(other);
      while (auto top = salvage.next()) {
        portion.push_back(std::move(*top));
        if (portion.size() == kPortion) take_over();
      }
      take_over();
    }
    const std::size_t taken = count;
    portion.assign(newest_.rbegin(), newest_.rend());
    if (!portion.empty()) take_over();
    const std::vector<ReceivedTop> newest = table.newest(std::min(kMostShown, limits_.most));
    const std::scoped_lock lock(mutex_);
    newest_.assign(newest.begin(), newest.end());
    return taken;
  } catch (const std::exception&) {
    table_.reset();
    throw;
  }
}

void TopStore::replace(const std::string& why) {
  table_.reset();
  SetAside aside(folder_ / name_);
  const std::size_t count = open(aside.file());
  aside.stay();
  say_(fmt::format(
      "the tops in {} cannot be relied on: {}; set aside as {}, and {} of them taken over",
      proc::escape((folder_ / name_).native()), why, aside.file().filename().string(), count));
}

std::vector<ReceivedTop> TopStore::newest() const {
  const auto oldest = proc::now() - limits_.longest;
  std::vector<ReceivedTop> tops;
  const std::scoped_lock lock(mutex_);
  std::copy_if(newest_.begin(), newest_.end(), std::back_inserter(tops),
               [&](const ReceivedTop& each) { return each.time >= oldest; });
  return tops;
}

}  // namespace topnet::net
