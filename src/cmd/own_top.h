// This machine's own busiest process, for the server that asks in return.
#pragma once

#include <future>
#include <memory>

#include "cmd/ranking_options.h"
#include "net/message.h"
#include "net/stream.h"
#include "proc/sampler.h"

namespace topnet::cmd {

// Found in the same way as the server finds its own, and where there is a window, over the same
// time: it opens when this object is made. Used by one thread.
class OwnTop {
 public:
  // Throws std::system_error where /proc cannot be read.
  explicit OwnTop(const RankingOptions& options);
  // Ends the wait for a window that nobody wants any more.
  ~OwnTop();
  OwnTop(OwnTop&&) = delete;

  // Waits for the window's end; without a window, the process is found at this moment. Says once on
  // standard error where not every process can be seen. Call once. Throws net::TimeoutError.
  net::Top take(net::Deadline deadline);

 private:
  proc::Wish wish_;
  proc::Sampler sampler_;
  std::future<std::shared_ptr<const proc::Sample>> sample_;
};

}  // namespace topnet::cmd
