// A Client, used as by fetch and trust join, with arbitrary input. A report that counts as complete
// must be the one in the server's frames. Every failure must be one of the errors that
// net/protocol/client.h names. The client's frames must conform to topnet-protocol(7).

#include <algorithm>

#include "base/escape.h"
#include "net/protocol/client.h"
#include "support/dialogue.h"
#include "support/fuzz_input.h"
#include "support/pins.h"
#include "support/require.h"

namespace {

using namespace topnet::base;
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

// The client's view of the connection.
struct ClientResult {
  std::vector<std::string> names;
  std::vector<std::string> reports;
  std::vector<ReportEnd> ends;
  std::size_t acknowledged = 0;
  std::optional<RefusalCode> refused;
  std::string refusal_text;
  bool is_done = false;
};

BusiestProcess busiest_with(const std::optional<Pin>& learned_pin) {
  BusiestProcess busiest{.id = kId, .host = "db1", .pid = 4121, .name = "postgres"};
  busiest.learned_pin = learned_pin;
  return busiest;
}

void exchange_all(Client& client, const Choices& choices, ClientResult& result) {
  if (choices.joins) result.names.push_back(client.join(kJoin, kNever));
  for (std::size_t i = 0; i < choices.exchanges; ++i) {
    std::string report;
    const ReportEnd end = client.fetch_report(
        kRequest, [&](std::string_view bytes) { report += bytes; }, kNever);
    result.reports.push_back(report);
    result.ends.push_back(end);
    client.send_busiest(busiest_with(end.next_pin), kNever);
    ++result.acknowledged;
  }
  result.is_done = true;
}

// Catches the documented errors, and checks their causes. Any other exception ends the program.
void run_client(MemoryStream& stream, const Choices& choices, ClientResult& result) {
  Client client(stream);
  try {
    exchange_all(client, choices, result);
  } catch (const RefusedError& error) {
    result.refused = error.code();
    result.refusal_text = error.what();
  } catch (const ProtocolError&) {
    return;
  } catch (const TimeoutError&) {
    require(choices.then == Then::Silence && stream.left() == 0);
  } catch (const ConnectionError&) {
    require(choices.then == Then::Break && stream.left() == 0);
  }
}

// Holds and finishes the connection after the last answer.
void finish(MemoryStream& stream, const Choices& choices) {
  Client client(stream);
  const std::size_t left = stream.left();
  const std::string sent = stream.output;
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
  client.finish(kNever);
  require(stream.is_finished && stream.left() == 0 && stream.output == sent);
}

// Checks the client's view against the server's frames as far as the client has read them.
void check_result(const ClientResult& result, const ServerSide& server) {
  for (std::size_t i = 0; i < result.ends.size(); ++i) {
    const std::string& report = result.reports[i];
    require(result.ends[i].length == report.size());
    require(result.ends[i].sha256 == digest_of(report));
    require(report == server.reports.at(i) && result.ends[i] == server.ends.at(i));
  }
  for (std::size_t i = 0; i < result.acknowledged; ++i) require(server.acks.at(i).id == kId);
  for (const std::string& name : result.names) require(name == server.joined.at(0).name);
  require(result.refused.has_value() == server.refusal.has_value());
  if (result.refused) {
    require(result.refused == server.refusal->code && result.refusal_text == server.refusal->text);
    require(topnet::base::is_escaped(result.refusal_text) && server.left == 0);
  }
  if (result.is_done) require(!server.is_violation && !server.is_cut && !server.is_reporting);
}

void check_client_frames(const Choices& choices, const ClientResult& result,
                         const ClientSide& client) {
  require(!client.is_cut && !client.is_violation);
  require(client.joins.size() == (choices.joins ? 1 : 0));
  for (const JoinRequest& each : client.joins) require(each == kJoin);
  for (const ReportRequest& each : client.requests) require(each == kRequest);
  // Exactly one TOP for each complete report.
  require(client.busiest.size() == result.ends.size());
  for (std::size_t i = 0; i < client.busiest.size(); ++i) {
    require(client.busiest[i] == busiest_with(result.ends[i].next_pin));
  }
}

// Whether the server answers every request correctly; it may send more after that.
bool is_correct(const Choices& choices, const std::string& bytes) {
  const auto server = parse_side<ServerSide>(bytes);
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
  ClientResult result;
  run_client(stream, choices, result);
  check_result(result, parse_side<ServerSide>(bytes.substr(0, bytes.size() - stream.left())));
  check_client_frames(choices, result, parse_side<ClientSide>(stream.output));
  if (is_correct(choices, bytes)) require(result.is_done);
  if (result.is_done) finish(stream, choices);
  return 0;
}
