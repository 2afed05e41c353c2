#include "net/protocol/client.h"

#include <fmt/format.h>

#include <array>
#include <string>

#include "net/protocol/frame.h"
#include "net/tls/sha256.h"

namespace topnet::net {

RefusedError::RefusedError(const Refusal& refusal)
    : std::runtime_error(refusal.text), code_(refusal.code) {}

std::string Client::join(const JoinRequest& request, Deadline deadline) {
  write_frame(stream_, FrameType::Join, to_json(request), deadline);
  const Frame frame = read_answer(deadline);
  if (frame.type != FrameType::Joined) throw ProtocolError("expected a JOINED frame");
  return parse_joined(frame.payload).name;
}

ReportEnd Client::fetch_report(const ReportRequest& request,
                               const std::function<void(std::string_view)>& consume,
                               Deadline deadline) {
  write_frame(stream_, FrameType::Request, to_json(request), deadline);
  Sha256 digest;
  std::uint64_t length = 0;
  for (;;) {
    const Frame frame = read_answer(deadline);
    if (frame.type == FrameType::End) {
      ReportEnd end = parse_end(frame.payload);
      if (end.length != length) {
        throw ProtocolError("the report's length is not the one that its END announces");
      }
      if (end.sha256 != digest.finish()) {
        throw ProtocolError("the report's SHA-256 is not the one that its END announces");
      }
      return end;
    }
    if (frame.type != FrameType::Data) throw ProtocolError("expected a DATA or END frame");
    length += frame.payload.size();
    if (length > max_report_size(request)) {
      throw ProtocolError(
          fmt::format("the server sent more than {} bytes, the limit for a report of {} processes",
                      max_report_size(request), request.count));
    }
    digest.add(frame.payload);
    consume(frame.payload);
  }
}

void Client::send_busiest(const BusiestProcess& busiest, Deadline deadline) {
  write_frame(stream_, FrameType::Top, to_json(busiest), deadline);
  const Frame frame = read_answer(deadline);
  if (frame.type != FrameType::Ack || parse_ack(frame.payload).id != busiest.id) {
    throw ProtocolError("expected an ACK frame with the id of the TOP");
  }
}

void Client::hold(Deadline until) {
  try {
    read_answer(until);
  } catch (const TimeoutError&) {
    return;
  }
  throw ProtocolError("unexpected frame during the hold");
}

void Client::finish(Deadline deadline) {
  try {
    stream_.finish_writing(deadline);
    std::array<std::byte, 1024> ignored{};
    while (stream_.read_some(ignored, deadline) > 0) continue;
  } catch (const std::exception&) {
    return;
  }
}

// Returns the next frame. Throws RefusedError for an ERROR frame.
Frame Client::read_answer(Deadline deadline) {
  auto frame = read_frame(stream_, deadline);
  if (!frame) throw EndedEarlyError("the server closed the connection before its answer");
  if (frame->type == FrameType::Error) throw RefusedError(parse_refusal(frame->payload));
  return std::move(*frame);
}

}  // namespace topnet::net
