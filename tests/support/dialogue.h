// Parses what each side of a connection sent, and checks it against topnet-protocol(7).
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "net/protocol/message.h"
#include "net/tls/sha256.h"
#include "support/memory_stream.h"

namespace topnet::test {

// How far the bytes of a side could be parsed.
struct Side {
  bool is_cut = false;        // they end inside a frame
  bool is_violation = false;  // they hold an invalid or unexpected frame
  std::size_t left = 0;       // bytes after that frame
};

struct ClientSide : Side {
  std::vector<net::JoinRequest> joins;
  std::vector<net::ReportRequest> requests;
  std::vector<net::BusiestProcess> busiest;
};

struct ServerSide : Side {
  std::vector<net::Joined> joined;
  std::vector<std::string> reports;  // the complete ones
  std::vector<net::ReportEnd> ends;
  std::vector<net::Ack> acks;
  std::optional<net::Refusal> refusal;
  std::string data;  // of an incomplete report
  bool is_reporting = false;
};

// Throws ProtocolError if the frame is unexpected, or its payload invalid.
inline void add(ClientSide& side, const net::Frame& frame) {
  using net::FrameType;
  const bool expects_top = side.requests.size() > side.busiest.size();
  if ((frame.type == FrameType::Top) != expects_top) throw net::ProtocolError("unexpected");
  if (frame.type == FrameType::Top) {
    side.busiest.push_back(net::parse_busiest(frame.payload));
  } else if (frame.type == FrameType::Request) {
    side.requests.push_back(net::parse_request(frame.payload));
  } else if (frame.type == FrameType::Join) {
    side.joins.push_back(net::parse_join(frame.payload));
  } else {
    throw net::ProtocolError("not of a client");
  }
}

// X3: END completes the report if its length and SHA-256 agree.
inline void end_report(ServerSide& side, const net::ReportEnd& end) {
  if (end.length != side.data.size() || end.sha256 != net::digest_of(side.data)) {
    throw net::ProtocolError("wrong length or SHA-256");
  }
  side.ends.push_back(end);
  side.reports.push_back(std::exchange(side.data, {}));
  side.is_reporting = false;
}

inline void add(ServerSide& side, const net::Frame& frame) {
  using net::FrameType;
  if (side.refusal) throw net::ProtocolError("after the last frame");
  if (frame.type == FrameType::Error) {
    side.refusal = net::parse_refusal(frame.payload);
    return;
  }
  const bool expects_ack = side.ends.size() > side.acks.size();
  if ((frame.type == FrameType::Ack) != expects_ack) throw net::ProtocolError("unexpected");
  if (frame.type == FrameType::Ack) {
    side.acks.push_back(net::parse_ack(frame.payload));
  } else if (frame.type == FrameType::Data) {
    side.data += frame.payload;
    side.is_reporting = true;
  } else if (frame.type == FrameType::End) {
    end_report(side, net::parse_end(frame.payload));
  } else if (frame.type == FrameType::Joined && !side.is_reporting) {
    side.joined.push_back(net::parse_joined(frame.payload));
  } else {
    throw net::ProtocolError("not of a server");
  }
}

template <typename Side>
Side parse_side(const std::string& bytes) {
  Side side;
  MemoryStream stream(bytes, bytes.size(), MemoryStream::Then::Break);
  try {
    while (stream.left() > 0) add(side, *net::read_frame(stream, net::Deadline::max()));
  } catch (const net::ConnectionError&) {
    side.is_cut = true;
  } catch (const net::ProtocolError&) {
    side.is_violation = true;
  }
  side.left = stream.left();
  return side;
}

}  // namespace topnet::test
