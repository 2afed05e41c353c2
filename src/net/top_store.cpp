#include "net/top_store.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "net/file_error.h"
#include "proc/escape.h"

namespace topnet::net {
namespace {

namespace fs = std::filesystem;

// Tops that are read from an unsound file are written in portions of this size.
constexpr std::size_t kPortion = 1000;

// Gives the files of a database another name, and returns the new one of the first.
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
      const bool is_file = fs::is_regular_file(fs::symlink_status(from[i]));
      // Under a name that SQLite looks for, it would be waited for as before.
      const std::string name = is_file ? to[i].native() : to[i].native() + ".no-file";
      if (::rename(from[i].c_str(), name.c_str()) != 0 && errno != ENOENT) {
        throw FileError("set aside", from[i], errno);
      }
    }
    return aside;
  }
}

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
    for (ReceivedTop& top : table_->newest(std::min(kMostShown, limits_.most))) {
      newest_.push_back(std::move(top));
    }
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
    if (!table_) table_.emplace(folder_, name_);
    return table_->add(tops, limits_);
  } catch (const UnsoundError& error) {
    replace(error.what());
    return table_->add(tops, limits_);
  }
}

void TopStore::replace(const std::string& why) {
  table_.reset();
  const fs::path aside = set_aside(folder_ / name_);
  table_.emplace(folder_, name_);
  std::size_t count = 0;
  std::vector<ReceivedTop> portion;
  const auto take_over = [&] {
    std::vector<bool> is_new;
    try {
      is_new = table_->add(portion, limits_);
    } catch (const SqliteError& error) {
      throw FileError("write", folder_ / name_, error.error());
    }
    count += static_cast<std::size_t>(std::count(is_new.begin(), is_new.end(), true));
    portion.clear();
  };
  TopTable::salvage(aside, [&](const ReceivedTop& top) {
    portion.push_back(top);
    if (portion.size() == kPortion) take_over();
  });
  take_over();
  // What is shown is to stay, also where the file it was in is gone.
  portion.assign(newest_.rbegin(), newest_.rend());
  take_over();
  say_(fmt::format(
      "the tops in {} cannot be relied on: {}; set aside as {}, and {} of them taken over",
      proc::escape((folder_ / name_).native()), why, aside.filename().string(), count));
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
