// The server's side of a connection, tried with a client that is a string.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "net/report_files.h"
#include "net/session.h"
#include "support/frames.h"
#include "support/kept_tops.h"
#include "support/memory_stream.h"
#include "support/session_hooks.h"
#include "support/temporary_folder.h"

namespace topnet::test {

// What a session needs: each part can be changed before run(), and looked at behind it.
struct SessionTrial {
  TemporaryFolder folder;
  net::ReportFiles files{folder / "reports"};
  std::string report = "the report";  // what make_report writes
  net::Connections connections;
  net::SessionPeer peer{.id = connections.open("192.0.2.1:4000"),
                        .peer = "192.0.2.1:4000",
                        .client = "db1",
                        .is_enrolled = true};
  // Nobody is waited for for so long that a session rests.
  net::SessionLimits limits{.rest = std::chrono::hours(24)};
  KeptTops tops;
  std::vector<net::Exchange> done;
  SessionHooks hooks{
      .make_report = [this](const net::ReportRequest&,
                            const net::WaitUntil&) { return write_report(); },
      .keep_top = [this](const net::ReceivedTop& top) { return tops.keep(top); },
      .exchange_done = [this](const net::Exchange& exchange) { done.push_back(exchange); }};
  HookedDelegate delegate{hooks};
  HookedConnection connection{hooks};

  std::shared_ptr<const net::ReportFile> write_report() {
    return std::make_shared<const net::ReportFile>(files.write(report, "text"));
  }

  net::Outcome run(MemoryStream& stream) {
    return net::Session(stream, peer, limits, delegate, connection, connections).run().value();
  }

  // The frames that the server answers to `input`, and how the session ended.
  struct Result {
    std::vector<net::Frame> frames;
    net::Outcome outcome;
  };
  Result answer(const std::string& input) {
    MemoryStream stream(input);
    const net::Outcome outcome = run(stream);
    return {.frames = frames_of(stream.output), .outcome = outcome};
  }
};

inline std::string request_frame(const net::ReportRequest& request = {}) {
  return frame(net::FrameType::Request, to_json(request));
}

inline std::string top_frame(const std::string& id = "00112233445566778899aabbccddeeff") {
  return frame(net::FrameType::Top,
               to_json(net::Top{.id = id, .host = "db1", .pid = 4121, .name = "postgres"}));
}

}  // namespace topnet::test
