#include "net/troubles.h"

#include <system_error>

namespace topnet::net {

void Troubles::note_no_connection(int error) {
  ++accept_errors_;
  say_once("could not accept a connection: ", error, "; trying again until it can be");
}

void Troubles::note_no_thread(int error) {
  ++thread_errors_;
  say_once("could not start a thread for a connection: ", error, "; it was turned away");
}

void Troubles::say_once(const char* what, int error, const char* then) {
  const std::string text = what + std::generic_category().message(error) + then;
  const std::scoped_lock lock(mutex_);
  if (said_.insert(text).second) say_(text);
}

}  // namespace topnet::net
