// The client's side of a connection, as fetch and trust join use it, whatever the server sends. A
// report that counts as whole is what the server's frames hold; what goes wrong is one of the
// errors that net/client.h names; what the client says keeps to topnet-protocol(7).

#include <algorithm>

#include "net/client.h"
#include "proc/escape.h"
#include "support/dialogue.h"
#include "support/fuzz_input.h"
#include "support/pins.h"
#include "support/require.h"

namespace {

using namespace topnet::net;
using namespace topnet::test;
using Then = MemoryStream::Then;

constexpr Deadline kNever = Deadline::max();
const std::string kId = "00112233445566778899aabbccddeeff";
const JoinRequest kJoin{.secret = kId, .server = pin_of('s')};
const ReportRequest kRequest{.count = 3, .hold = std::chrono::seconds(1)};

struct Choices {
  bool joins;
  std::size_t exchanges;
  bool holds;
  Then then;
  std::size_t piece;
};

Choices read_choices(FuzzInput& input) {
  return {.joins = input.yes_or_no(),
          .exchanges = input.choice(),
          .holds = input.yes_or_no(),
          .then = input.then(),
          .piece = input.choice()};
}

// What the client believes of the server.
struct Belief {
  std::vector<std::string> names;
  std::vector<std::string> reports;
  std::vector<ReportEnd> ends;
  std::size_t tops = 0;  // that were taken
  std::optional<RefusalCode> refused;
  std::string why;
  bool is_done = false;
};

Top top_with(const std::optional<Pin>& learned) {
  Top top{.id = kId, .host = "db1", .pid = 4121, .name = "postgres"};
  top.learned_pin = learned;
  return top;
}

void talk(Client& client, const Choices& choices, Belief& belief) {
  if (choices.joins) belief.names.push_back(client.join(kJoin, kNever));
  for (std::size_t i = 0; i < choices.exchanges; ++i) {
    std::string report;
    const ReportEnd end = client.fetch_report(
        kRequest, [&](std::string_view bytes) { report += bytes; }, kNever);
    belief.reports.push_back(report);
    belief.ends.push_back(end);
    client.send_top(top_with(end.next_pin), kNever);
    ++belief.tops;
  }
  belief.is_done = true;
}

// All that may go wrong, and why it has to. Anything else ends the program.
void talk_to_the_end(MemoryStream& stream, const Choices& choices, Belief& belief) {
  Client client(stream);
  try {
    talk(client, choices, belief);
  } catch (const RefusedError& error) {
    belief.refused = error.code();
    belief.why = error.what();
  } catch (const ProtocolError&) {
    return;
  } catch (const TimeoutError&) {
    require(choices.then == Then::Silence && stream.left() == 0);
  } catch (const ConnectionError&) {
    require(choices.then == Then::Break && stream.left() == 0);
  }
}

// A goodbye, with the stream at the end of the last answer.
void part(MemoryStream& stream, const Choices& choices) {
  Client client(stream);
  const std::size_t left = stream.left();
  const std::string said = stream.output;
  try {
    if (choices.holds) {
      client.hold(kNever);
      require(choices.then == Then::Silence && stream.left() == 0);
    }
  } catch (const RefusedError&) {
    require(left > 0);
  } catch (const ProtocolError&) {
    require(left > 0 || choices.then == Then::End);
  } catch (const ConnectionError&) {
    require(choices.then == Then::Break);
  }
  try {
    client.finish(kNever);
    require(choices.then == Then::End);
  } catch (const TimeoutError&) {
    require(choices.then == Then::Silence);
  } catch (const ConnectionError&) {
    require(choices.then == Then::Break);
  }
  require(stream.is_finished && stream.left() == 0 && stream.output == said);
}

// What it believes, against what the server had said when it was read.
void check_belief(const Belief& belief, const ServerSide& server) {
  for (std::size_t i = 0; i < belief.ends.size(); ++i) {
    const std::string& report = belief.reports[i];
    require(belief.ends[i].length == report.size());
    require(belief.ends[i].sha256 == digest_of(report));
    require(report == server.reports.at(i) && belief.ends[i] == server.ends.at(i));
  }
  for (std::size_t i = 0; i < belief.tops; ++i) require(server.acks.at(i).id == kId);
  for (const std::string& name : belief.names) require(name == server.joined.at(0).name);
  require(belief.refused.has_value() == server.refusal.has_value());
  if (belief.refused) {
    require(belief.refused == server.refusal->code && belief.why == server.refusal->text);
    require(topnet::proc::is_escaped(belief.why) && server.left == 0);
  }
  if (belief.is_done) require(!server.is_breach && !server.is_cut && !server.is_reporting);
}

void check_words(const Choices& choices, const Belief& belief, const ClientSide& client) {
  require(!client.is_cut && !client.is_breach);
  require(client.joins.size() == (choices.joins ? 1 : 0));
  for (const JoinRequest& each : client.joins) require(each == kJoin);
  for (const ReportRequest& each : client.requests) require(each == kRequest);
  // One for each report that is whole: never before, and never without.
  require(client.tops.size() == belief.ends.size());
  for (std::size_t i = 0; i < client.tops.size(); ++i) {
    require(client.tops[i] == top_with(belief.ends[i].next_pin));
  }
}

// Whether the server answers all that it is asked as it should, whatever it says behind that.
bool is_good(const Choices& choices, const std::string& bytes) {
  const auto server = read_side<ServerSide>(bytes);
  const bool begins_with_joined =
      !bytes.empty() && bytes[0] == static_cast<char>(FrameType::Joined);
  return server.joined.size() == (choices.joins ? 1 : 0) &&
         (!choices.joins || begins_with_joined) && server.acks.size() >= choices.exchanges &&
         std::all_of(server.acks.begin(), server.acks.end(),
                     [](const Ack& each) { return each.id == kId; });
}

}  // namespace

// A character for each choice, then what the server sends.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzInput input(data, size);
  const Choices choices = read_choices(input);
  const std::string bytes = input.peer_bytes();
  MemoryStream stream(bytes, piece_of(choices.piece), choices.then);
  Belief belief;
  talk_to_the_end(stream, choices, belief);
  check_belief(belief, read_side<ServerSide>(bytes.substr(0, bytes.size() - stream.left())));
  check_words(choices, belief, read_side<ClientSide>(stream.output));
  if (is_good(choices, bytes)) require(belief.is_done);
  if (belief.is_done) part(stream, choices);
  return 0;
}
