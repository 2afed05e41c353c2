// The tops that clients have sent, kept: what keep() has returned for is there after any crash.
//
// Any thread may call anything. Those that come at the same time share one sync of the disk: the
// first of them writes for all, and has no thread of its own for it.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "net/file_error.h"
#include "net/latest_tops.h"
#include "net/private_folder.h"
#include "net/received_top.h"
#include "net/top_table.h"

namespace topnet::net {

class TopStore {
 public:
  // Opens the database `name`, or creates it. A corrupt one is quarantined and replaced by a new
  // one, now or later on, and `say` is told so. Throws FileError.
  TopStore(PrivateFolder folder, std::string name, const TopLimits& limits,
           std::function<void(const std::string&)> say);

  // Keeps a top, and returns once it is on the disk: true, or false if its id is known already.
  // Throws FileError; then it is not kept, as far as can be known.
  bool keep(const ReceivedTop& top);

  // As net/latest_tops says; none waits for the disk. Tops of a quarantined
  // database are shown until the server ends.
  std::vector<ReceivedTop> newest() const;
  std::vector<ClientTops> clients() const;
  std::map<std::string, proc::WallTime> heard() const;

 private:
  // Tops that are written together.
  struct Batch {
    std::vector<ReceivedTop> tops;
    std::vector<bool> is_new;
    std::optional<FileError> error;  // why none is kept
    bool is_done = false;
  };

  void write(Batch& batch) noexcept;
  template <typename Use>
  void use_table(const Use& use);
  void open();
  void replace(const std::string& why);

  const PrivateFolder folder_;
  const std::string name_;
  const TopLimits limits_;
  const std::function<void(const std::string&)> say_;

  // Of the thread that writes, which is one at a time.
  std::optional<TopTable> table_;

  mutable std::mutex mutex_;
  std::condition_variable turn_;
  bool is_writing_ = false;
  std::shared_ptr<Batch> next_ = std::make_shared<Batch>();  // joined by the threads that come
  LatestTops latest_;                                        // changed by the thread that writes
};

}  // namespace topnet::net
