#include "net/resource_errors.h"

#include <system_error>

namespace topnet::net {

void ResourceErrors::record_accept_error(int error) {
  ++accept_errors_;
  log_once("could not accept a connection: ", error, "; will keep trying");
}

void ResourceErrors::record_thread_error(int error) {
  ++thread_errors_;
  log_once("could not start a thread for a connection: ", error, "; closed the connection");
}

void ResourceErrors::log_once(const char* failure, int error, const char* reaction) {
  const std::string line = failure + std::generic_category().message(error) + reaction;
  const std::scoped_lock lock(mutex_);
  if (logged_.insert(line).second) log_line_(line);
}

}  // namespace topnet::net
