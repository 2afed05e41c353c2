#include "net/troubles.h"

#include <exception>
#include <system_error>

namespace topnet::net {

void Troubles::note_no_connection(int error) noexcept {
  ++accept_errors_;
  say_once("could not accept a connection: ", error, "; trying again until it can be");
}

void Troubles::note_no_thread(int error) noexcept {
  ++thread_errors_;
  say_once("could not start a thread for a connection: ", error, "; it was turned away");
}

void Troubles::say_once(const char* what, int error, const char* then) {
  try {
    const std::string text = what + std::generic_category().message(error) + then;
    const std::scoped_lock lock(mutex_);
    if (said_.contains(text)) return;
    say_(text);
    said_.insert(text);
  } catch (const std::exception&) {
    // There is not even memory for the words. It is counted, and said when it happens again.
  }
}

}  // namespace topnet::net
