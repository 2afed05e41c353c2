// A session whose environment is chosen by a fuzz target's input, and a record of the calls of its
// hooks.
#pragma once

#include <sys/mman.h>

#include <array>
#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/files/file_error.h"
#include "net/server/session.h"
#include "support/fuzz_input.h"
#include "support/kept_reports.h"
#include "support/pins.h"
#include "support/require.h"
#include "support/session_hooks.h"

namespace topnet::test {

// Each `…_at` is the number, from 1, of the call of a hook at which it happens; 0: never. The
// client's key is revoked in the call of a hook after which the session has to notice that.
struct SessionChoices {
  bool is_enrolled;
  bool has_next_pin;
  bool hands_off;  // as soon as a wait for the client times out
  MemoryStream::Then then;
  std::size_t piece;
  std::size_t room;  // how much of the answer the client reads, in units of 97 bytes; 0: all
  std::size_t report;
  std::size_t failure_at;  // making a report, or keeping a client report
  std::size_t failure;     // from 4 on it is the client report that cannot be kept
  std::size_t revoked_at;
  std::size_t timeout_at;        // of a wait for the client
  std::size_t further_timeouts;  // directly after it
  std::size_t shut_down_at;
  std::size_t no_input_at;
};

inline SessionChoices read_session_choices(FuzzInput& input) {
  return {.is_enrolled = input.yes_or_no(),
          .has_next_pin = input.yes_or_no(),
          .hands_off = input.yes_or_no(),
          .then = input.then(),
          .piece = input.choice(),
          .room = input.choice(),
          .report = input.choice(),
          .failure_at = input.choice(),
          .failure = input.choice(),
          .revoked_at = input.choice(),
          .timeout_at = input.choice(),
          .further_timeouts = input.choice(),
          .shut_down_at = input.choice(),
          .no_input_at = input.choice()};
}

// A report of a given length without repetitions, in a file in memory.
struct ReportInMemory {
  std::string text;
  std::shared_ptr<const net::ReportFile> file;

  explicit ReportInMemory(std::size_t length) {
    while (text.size() < length) text += static_cast<char>(text.size() % 251);
    base::UniqueFd memory(::memfd_create("report", MFD_CLOEXEC));
    require(::write(memory.raw(), text.data(), length) == static_cast<ssize_t>(length));
    file = std::make_shared<net::ReportFile>(
        net::ReportFile{.path = "report", .file = std::move(memory)});
  }
};

// Reports that are shorter and longer than the buffer of the session.
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
  bool is_admitted;
  std::size_t joins = 0;
  std::optional<net::RefusalCode> join_refused;
  std::size_t reports = 0;
  std::size_t client_reports = 0;  // calls of keep_report
  KeptReports kept;
  std::size_t revocation_points = 0;  // so far
  std::size_t waits = 0;
  std::size_t timeouts = 0;  // of waits for the client, in a row
  std::size_t inputs = 0;
  std::size_t learned = 0;
  std::size_t failures = 0;
  std::optional<std::size_t> sent_before_revoked;  // bytes
  bool is_shut_down = false;
  std::vector<net::Exchange> done;

  explicit ChosenSession(const SessionChoices& chosen)
      : choices(chosen), is_admitted(chosen.is_enrolled) {
    peer = {.id = connections.open("192.0.2.1:4000"),
            .peer = "192.0.2.1:4000",
            .pin = pin_of('k'),
            .is_enrolled = choices.is_enrolled};
    if (choices.is_enrolled) {
      peer.client = "db1";
      connections.set_client(peer.id, "db1");
    }
    limits.hand_off = std::chrono::hours(choices.hands_off ? 0 : 24);
  }

  // Runs the session again after each hand-off.
  net::Outcome run(MemoryStream& with) {
    stream = &with;
    SessionHooks given = hooks();
    HookedDelegate delegate(given);
    HookedConnection connection(given);
    net::ServerSession session(with, peer, limits, delegate, connection, connections);
    for (;;) {
      if (const auto outcome = session.run()) return *outcome;
      require(choices.hands_off && timeouts == 1);
    }
  }

  bool fails_to_keep() const { return choices.failure >= 4; }

  bool is_revoked() const { return sent_before_revoked.has_value(); }

  std::optional<net::Pin> next_pin() const {
    return choices.has_next_pin ? std::optional(pin_of('n')) : std::nullopt;
  }

 private:
  void pass_revocation_point() {
    if (++revocation_points == choices.revoked_at) sent_before_revoked = stream->output.size();
  }

  SessionHooks hooks() {
    using namespace net;
    return {
        .make_report = [this](const ReportRequest&, const WaitUntil&) { return make_report(); },
        .keep_report = [this](const ClientReport& each) { return keep_report(each); },
        .join = [this](const JoinRequest& request, const SessionPeer&) { return join(request); },
        .next_pin = [this] { return next_pin(); },
        .learned =
            [this](const SessionPeer&, const Pin& next) {
              require(next == next_pin());
              ++learned;
            },
        .is_revoked =
            [this] {
              pass_revocation_point();
              return is_revoked();
            },
        .failed = [this](const SessionPeer&, const std::string&) { ++failures; },
        .exchange_done = [this](const Exchange& exchange) { done.push_back(exchange); },
        .wait_for_client = [this](Deadline) { return wait_for_client(); },
        .wait_for_input =
            [this](Deadline) {
              pass_revocation_point();
              if (++inputs == choices.no_input_at) throw TimeoutError("no TOP in time");
            }};
  }

  std::shared_ptr<const net::ReportFile> make_report() {
    require(is_admitted && !is_revoked());
    pass_revocation_point();
    if (++reports == choices.failure_at && !fails_to_keep()) fail_report();
    return report_of(choices.report).file;
  }

  bool keep_report(const net::ClientReport& report) {
    require(is_admitted && !is_revoked());
    if (++client_reports == choices.failure_at && fails_to_keep()) {
      throw base::FileError("write", "/tops.db", ENOSPC);
    }
    return kept.keep(report);
  }

  [[noreturn]] void fail_report() {
    switch (choices.failure) {
      case 0:
        throw base::FileError("write", "/reports/1.text", ENOSPC);
      case 1:
        throw std::runtime_error("could not read /proc");
      case 2:
        throw net::ConnectionError("the client left before its report");
      default:
        is_shut_down = true;
        throw net::ShuttingDownError("the server is shutting down");
    }
  }

  // A secret that begins with a digit is valid; with one that begins with an a, there is no slot.
  std::variant<net::Joined, net::Refusal> join(const net::JoinRequest& request) {
    using net::RefusalCode;
    ++joins;
    if (request.secret[0] > '9') {
      join_refused = request.secret[0] == 'a' ? RefusalCode::Busy : RefusalCode::JoinRefused;
      return net::Refusal{.code = *join_refused, .text = "not now"};
    }
    is_admitted = true;
    return net::Joined{.name = "db7"};
  }

  net::WaitResult wait_for_client() {
    pass_revocation_point();
    ++waits;
    is_shut_down = waits == choices.shut_down_at;
    if (is_shut_down) return net::WaitResult::ShuttingDown;
    const bool times_out = choices.timeout_at > 0 && waits >= choices.timeout_at &&
                           waits <= choices.timeout_at + choices.further_timeouts;
    timeouts = times_out ? timeouts + 1 : 0;
    return times_out ? net::WaitResult::TimedOut : net::WaitResult::Readable;
  }
};

}  // namespace topnet::test
