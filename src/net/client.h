// The client's side of a connection: topnet-protocol(7), section EXCHANGE.
//
// Knows no sockets and no files: it works on any Stream, and hands the report's bytes on as they
// come. Used by one thread.
#pragma once

#include <functional>
#include <stdexcept>
#include <string_view>

#include "net/message.h"
#include "net/stream.h"

namespace topnet::net {

// The server said no.
class RefusedError : public std::runtime_error {
 public:
  explicit RefusedError(const Refusal& refusal);

  RefusalCode code() const { return code_; }

 private:
  RefusalCode code_;
};

class Client {
 public:
  explicit Client(Stream& stream) : stream_(stream) {}

  // Asks to be enrolled, and returns the name. Throws RefusedError, TimeoutError and others.
  std::string join(const JoinRequest& request, Deadline deadline);

  // Asks for a report and hands its bytes to `take` in pieces. Returns what the server says of it
  // when length and SHA-256 are right; until then the bytes are not to be trusted. Throws
  // RefusedError, TimeoutError, and ProtocolError where the report is not whole.
  ReportEnd fetch_report(const ReportRequest& request,
                         const std::function<void(std::string_view)>& take, Deadline deadline);

  // Sends the top and waits until the server has taken it. Throws as above.
  void send_top(const Top& top, Deadline deadline);

  // Stays connected until `until`. Throws RefusedError or another error where the server ends
  // that early.
  void hold(Deadline until);

  // Ends the connection, and waits until the server has too.
  void finish(Deadline deadline);

 private:
  Frame read_answer(Deadline deadline);

  Stream& stream_;
};

}  // namespace topnet::net
