// Runs a server's session with a client whose frames are given in advance.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "net/server/report_archive.h"
#include "net/server/session.h"
#include "support/catch.h"
#include "support/frames.h"
#include "support/kept_reports.h"
#include "support/memory_stream.h"
#include "support/session_hooks.h"
#include "support/temporary_folder.h"

namespace topnet::test {

// All that a session needs. A test may change each part before run() and examine it afterwards.
struct SessionFixture {
  TemporaryFolder folder;
  net::ReportArchive archive{folder / "reports"};
  std::string report = "the report";  // what make_report writes
  net::Connections connections;
  net::SessionPeer peer{.id = connections.open("192.0.2.1:4000"),
                        .peer = "192.0.2.1:4000",
                        .client = "db1",
                        .is_enrolled = true};
  // No session is handed off.
  net::SessionLimits limits{.hand_off = std::chrono::hours(24)};
  KeptReports client_reports;
  std::vector<net::Exchange> done;
  SessionHooks hooks{
      .make_report = [this](const net::ReportRequest&,
                            const net::WaitUntil&) { return write_report(); },
      .keep_report = [this](const net::ClientReport& each) { return client_reports.keep(each); },
      .exchange_done = [this](const net::Exchange& exchange) { done.push_back(exchange); }};
  HookedDelegate delegate{hooks};
  HookedConnection connection{hooks};

  std::shared_ptr<const net::ReportFile> write_report() {
    return std::make_shared<const net::ReportFile>(archive.write(report, "text"));
  }

  net::Outcome run(MemoryStream& stream) {
    return net::ServerSession(stream, peer, limits, delegate, connection, connections)
        .run()
        .value();
  }

  // The server's answer to `input`, and how the session ended.
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

inline std::vector<net::FrameType> types_of(const std::vector<net::Frame>& frames) {
  std::vector<net::FrameType> types;
  for (const net::Frame& each : frames) types.push_back(each.type);
  return types;
}

// The refusal in the last frame.
inline net::Refusal refusal_in(const std::vector<net::Frame>& frames) {
  REQUIRE_FALSE(frames.empty());
  REQUIRE(frames.back().type == net::FrameType::Error);
  return net::parse_refusal(frames.back().payload);
}

inline std::string request_frame(const net::ReportRequest& request = {}) {
  return frame(net::FrameType::Request, to_json(request));
}

inline std::string top_frame(const net::BusiestProcess& busiest) {
  return frame(net::FrameType::Top, to_json(busiest));
}

inline std::string top_frame(const std::string& id = "00112233445566778899aabbccddeeff") {
  return top_frame({.id = id, .host = "db1", .pid = 4121, .name = "postgres"});
}

}  // namespace topnet::test
