// Each side of a dialogue, read back from its bytes as topnet-protocol(7) has it.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "net/message.h"
#include "net/sha256.h"
#include "support/memory_stream.h"

namespace topnet::test {

// How far the bytes of a side could be read.
struct Side {
  bool is_cut = false;     // they end inside a frame
  bool is_breach = false;  // they hold what is no frame, or one that is not due
  std::size_t left = 0;    // how many stand behind that
};

struct ClientSide : Side {
  std::vector<net::JoinRequest> joins;
  std::vector<net::ReportRequest> requests;
  std::vector<net::Top> tops;
};

struct ServerSide : Side {
  std::vector<net::Joined> joined;
  std::vector<std::string> reports;  // that are whole
  std::vector<net::ReportEnd> ends;
  std::vector<net::Ack> acks;
  std::optional<net::Refusal> refusal;
  std::string data;  // of a report without its end
  bool is_reporting = false;
};

// Throws ProtocolError where the frame is not due, or its payload is not one.
inline void take(ClientSide& side, const net::Frame& frame) {
  using net::FrameType;
  const bool is_top_due = side.requests.size() > side.tops.size();
  if ((frame.type == FrameType::Top) != is_top_due) throw net::ProtocolError("not due");
  if (frame.type == FrameType::Top) {
    side.tops.push_back(net::parse_top(frame.payload));
  } else if (frame.type == FrameType::Request) {
    side.requests.push_back(net::parse_request(frame.payload));
  } else if (frame.type == FrameType::Join) {
    side.joins.push_back(net::parse_join(frame.payload));
  } else {
    throw net::ProtocolError("not a client's");
  }
}

// X3: the report is what came before its end, if that agrees.
inline void end_report(ServerSide& side, const net::ReportEnd& end) {
  if (end.length != side.data.size() || end.sha256 != net::digest_of(side.data)) {
    throw net::ProtocolError("another report");
  }
  side.ends.push_back(end);
  side.reports.push_back(std::exchange(side.data, {}));
  side.is_reporting = false;
}

inline void take(ServerSide& side, const net::Frame& frame) {
  using net::FrameType;
  if (side.refusal) throw net::ProtocolError("behind the last frame");
  if (frame.type == FrameType::Error) {
    side.refusal = net::parse_refusal(frame.payload);
    return;
  }
  const bool is_ack_due = side.ends.size() > side.acks.size();
  if ((frame.type == FrameType::Ack) != is_ack_due) throw net::ProtocolError("not due");
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
    throw net::ProtocolError("not a server's");
  }
}

template <typename Kind>
Kind read_side(const std::string& bytes) {
  Kind side;
  MemoryStream stream(bytes, bytes.size(), MemoryStream::Then::Break);
  try {
    while (stream.left() > 0) take(side, *net::read_frame(stream, net::Deadline::max()));
  } catch (const net::ConnectionError&) {
    side.is_cut = true;
  } catch (const net::ProtocolError&) {
    side.is_breach = true;
  }
  side.left = stream.left();
  return side;
}

}  // namespace topnet::test
