#include "net/server/session.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <exception>
#include <utility>

#include "base/escape.h"
#include "net/tls/sha256.h"

namespace topnet::net {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kRefusalTimeout{1};  // for writing a refusal

// Thrown to end the session with a refusal.
struct Refused {
  Outcome outcome;
  Refusal refusal;
};

const Refusal kShuttingDown{.code = RefusalCode::ShuttingDown,
                            .text = "the server is shutting down"};
const Refused kRevoked{
    Outcome::RefusedAuth,
    {.code = RefusalCode::NotEnrolled,
     .text = "this client's enrolment has been revoked; ask the server's user for a new invite"}};

// Reads from a stream, but throws ShuttingDownError instead of waiting while the server shuts down,
// and Refused if the client is revoked.
class RequestStream final : public Stream {
 public:
  RequestStream(Stream& stream, SessionConnection& connection)
      : stream_(stream), connection_(connection) {}

  std::size_t read_some(std::span<std::byte> buffer, Deadline deadline) override {
    switch (connection_.wait_for_client(deadline)) {
      case WaitResult::Readable:
        break;
      case WaitResult::ShuttingDown:
        throw ShuttingDownError("the server is shutting down");
      case WaitResult::TimedOut:
        throw TimeoutError("timed out waiting for a request");
    }
    // Before the read: a revocation ends the input, and TLS cannot send after a failed read.
    if (connection_.is_revoked()) throw Refused(kRevoked);
    return stream_.read_some(buffer, deadline);
  }
  void write_all(std::span<const std::byte> bytes, Deadline deadline) override {
    stream_.write_all(bytes, deadline);
  }
  void finish_writing(Deadline deadline) override { stream_.finish_writing(deadline); }

 private:
  Stream& stream_;
  SessionConnection& connection_;
};

}  // namespace

ServerSession::ServerSession(Stream& stream, SessionPeer peer, const SessionLimits& limits,
                             ServerDelegate& delegate, SessionConnection& connection,
                             Connections& connections)
    : stream_(stream),
      peer_(std::move(peer)),
      limits_(limits),
      delegate_(delegate),
      connection_(connection),
      connections_(connections) {
  expect_request(limits_.request);
}

std::optional<Outcome> ServerSession::run() {
  try {
    return serve();
  } catch (const Refused& refused) {
    refuse(stream_, refused.refusal);
    return refused.outcome;
  } catch (const ShuttingDownError&) {
    refuse(stream_, kShuttingDown);
    return has_served() ? Outcome::Completed : Outcome::RefusedBusy;
  } catch (const TimeoutError&) {
    refuse(stream_, {.code = RefusalCode::Timeout, .text = "timed out waiting for the client"});
    return Outcome::TimedOut;
  } catch (const ProtocolError& error) {
    refuse(stream_, {.code = RefusalCode::Protocol, .text = base::escape(error.what())});
    return Outcome::ProtocolError;
  } catch (const ConnectionError&) {
    // The server ends a client's input when its key is revoked.
    if (!connection_.is_revoked()) return Outcome::PeerGone;
    refuse(stream_, kRevoked.refusal);
    return kRevoked.outcome;
  } catch (const std::exception& error) {
    delegate_.failed(peer_, error.what());
    refuse(stream_, {.code = RefusalCode::Internal, .text = "internal server error"});
    return Outcome::InternalError;
  }
}

std::optional<Outcome> ServerSession::serve() {
  while (wait_for_request()) {
    RequestStream stream(stream_, connection_);
    const auto frame = read_frame(stream, request_due_);
    if (!frame) return has_served() ? Outcome::Completed : Outcome::PeerGone;
    if (frame->type == FrameType::Join) {
      join(parse_join(frame->payload));
      connections_.set_phase(peer_.id, Phase::Idle);
      continue;  // the REQUEST is due when it was before
    }
    const ReportRequest request = accept_request(*frame);
    exchange(request);
    // A long hold extends the deadline, so that the client can still send something after it.
    expect_request(std::max(limits_.idle, request.hold + limits_.request));
  }
  return std::nullopt;
}

void ServerSession::expect_request(std::chrono::milliseconds timeout) {
  request_due_ = Clock::now() + timeout;
  was_handed_off_ = false;
  connections_.set_phase(peer_.id, has_served() ? Phase::Idle : Phase::Waiting);
}

