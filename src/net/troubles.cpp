#include "net/troubles.h"

#include <system_error>

namespace topnet::net {

void Troubles::note_no_connection(int error) {
  ++accept_errors_;
  say_once("could not accept a connection: " + std::generic_category().message(error) +
           "; trying again until it can be");
}

void Troubles::note_no_thread(int error) {
  ++thread_errors_;
  say_once("could not start a thread for a connection: " + std::generic_category().message(error) +
           "; it was turned away");
}

void Troubles::say_once(const std::string& text) {
  {
    const std::scoped_lock lock(mutex_);
    if (!said_.insert(text).second) return;
  }
  say_(text);
}

}  // namespace topnet::net
