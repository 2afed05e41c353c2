// Connects the server with trust, reports and the log. Thread-safe.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <variant>

#include "base/log_limiter.h"
#include "cmd/shared_reports.h"
#include "net/clients/client_report_store.h"
#include "net/clients/last_reports.h"
#include "net/server/server_auth.h"
#include "net/server/server_delegate.h"

namespace topnet::cmd {

class ServeDelegate final : public net::ServerDelegate {
 public:
  ServeDelegate(net::ServerAuth& auth, SharedReports& reports,
                net::ClientReportStore& client_reports, net::LastReports& last_reports);

  std::shared_ptr<const net::TlsContext> tls() override;
  std::optional<std::string> client_name(const net::Pin& pin) override;
  std::optional<net::Refusal> find_join_refusal(const net::JoinRequest& request,
                                                const net::SessionPeer& peer) override;
  std::variant<net::Joined, net::Refusal> join(const net::JoinRequest& request,
                                               const net::SessionPeer& peer) override;
  std::optional<net::Pin> next_pin() override;
  void learned(const net::SessionPeer& peer, const net::Pin& next) override;
  std::shared_ptr<const net::ReportFile> make_report(const net::ReportRequest& request,
                                                     const net::WaitUntil& wait) override;
  bool keep_report(const net::ClientReport& report) override;
  void exchange_done(const net::Exchange& exchange) override;
  void not_enrolled(const net::SessionPeer& peer) override;
  void handshake_failed(const std::string& peer, const std::string& why) override;
  void failed(const net::SessionPeer& peer, const std::string& why) override;

  // Of the status port; `host` has no port.
  void http_handshake_failed(const std::string& host, const std::string& why);
  // Logs how many lines were left out. Called periodically.
  void log_omitted();

  // At the end. Otherwise the threads of connections that bring reports save them from time to
  // time: a slow disk must not stop the thread that waits for signals and revocations.
  void save_last_reports();

 private:
  void save_last_reports_locked();

  net::ServerAuth& auth_;
  SharedReports& reports_;
  net::ClientReportStore& client_reports_;
  net::LastReports& last_reports_;
  base::LogLimiter refused_keys_;
  base::LogLimiter failed_handshakes_;
  std::mutex save_mutex_;  // guards the members below
  std::string save_error_;
  std::chrono::steady_clock::time_point next_save_;
};

}  // namespace topnet::cmd
