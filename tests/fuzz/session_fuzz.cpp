// A ServerSession with arbitrary input and arbitrary events. The server's answer must conform to
// topnet-protocol(7), and agree with the client's frames, with the results of the hooks, with the
// outcome and with the counters.

#include <algorithm>
#include <numeric>
#include <set>

#include "support/chosen_session.h"
#include "support/dialogue.h"

namespace {

using namespace topnet::base;
using namespace topnet::net;
using namespace topnet::test;

// The frames of a connection, and how it ended.
struct Transcript {
  ClientSide client;  // as far as the server has read it
  ServerSide server;
  ServerSide after_revocation;
  Outcome outcome;
  bool is_stalled;  // the client stopped reading

  bool has_served() const { return server.acks.size() + server.joined.size() > 0; }
  bool ends_with(RefusalCode code) const { return server.refusal && server.refusal->code == code; }
};

// Whether the refusal that the client got, if any, agrees with the outcome.
bool refusal_fits_outcome(const Transcript& transcript) {
  const bool is_refused = transcript.server.refusal.has_value();
  switch (transcript.outcome) {
    case Outcome::Completed:
      return transcript.has_served() &&
             (!is_refused || transcript.ends_with(RefusalCode::ShuttingDown));
    case Outcome::RefusedBusy:
      return transcript.ends_with(RefusalCode::Busy) ||
             (transcript.ends_with(RefusalCode::ShuttingDown) && !transcript.has_served());
    case Outcome::RefusedAuth:
      return transcript.ends_with(RefusalCode::NotEnrolled) ||
             transcript.ends_with(RefusalCode::JoinRefused);
    case Outcome::HandshakeFailed:
      return false;
    case Outcome::TimedOut:
      return transcript.ends_with(RefusalCode::Timeout);
    case Outcome::ProtocolError:
      return transcript.ends_with(RefusalCode::Protocol);
    case Outcome::PeerGone:
      return !is_refused;
    case Outcome::InternalError:
      return transcript.ends_with(RefusalCode::Internal);
  }
  return false;
}

// Checks the server's frames against the protocol and against the client's frames.
void check_answers(const ChosenSession& session, const Transcript& transcript) {
  const ClientSide& client = transcript.client;
  const ServerSide& server = transcript.server;
  require(!server.is_violation && server.left == 0 && (!server.is_cut || transcript.is_stalled));
  require(!server.is_reporting || server.refusal || transcript.is_stalled);
  const ServerSide& after = transcript.after_revocation;
  require(!after.is_violation && after.joined.empty() && after.ends.empty() && after.data.empty());
  // Nothing is read after a violation.
  require(client.left == 0);
  for (std::size_t i = 0; i < server.ends.size(); ++i) {
    require(server.reports[i] == report_of(session.choices.report).text);
    require(server.ends[i].next_pin == session.next_pin());
  }
  if (!session.choices.is_enrolled && server.joined.empty()) {
    require(server.ends.empty() && server.data.empty());
  }
  require(server.ends.size() <= client.requests.size());
  // Only the last ACK can be missing, if the client stopped reading.
  require(server.acks.size() <= client.busiest.size());
  const bool has_one_more = transcript.is_stalled || transcript.outcome == Outcome::InternalError;
  require(client.busiest.size() <= server.acks.size() + (has_one_more ? 1 : 0));
  for (std::size_t i = 0; i < server.acks.size(); ++i) {
    require(server.acks[i].id == client.busiest[i].id);
  }
  require(server.joined.size() <= client.joins.size() && session.joins == client.joins.size());
  for (const Joined& each : server.joined) require(each.name == "db7");
}

// Whether a wait for the client has timed out.
bool has_timed_out(const ChosenSession& session) {
  const std::size_t no_input_at = session.choices.no_input_at;
  return session.timeouts > 0 || (no_input_at > 0 && session.inputs == no_input_at);
}

// Whether the result of a hook ends the session, independently of the client's enrolment.
bool is_ended_by_hook(const ChosenSession& session) {
  const std::size_t fails_at = session.choices.failure_at;
  const std::size_t done = session.fails_to_keep() ? session.client_reports : session.reports;
  return session.is_shut_down || has_timed_out(session) || (fails_at > 0 && done == fails_at);
}

// Checks the outcome against its cause.
void check_outcome(const ChosenSession& session, const Transcript& transcript) {
  const Outcome outcome = transcript.outcome;
  require(refusal_fits_outcome(transcript) || transcript.is_stalled);
  const bool is_violation =
      transcript.client.is_violation ||
      (transcript.client.is_cut && session.choices.then == MemoryStream::Then::End);
  if (outcome == Outcome::ProtocolError) require(is_violation);
  if (is_violation) require(outcome == Outcome::ProtocolError || outcome == Outcome::RefusedAuth);
  if (session.is_revoked()) require(outcome == Outcome::RefusedAuth || is_ended_by_hook(session));
  if (outcome == Outcome::TimedOut) {
    require(transcript.is_stalled || has_timed_out(session) ||
            session.choices.then == MemoryStream::Then::Silence);
  }
  require((outcome == Outcome::InternalError ? 1 : 0) == session.failures);
  if (transcript.ends_with(RefusalCode::NotEnrolled))
    require(session.is_revoked() || !session.is_admitted);
  if (transcript.ends_with(RefusalCode::ShuttingDown)) require(session.is_shut_down);
  for (const RefusalCode code : {RefusalCode::JoinRefused, RefusalCode::Busy}) {
    if (transcript.ends_with(code)) require(session.join_refused == code);
  }
}

// Checks what the server shows in its log and on its status page.
void check_counts(const ChosenSession& session, const Transcript& transcript) {
  const std::vector<BusiestProcess>& sent = transcript.client.busiest;
  const ConnectionsSnapshot live = session.connections.snapshot();
  const LiveConnection& own = live.connections.at(0);
  require(own.requests == (session.is_admitted ? transcript.client.requests.size() : 0));
  const std::string name = session.choices.is_enrolled ? "db1" : "db7";
  require(session.is_admitted ? own.client == name : !own.client);
  require(live.reports_sent == transcript.server.ends.size());
  std::set<std::string> ids;
  for (const BusiestProcess& each : sent) ids.insert(each.id);
  require(live.client_reports_received == session.kept.all().size());
  // Every acknowledged report is kept.
  for (const Ack& each : transcript.server.acks) {
    const auto kept = session.kept.all();
    require(std::any_of(kept.begin(), kept.end(),
                        [&](const ClientReport& report) { return report.busiest.id == each.id; }));
  }
  const bool one_failed = transcript.outcome == Outcome::InternalError;
  require(live.client_reports_received <= ids.size() &&
          live.client_reports_received + (one_failed ? 1 : 0) >= ids.size());
  const auto learned = std::count_if(sent.begin(), sent.end(), [&](const BusiestProcess& each) {
    return each.learned_pin && each.learned_pin == session.next_pin();
  });
  require(session.learned == static_cast<std::size_t>(learned));
  require(session.done.size() == transcript.server.acks.size());
  for (std::size_t i = 0; i < session.done.size(); ++i) {
    const Exchange& exchange = session.done[i];
    require(exchange.request == transcript.client.requests[i] && exchange.busiest == sent[i]);
    require(exchange.client == name);
  }
}

void check_end(ChosenSession& session, Outcome outcome) {
  session.connections.close(session.peer.id, outcome);
  const ConnectionsSnapshot ended = session.connections.snapshot();
  const auto outcomes = std::accumulate(ended.outcomes.begin(), ended.outcomes.end(), 0ULL);
  require(ended.accepted == 1 && outcomes == 1 && ended.active() == 0);
  require(ended.outcomes.at(static_cast<std::size_t>(outcome)) == 1);
}

}  // namespace

// A character for each choice, then what the client sends.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzInput input(data, size);
  ChosenSession session(read_session_choices(input));
  const std::string bytes = input.peer_bytes();
  MemoryStream stream(bytes, piece_of(session.choices.piece), session.choices.then);
  if (session.choices.room > 0) stream.room = session.choices.room * 97;
  const Outcome outcome = session.run(stream);
  const Transcript transcript{
      .client = parse_side<ClientSide>(bytes.substr(0, bytes.size() - stream.left())),
      .server = parse_side<ServerSide>(stream.output),
      .after_revocation = parse_side<ServerSide>(
          stream.output.substr(session.sent_before_revoked.value_or(stream.output.size()))),
      .outcome = outcome,
      .is_stalled = stream.output.size() == stream.room};
  check_answers(session, transcript);
  check_outcome(session, transcript);
  check_counts(session, transcript);
  check_end(session, outcome);
  return 0;
}
