// A session of which a fuzz target's input chooses what happens around it, and what its hooks were
// asked meanwhile.
#pragma once

#include <sys/mman.h>

#include <array>
#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "net/file_error.h"
#include "net/session.h"
#include "support/fuzz_input.h"
#include "support/kept_tops.h"
#include "support/pins.h"
#include "support/require.h"
#include "support/session_hooks.h"

namespace topnet::test {

// "At" counts the calls of a hook from 1, and 0 is never. The client's key is revoked during a call
// of any hook behind which the session has to notice.
struct SessionChoices {
  bool is_enrolled;
  bool has_next_pin;
  bool rests;  // as soon as nobody comes
  MemoryStream::Then then;
  std::size_t piece;
  std::size_t room;  // for how much of the answer, in steps of 97 bytes; 0: for all
  std::size_t report;
  std::size_t report_fails_at;   // or keeping a top
  std::size_t how_report_fails;  // from 4 on it is the top that cannot be kept
  std::size_t revoked_at;
  std::size_t nobody_at;
  std::size_t nobody_times;  // more, one after the other
  std::size_t shut_down_at;
  std::size_t no_input_at;
};

inline SessionChoices read_session_choices(FuzzInput& input) {
  return {.is_enrolled = input.yes_or_no(),
          .has_next_pin = input.yes_or_no(),
          .rests = input.yes_or_no(),
          .then = input.then(),
          .piece = input.choice(),
          .room = input.choice(),
          .report = input.choice(),
          .report_fails_at = input.choice(),
          .how_report_fails = input.choice(),
          .revoked_at = input.choice(),
          .nobody_at = input.choice(),
          .nobody_times = input.choice(),
          .shut_down_at = input.choice(),
          .no_input_at = input.choice()};
}

// A report of some length that differs all along, in a file that is none on a disk.
struct ReportInMemory {
  std::string text;
  std::shared_ptr<const net::ReportFile> file;

  explicit ReportInMemory(std::size_t length) {
    while (text.size() < length) text += static_cast<char>(text.size() % 251);
    proc::UniqueFd memory(::memfd_create("report", MFD_CLOEXEC));
    require(::write(memory.raw(), text.data(), length) == static_cast<ssize_t>(length));
    file = std::make_shared<net::ReportFile>(
        net::ReportFile{.path = "report", .file = std::move(memory)});
  }
};

// Shorter and longer ones than what is read at once. Made once.
inline const ReportInMemory& report_of(std::size_t choice) {
  static const std::array<ReportInMemory, 5> reports{ReportInMemory(10), ReportInMemory(0),
                                                     ReportInMemory(16384), ReportInMemory(16385),
                                                     ReportInMemory(40000)};
  return reports.at(choice % reports.size());
}

struct ChosenSession {
  SessionChoices choices;
  net::Connections connections;
  net::SessionPeer peer;
  net::SessionLimits limits;
  const MemoryStream* stream = nullptr;
  bool is_let_in;
  std::size_t joins = 0;
  std::optional<net::RefusalCode> join_refused;
  std::size_t reports = 0;
  std::size_t tops = 0;  // that were to be kept
  KeptTops kept;
  std::size_t moments = 0;  // at which it may be revoked
  std::size_t waits = 0;
  std::size_t nobodies = 0;  // waits for nobody, since somebody came
  std::size_t inputs = 0;
  std::size_t learned = 0;
  std::size_t failures = 0;
  std::optional<std::size_t> said_before_revoked;  // bytes
  bool is_shut_down = false;
  std::vector<net::Exchange> done;

  explicit ChosenSession(const SessionChoices& chosen)
      : choices(chosen), is_let_in(chosen.is_enrolled) {
    peer = {.id = connections.open("192.0.2.1:4000"),
            .peer = "192.0.2.1:4000",
            .pin = pin_of('k'),
            .is_enrolled = choices.is_enrolled};
    if (choices.is_enrolled) {
      peer.client = "db1";
      connections.set_client(peer.id, "db1");
    }
    limits.rest = std::chrono::hours(choices.rests ? 0 : 24);
  }

