// The server's side of a connection, whatever the client sends and whatever happens meanwhile. What
// the server says keeps to topnet-protocol(7), and agrees with what the client said, with what the
// hooks answered, with how the session ended and with what was counted.

#include <algorithm>
#include <numeric>
#include <set>

#include "support/chosen_session.h"
#include "support/dialogue.h"

namespace {

using namespace topnet::net;
using namespace topnet::test;

// What was said on a connection, and how it ended.
struct Talk {
  ClientSide client;  // as far as it was read
  ServerSide server;
  ServerSide behind_revocation;
  Outcome outcome;
  bool is_stalled;  // the client has read no more

  bool has_done_something() const { return server.acks.size() + server.joined.size() > 0; }
  bool ends_with(RefusalCode code) const { return server.refusal && server.refusal->code == code; }
};

// Whether the client was told what the server counts.
bool fits(const Talk& talk) {
  const bool is_refused = talk.server.refusal.has_value();
  switch (talk.outcome) {
    case Outcome::Completed:
      return talk.has_done_something() &&
             (!is_refused || talk.ends_with(RefusalCode::ShuttingDown));
    case Outcome::RefusedBusy:
      return talk.ends_with(RefusalCode::Busy) ||
             (talk.ends_with(RefusalCode::ShuttingDown) && !talk.has_done_something());
    case Outcome::RefusedAuth:
      return talk.ends_with(RefusalCode::NotEnrolled) || talk.ends_with(RefusalCode::JoinRefused);
    case Outcome::HandshakeFailed:
      return false;
    case Outcome::TimedOut:
      return talk.ends_with(RefusalCode::Timeout);
    case Outcome::ProtocolError:
      return talk.ends_with(RefusalCode::Protocol);
    case Outcome::PeerGone:
      return !is_refused;
    case Outcome::InternalError:
      return talk.ends_with(RefusalCode::Internal);
  }
  return false;
}

// What the server said, by itself and against what the client had said.
void check_answers(const ChosenSession& session, const Talk& talk) {
  const ClientSide& client = talk.client;
  const ServerSide& server = talk.server;
  require(!server.is_breach && server.left == 0 && (!server.is_cut || talk.is_stalled));
  require(!server.is_reporting || server.refusal || talk.is_stalled);
  const ServerSide& behind = talk.behind_revocation;
  require(!behind.is_breach && behind.joined.empty() && behind.ends.empty() && behind.data.empty());
  // Nothing is read behind a breach.
  require(client.left == 0);
  for (std::size_t i = 0; i < server.ends.size(); ++i) {
    require(server.reports[i] == report_of(session.choices.report).text);
    require(server.ends[i].next_pin == session.next_pin());
  }
  if (!session.choices.is_enrolled && server.joined.empty()) {
    require(server.ends.empty() && server.data.empty());
  }
  require(server.ends.size() <= client.requests.size());
  // Only the last one can have been on its way when nobody read any more.
  require(server.acks.size() <= client.tops.size());
  const bool has_one_more = talk.is_stalled || talk.outcome == Outcome::InternalError;
  require(client.tops.size() <= server.acks.size() + (has_one_more ? 1 : 0));
  for (std::size_t i = 0; i < server.acks.size(); ++i) {
    require(server.acks[i].id == client.tops[i].id);
  }
  require(server.joined.size() <= client.joins.size() && session.joins == client.joins.size());
  for (const Joined& each : server.joined) require(each.name == "db7");
}

// Whether a wait for the client has come to nothing.
bool is_late(const ChosenSession& session) {
  const std::size_t no_input_at = session.choices.no_input_at;
  return session.nobodies > 0 || (no_input_at > 0 && session.inputs == no_input_at);
}

// Whether the session has to end for what a hook said, whoever the client is.
bool has_another_end(const ChosenSession& session) {
  const std::size_t fails_at = session.choices.report_fails_at;
  const std::size_t done = session.is_failing_to_keep() ? session.tops : session.reports;
  return session.is_shut_down || is_late(session) || (fails_at > 0 && done == fails_at);
}

// How it ended, against why it had to.
void check_outcome(const ChosenSession& session, const Talk& talk) {
  const Outcome outcome = talk.outcome;
  require(fits(talk) || talk.is_stalled);
  const bool is_breach = talk.client.is_breach ||
                         (talk.client.is_cut && session.choices.then == MemoryStream::Then::End);
  if (outcome == Outcome::ProtocolError) require(is_breach);
  if (is_breach) require(outcome == Outcome::ProtocolError || outcome == Outcome::RefusedAuth);
  if (session.is_revoked()) require(outcome == Outcome::RefusedAuth || has_another_end(session));
  if (outcome == Outcome::TimedOut) {
    require(talk.is_stalled || is_late(session) ||
            session.choices.then == MemoryStream::Then::Silence);
  }
  require((outcome == Outcome::InternalError ? 1 : 0) == session.failures);
  if (talk.ends_with(RefusalCode::NotEnrolled)) require(session.is_revoked() || !session.is_let_in);
  if (talk.ends_with(RefusalCode::ShuttingDown)) require(session.is_shut_down);
  for (const RefusalCode code : {RefusalCode::JoinRefused, RefusalCode::Busy}) {
    if (talk.ends_with(code)) require(session.join_refused == code);
  }
}

// What the server's log and its status page say of it.
void check_counts(const ChosenSession& session, const Talk& talk) {
  const std::vector<Top>& tops = talk.client.tops;
  const ConnectionsSnapshot live = session.connections.snapshot();
  const LiveConnection& own = live.connections.at(0);
  require(own.requests == (session.is_let_in ? talk.client.requests.size() : 0));
  const std::string name = session.choices.is_enrolled ? "db1" : "db7";
  require(session.is_let_in ? own.client == name : !own.client);
  require(live.reports_sent == talk.server.ends.size());
  std::set<std::string> ids;
  for (const Top& top : tops) ids.insert(top.id);
  require(live.tops_received == session.kept.all().size());
  // What was acknowledged is kept, and what was not kept is not acknowledged.
  for (const Ack& each : talk.server.acks) {
    const auto kept = session.kept.all();
    require(std::any_of(kept.begin(), kept.end(),
                        [&](const ReceivedTop& top) { return top.top.id == each.id; }));
  }
  const bool one_failed = talk.outcome == Outcome::InternalError;
  require(live.tops_received <= ids.size() &&
          live.tops_received + (one_failed ? 1 : 0) >= ids.size());
  const auto learned = std::count_if(tops.begin(), tops.end(), [&](const Top& top) {
    return top.learned_pin && top.learned_pin == session.next_pin();
  });
  require(session.learned == static_cast<std::size_t>(learned));
  require(session.done.size() == talk.server.acks.size());
  for (std::size_t i = 0; i < session.done.size(); ++i) {
    const Exchange& exchange = session.done[i];
    require(exchange.request == talk.client.requests[i] && exchange.top == tops[i]);
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
  const Talk talk{.client = read_side<ClientSide>(bytes.substr(0, bytes.size() - stream.left())),
                  .server = read_side<ServerSide>(stream.output),
                  .behind_revocation = read_side<ServerSide>(stream.output.substr(
                      session.said_before_revoked.value_or(stream.output.size()))),
                  .outcome = outcome,
                  .is_stalled = stream.output.size() == stream.room};
  check_answers(session, talk);
  check_outcome(session, talk);
  check_counts(session, talk);
  check_end(session, outcome);
  return 0;
}