// Returns true when the client has sent something or ended its side; false, once for each request,
// when the session should be handed off.
bool ServerSession::wait_for_request() {
  const TimePoint hand_off = was_handed_off_ ? TimePoint::max() : Clock::now() + limits_.hand_off;
  switch (connection_.wait_for_client(std::min(request_due_, hand_off))) {
    case WaitResult::Readable:
      break;
    case WaitResult::ShuttingDown:
      throw ShuttingDownError("the server is shutting down");
    case WaitResult::TimedOut:
      if (request_due_ <= hand_off) throw TimeoutError("timed out waiting for a request");
      was_handed_off_ = true;
      return false;
  }
  return true;
}

// Enrols the client, which may then ask for reports on this connection, too.
void ServerSession::join(const JoinRequest& request) {
  auto answer = connection_.join(request, peer_);
  if (const auto* const refusal = std::get_if<Refusal>(&answer)) {
    const bool is_busy = refusal->code == RefusalCode::Busy;
    throw Refused{is_busy ? Outcome::RefusedBusy : Outcome::RefusedAuth, *refusal};
  }
  const Joined& joined = std::get<Joined>(answer);
  peer_.is_enrolled = true;
  if (!peer_.client) peer_.client = joined.name;
  connections_.set_client(peer_.id, *peer_.client);
  write_frame(stream_, FrameType::Joined, to_json(joined), Clock::now() + limits_.request);
  ++joins_;
}

ReportRequest ServerSession::accept_request(const Frame& frame) const {
  if (!peer_.is_enrolled) {
    delegate_.not_enrolled(peer_);
    throw Refused{
        Outcome::RefusedAuth,
        {.code = RefusalCode::NotEnrolled,
         .text = "this client's key is not enrolled; ask the server's user for an invite"}};
  }
  if (frame.type != FrameType::Request) throw ProtocolError("expected a REQUEST frame");
  return parse_request(frame.payload);
}

void ServerSession::exchange(const ReportRequest& request) {
  const Deadline deadline =
      Clock::now() + limits_.exchange + request.delay.value_or(std::chrono::milliseconds(0));
  connections_.count_request(peer_.id);
  connections_.set_phase(peer_.id, Phase::Reporting);
  const std::shared_ptr<const ReportFile> report = make_report(request);
  // The window may have lasted an hour.
  if (connection_.is_revoked()) throw Refused(kRevoked);
  send(*report, deadline);
  connections_.count_report_sent();
  connections_.set_phase(peer_.id, Phase::Receiving);
  // Waits without reading, as RequestStream does.
  connection_.wait_for_input(deadline);
  if (connection_.is_revoked()) throw Refused(kRevoked);
  const auto frame = read_frame(stream_, deadline);
  if (!frame) throw ConnectionError("the client left before it sent TOP");
  if (frame->type != FrameType::Top) throw ProtocolError("expected a TOP frame");
  const BusiestProcess busiest = parse_busiest(frame->payload);
  if (busiest.learned_pin && busiest.learned_pin == delegate_.next_pin()) {
    delegate_.learned(peer_, *busiest.learned_pin);
  }
  keep(busiest);
  write_frame(stream_, FrameType::Ack, to_json(Ack{.id = busiest.id}), deadline);
  ++exchanges_;
  delegate_.exchange_done({.peer = peer_.peer,
                           .client = peer_.client,
                           .request = request,
                           .report = report->path,
                           .busiest = busiest});
}

std::shared_ptr<const ReportFile> ServerSession::make_report(const ReportRequest& request) const {
  try {
    return delegate_.make_report(request, [this](Deadline end) { connection_.wait_until(end); });
  } catch (const base::FileError& error) {
    fail("write the report", error);
  }
}

void ServerSession::keep(const BusiestProcess& busiest) const {
  try {
    if (delegate_.keep_report({.time = base::now(),
                               .client = peer_.client,
                               .peer = peer_.peer,
                               .busiest = busiest})) {
      connections_.count_client_report_received();
    }
  } catch (const base::FileError& error) {
    fail("store the client report", error);
  }
}

// Tells the client what the server could not do, without naming the server's files.
void ServerSession::fail(const char* action, const base::FileError& error) const {
  delegate_.failed(peer_, error.what());
  throw Refused{
      Outcome::InternalError,
      {.code = RefusalCode::Internal,
       .text = fmt::format("the server could not {}: {}", action, error.code().message())}};
}

void ServerSession::send(const ReportFile& report, Deadline deadline) {
  std::array<char, 16384> buffer;  // the payload of one TLS record
  Sha256 digest;
  std::uint64_t length = 0;
  for (;;) {
    const ssize_t count =
        ::pread(report.file.raw(), buffer.data(), buffer.size(), static_cast<off_t>(length));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw base::FileError("read", report.path, errno);
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
    write_frame(stream, FrameType::Error, to_json(refusal), Clock::now() + kRefusalTimeout);
  } catch (const std::exception&) {
    return;
  }
}

}  // namespace topnet::net
