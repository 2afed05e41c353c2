#include "net/client.h"

#include <array>
#include <string>

#include "net/frame.h"
#include "net/sha256.h"

namespace topnet::net {

RefusedError::RefusedError(const Refusal& refusal)
    : std::runtime_error(refusal.text), code_(refusal.code) {}

std::string Client::join(const JoinRequest& request, Deadline deadline) {
  write_frame(stream_, FrameType::Join, to_json(request), deadline);
  const Frame frame = read_answer(deadline);
  if (frame.type != FrameType::Joined) throw ProtocolError("the enrolment was due");
  return parse_joined(frame.payload).name;
}

ReportEnd Client::fetch_report(const ReportRequest& request,
                               const std::function<void(std::string_view)>& take,
                               Deadline deadline) {
  write_frame(stream_, FrameType::Request, to_json(request), deadline);
  Sha256 digest;
  std::uint64_t length = 0;
  for (;;) {
    const Frame frame = read_answer(deadline);
    if (frame.type == FrameType::End) {
      ReportEnd end = parse_end(frame.payload);
      if (end.length != length) throw ProtocolError("the report has another length than announced");
      if (end.sha256 != digest.finish()) throw ProtocolError("the report has another SHA-256");
      return end;
    }
    if (frame.type != FrameType::Data) throw ProtocolError("the report was due");
    digest.add(frame.payload);
    length += frame.payload.size();
    take(frame.payload);
  }
}

void Client::send_top(const Top& top, Deadline deadline) {
  write_frame(stream_, FrameType::Top, to_json(top), deadline);
  const Frame frame = read_answer(deadline);
  if (frame.type != FrameType::Ack || parse_ack(frame.payload).id != top.id) {
    throw ProtocolError("the acknowledgement was due");
  }
}

void Client::hold(Deadline until) {
  try {
    read_answer(until);
  } catch (const TimeoutError&) {
    return;  // as wanted
  }
  throw ProtocolError("nothing was due");
}

void Client::finish(Deadline deadline) {
  stream_.finish_writing(deadline);
  std::array<std::byte, 1024> ignored{};
  while (stream_.read_some(ignored, deadline) > 0) continue;
}

// The next frame; a refusal is thrown.
Frame Client::read_answer(Deadline deadline) {
  auto frame = read_frame(stream_, deadline);
  if (!frame) throw EndedEarlyError("the server ended the connection before its answer");
  if (frame->type == FrameType::Error) throw RefusedError(parse_refusal(frame->payload));
  return std::move(*frame);
}

}  // namespace topnet::net
