// The client's side of a connection: topnet-protocol(7), section EXCHANGE.
//
// Works on any Stream, without sockets and files of its own. Passes the report's bytes on as they
// arrive. Not thread-safe.
#pragma once

#include <functional>
#include <stdexcept>
#include <string_view>

#include "net/protocol/message.h"
#include "net/stream.h"

namespace topnet::net {

// The server answered with an ERROR frame; what() is its text.
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

  // Asks the server to enrol this client, and returns the name that the server gave it. Throws
  // RefusedError, ProtocolError, and what the stream throws.
  std::string join(const JoinRequest& request, Deadline deadline);

  // Asks for a report and passes its bytes to `consume` in pieces. They are verified only once this
  // returns: length and SHA-256 agree with the server's END. Throws as above; a report that is
  // incomplete, damaged or longer than max_report_size() is a ProtocolError.
  ReportEnd fetch_report(const ReportRequest& request,
                         const std::function<void(std::string_view)>& consume, Deadline deadline);

  // Sends the busiest process and returns when the server has acknowledged it. Throws as above.
  void send_busiest(const BusiestProcess& busiest, Deadline deadline);

  // Stays connected until `until`. Throws if the server ends the connection earlier.
  void hold(Deadline until);

  // Ends this side of the connection, and discards what the server sends until it ends its side.
  // Gives up at the deadline. Also after an error; ignores further ones.
  void finish(Deadline deadline);

 private:
  Frame read_answer(Deadline deadline);

  Stream& stream_;
};

}  // namespace topnet::net