  // Served by as many turns as the session wants.
  net::Outcome run(MemoryStream& with) {
    stream = &with;
    SessionHooks given = hooks();
    HookedDelegate delegate(given);
    HookedConnection connection(given);
    net::Session session(with, peer, limits, delegate, connection, connections);
    for (;;) {
      if (const auto outcome = session.run()) return *outcome;
      require(choices.rests && nobodies == 1);
    }
  }

  bool is_failing_to_keep() const { return choices.how_report_fails >= 4; }

  bool is_revoked() const { return said_before_revoked.has_value(); }

  std::optional<net::Pin> next_pin() const {
    return choices.has_next_pin ? std::optional(pin_of('n')) : std::nullopt;
  }

 private:
  void pass_moment() {
    if (++moments == choices.revoked_at) said_before_revoked = stream->output.size();
  }

  SessionHooks hooks() {
    using namespace net;
    return {
        .make_report = [this](const ReportRequest&, const WaitUntil&) { return make_report(); },
        .keep_top = [this](const ReceivedTop& top) { return keep_top(top); },
        .join = [this](const JoinRequest& request, const SessionPeer&) { return join(request); },
        .next_pin = [this] { return next_pin(); },
        .learned =
            [this](const SessionPeer&, const Pin& next) {
              require(next == next_pin());
              ++learned;
            },
        .is_revoked =
            [this] {
              pass_moment();
              return is_revoked();
            },
        .failed = [this](const SessionPeer&, const std::string&) { ++failures; },
        .exchange_done = [this](const Exchange& exchange) { done.push_back(exchange); },
        .wait_for_client = [this](Deadline) { return wait_for_client(); },
        .wait_for_input =
            [this](Deadline) {
              pass_moment();
              if (++inputs == choices.no_input_at) throw TimeoutError("no top came");
            }};
  }

  std::shared_ptr<const net::ReportFile> make_report() {
    require(is_let_in && !is_revoked());
    pass_moment();
    if (++reports == choices.report_fails_at && !is_failing_to_keep()) fail_report();
    return report_of(choices.report).file;
  }

  bool keep_top(const net::ReceivedTop& top) {
    require(is_let_in && !is_revoked());
    if (++tops == choices.report_fails_at && is_failing_to_keep()) {
      throw net::FileError("write", "/tops.db", ENOSPC);
    }
    return kept.keep(top);
  }

  [[noreturn]] void fail_report() {
    switch (choices.how_report_fails) {
      case 0:
        throw net::FileError("write", "/reports/1.text", ENOSPC);
      case 1:
        throw std::runtime_error("could not read /proc");
      case 2:
        throw net::ConnectionError("the client left before its report");
      default:
        is_shut_down = true;
        throw net::ShuttingDownError("the server is shutting down");
    }
  }

  // A secret that begins with a digit is good, and one with an a comes when there is no place.
  std::variant<net::Joined, net::Refusal> join(const net::JoinRequest& request) {
    using net::RefusalCode;
    ++joins;
    if (request.secret[0] > '9') {
      join_refused = request.secret[0] == 'a' ? RefusalCode::Busy : RefusalCode::JoinRefused;
      return net::Refusal{.code = *join_refused, .text = "not now"};
    }
    is_let_in = true;
    return net::Joined{.name = "db7"};
  }

  net::Wake wait_for_client() {
    pass_moment();
    ++waits;
    is_shut_down = waits == choices.shut_down_at;
    if (is_shut_down) return net::Wake::ShuttingDown;
    const bool is_nobody = choices.nobody_at > 0 && waits >= choices.nobody_at &&
                           waits <= choices.nobody_at + choices.nobody_times;
    nobodies = is_nobody ? nobodies + 1 : 0;
    return is_nobody ? net::Wake::Nobody : net::Wake::Client;
  }
};

}  // namespace topnet::test
