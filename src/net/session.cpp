#include "net/session.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <exception>
#include <utility>

#include "net/sha256.h"
#include "proc/escape.h"

namespace topnet::net {
namespace {

using Clock = std::chrono::steady_clock;

// How long a refusal may take to be written, and its reader to go.
constexpr std::chrono::seconds kGoodbye{1};

// Ends the session with a refusal that is said to the client.
struct Ended {
  Outcome outcome;
  Refusal refusal;
};

const Refusal kShuttingDown{.code = RefusalCode::ShuttingDown,
                            .text = "the server is shutting down"};
const Ended kRevoked{
    Outcome::RefusedAuth,
    {.code = RefusalCode::NotEnrolled, .text = "this client's enrolment has been revoked"}};

}  // namespace

Session::Session(Stream& stream, SessionPeer peer, const SessionLimits& limits,
                 ServerDelegate& delegate, SessionConnection& connection, Connections& connections)
    : stream_(stream),
      peer_(std::move(peer)),
      limits_(limits),
      delegate_(delegate),
      connection_(connection),
      connections_(connections) {
  expect_request(limits_.request);
}

std::optional<Outcome> Session::run() {
  try {
    return serve();
  } catch (const Ended& ended) {
    refuse(stream_, ended.refusal);
    return ended.outcome;
  } catch (const ShuttingDownError&) {
    refuse(stream_, kShuttingDown);
    return has_done_something() ? Outcome::Completed : Outcome::RefusedBusy;
  } catch (const TimeoutError&) {
    refuse(stream_, {.code = RefusalCode::Timeout, .text = "you took too long"});
    return Outcome::TimedOut;
  } catch (const ProtocolError& error) {
    refuse(stream_, {.code = RefusalCode::Protocol, .text = proc::escape(error.what())});
    return Outcome::ProtocolError;
  } catch (const ConnectionError&) {
    // Its input is ended for it when its key is revoked.
    if (!connection_.is_revoked()) return Outcome::PeerGone;
    refuse(stream_, kRevoked.refusal);
    return kRevoked.outcome;
  } catch (const std::exception& error) {
    delegate_.failed(peer_, error.what());
    refuse(stream_, {.code = RefusalCode::Internal, .text = "the server failed"});
    return Outcome::InternalError;
  }
}

std::optional<Outcome> Session::serve() {
  while (wait_for_request()) {
    const auto frame = read_frame(stream_, request_due_);
    if (!frame) return has_done_something() ? Outcome::Completed : Outcome::PeerGone;
    if (frame->type == FrameType::Join) {
      join(parse_join(frame->payload));
      expect_request(limits_.request);
      continue;
    }
    const ReportRequest request = accept_request(*frame);
    exchange(request);
    // A client that has held as long as it said is given time to say goodbye.
    expect_request(std::max(limits_.idle, request.hold + limits_.request));
  }
  return std::nullopt;
}

void Session::expect_request(std::chrono::milliseconds patience) {
  request_due_ = Clock::now() + patience;
  has_rested_ = false;
  connections_.set_phase(peer_.id, has_done_something() ? Phase::Idle : Phase::Waiting);
}

// Returns true when it begins to come, or the client has ended; false once where that takes long.
bool Session::wait_for_request() {
  const Deadline rest = has_rested_ ? Deadline::max() : Clock::now() + limits_.rest;
  switch (connection_.wait_for_client(std::min(request_due_, rest))) {
    case Wake::Client:
      break;
    case Wake::ShuttingDown:
      throw ShuttingDownError("the server is shutting down");
    case Wake::Nobody:
      if (request_due_ <= rest) throw TimeoutError("no request came");
      has_rested_ = true;
      return false;
  }
  if (connection_.is_revoked()) throw Ended(kRevoked);
  return true;
}

// Enrols the client; from then on it may ask for reports, on this connection too.
void Session::join(const JoinRequest& request) {
  auto answer = connection_.join(request, peer_);
  if (const auto* const refusal = std::get_if<Refusal>(&answer)) {
    const bool is_busy = refusal->code == RefusalCode::Busy;
    throw Ended{is_busy ? Outcome::RefusedBusy : Outcome::RefusedAuth, *refusal};
  }
  const Joined& joined = std::get<Joined>(answer);
  peer_.is_enrolled = true;
  if (!peer_.client) peer_.client = joined.name;
  connections_.set_client(peer_.id, *peer_.client);
  write_frame(stream_, FrameType::Joined, to_json(joined), Clock::now() + limits_.request);
  ++joins_;
}

ReportRequest Session::accept_request(const Frame& frame) const {
  if (!peer_.is_enrolled) {
    throw Ended{Outcome::RefusedAuth,
                {.code = RefusalCode::NotEnrolled,
                 .text = "this server does not know your key; ask its user for an invite"}};
  }
  if (frame.type != FrameType::Request) throw ProtocolError("a request was due");
  return parse_request(frame.payload);
}

void Session::exchange(const ReportRequest& request) {
  const Deadline deadline =
      Clock::now() + limits_.exchange + request.delay.value_or(std::chrono::milliseconds(0));
  connections_.count_request(peer_.id);
  connections_.set_phase(peer_.id, Phase::Reporting);
  const std::shared_ptr<const ReportFile> report = make_report(request);
  // It may have taken an hour, which is the longest window.
  if (connection_.is_revoked()) throw Ended(kRevoked);
  send(*report, deadline);
  connections_.count_report();
  connections_.set_phase(peer_.id, Phase::Receiving);
  // Not by reading: behind the end of its input that a revocation makes, TLS could say nothing.
  connection_.wait_for_input(deadline);
  if (connection_.is_revoked()) throw Ended(kRevoked);
  const auto frame = read_frame(stream_, deadline);
  if (!frame) throw ConnectionError("the client left before its top");
  if (frame->type != FrameType::Top) throw ProtocolError("a top was due");
  const Top top = parse_top(frame->payload);
  if (top.learned_pin && top.learned_pin == delegate_.next_pin()) {
    delegate_.learned(peer_, *top.learned_pin);
  }
  keep(top);
  write_frame(stream_, FrameType::Ack, to_json(Ack{.id = top.id}), deadline);
  ++exchanges_;
  delegate_.exchange_done({.peer = peer_.peer,
                           .client = peer_.client,
                           .request = request,
                           .report = report->path,
                           .top = top});
}

std::shared_ptr<const ReportFile> Session::make_report(const ReportRequest& request) const {
  try {
    return delegate_.make_report(request, [this](Deadline end) { connection_.wait_until(end); });
  } catch (const FileError& error) {
    fail("write the report", error);
  }
}

void Session::keep(const Top& top) const {
  try {
    if (delegate_.keep_top(
            {.time = proc::now(), .client = peer_.client, .peer = peer_.peer, .top = top})) {
      connections_.count_top();
    }
  } catch (const FileError& error) {
    fail("keep the top process", error);
  }
}

void Session::fail(const char* what, const FileError& error) const {
  delegate_.failed(peer_, error.what());
  // The path is nobody's business but the server's.
  throw Ended{Outcome::InternalError,
              {.code = RefusalCode::Internal,
               .text = fmt::format("the server could not {}: {}", what, error.code().message())}};
}

void Session::send(const ReportFile& report, Deadline deadline) {
  std::array<char, 16384> buffer;  // as much as one TLS record holds
  Sha256 digest;
  std::uint64_t length = 0;
  for (;;) {
    const ssize_t count =
        ::pread(report.file.raw(), buffer.data(), buffer.size(), static_cast<off_t>(length));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw FileError("read", report.path, errno);
    if (count == 0) break;
    const std::string_view bytes(buffer.data(), static_cast<std::size_t>(count));
    digest.add(bytes);
    length += bytes.size();
    write_frame(stream_, FrameType::Data, bytes, deadline);
  }
  const ReportEnd end{
      .length = length, .sha256 = digest.finish(), .next_pin = delegate_.next_pin()};
  write_frame(stream_, FrameType::End, to_json(end), deadline);
}

void refuse(Stream& stream, const Refusal& refusal) {
  try {
    write_frame(stream, FrameType::Error, to_json(refusal), Clock::now() + kGoodbye);
  } catch (const std::exception&) {
    return;
  }
}

}  // namespace topnet::net
