#include "cmd/serve_delegate.h"

#include <fmt/format.h>

#include "base/escape.h"
#include "cmd/command_error.h"

namespace topnet::cmd {
namespace {

using Clock = std::chrono::steady_clock;

// After a crash, the times of last reports come from the database, which has those of the newest
// 1000 clients.
constexpr std::chrono::seconds kSaveInterval{10};

}  // namespace

ServeDelegate::ServeDelegate(net::ServerAuth& auth, SharedReports& reports,
                             net::ClientReportStore& client_reports, net::LastReports& last_reports)
    : auth_(auth),
      reports_(reports),
      client_reports_(client_reports),
      last_reports_(last_reports),
      refused_keys_(log_line, "refused clients"),
      failed_handshakes_(log_line, "failed TLS handshakes"),
      next_save_(Clock::now() + kSaveInterval) {}

std::shared_ptr<const net::TlsContext> ServeDelegate::tls() { return auth_.tls(); }

std::optional<std::string> ServeDelegate::client_name(const net::Pin& pin) {
  return auth_.client_name(pin);
}

std::optional<net::Refusal> ServeDelegate::find_join_refusal(const net::JoinRequest& request,
                                                             const net::SessionPeer& peer) {
  return auth_.find_join_refusal(request, peer);
}

std::variant<net::Joined, net::Refusal> ServeDelegate::join(const net::JoinRequest& request,
                                                            const net::SessionPeer& peer) {
  return auth_.join(request, peer);
}

std::optional<net::Pin> ServeDelegate::next_pin() { return auth_.next_pin(); }

void ServeDelegate::learned(const net::SessionPeer& peer, const net::Pin& next) {
  auth_.record_learned(peer, next);
}

std::shared_ptr<const net::ReportFile> ServeDelegate::make_report(const net::ReportRequest& request,
                                                                  const net::WaitUntil& wait) {
  return reports_.make(request, wait);
}

bool ServeDelegate::keep_report(const net::ClientReport& report) {
  const bool is_new = client_reports_.keep(report);
  if (!is_new) return false;
  last_reports_.record(report);
  const std::unique_lock lock(save_mutex_, std::try_to_lock);
  if (lock && Clock::now() >= next_save_) save_last_reports_locked();
  return true;
}

void ServeDelegate::save_last_reports() {
  const std::scoped_lock lock(save_mutex_);
  save_last_reports_locked();
}

void ServeDelegate::save_last_reports_locked() {
  next_save_ = Clock::now() + kSaveInterval;
  try {
    last_reports_.save(auth_.enrolled_since());
    log_change(save_error_, "", "the times of last reports can be saved again");
  } catch (const std::exception& error) {
    log_change(save_error_, error.what(), "");
  }
}

void ServeDelegate::exchange_done(const net::Exchange& exchange) {
  log_line(fmt::format(
      "{} {}: sent the top {} ({}); its busiest process is {} ({}), {} user + {} system ticks",
      exchange.client.value_or("-"), exchange.peer, exchange.request.count,
      base::escape(exchange.report.native()), exchange.busiest.name, exchange.busiest.pid,
      exchange.busiest.user_ticks, exchange.busiest.system_ticks));
}

void ServeDelegate::not_enrolled(const net::SessionPeer& peer) {
  const std::string why =
      peer.pin
          ? fmt::format("its key {} is not enrolled; to enrol it, use `topnet trust invite NAME`",
                        *peer.pin)
          : "it showed no key; only enrolled keys are served";
  refused_keys_.log(peer.pin.value_or("-"), fmt::format("refused {}, since {}", peer.peer, why));
}

void ServeDelegate::handshake_failed(const std::string& peer, const std::string& why) {
  const std::string host = peer.substr(0, peer.rfind(':'));
  failed_handshakes_.log(host, fmt::format("the TLS handshake with {} failed: {}", peer, why));
}

void ServeDelegate::failed(const net::SessionPeer& peer, const std::string& why) {
  log_line(fmt::format("{} {}: {}", peer.client.value_or("-"), peer.peer, why));
}

void ServeDelegate::http_handshake_failed(const std::string& host, const std::string& why) {
  failed_handshakes_.log(
      "http " + host,
      fmt::format("the TLS handshake with {} at the status port failed: {}", host, why));
}

void ServeDelegate::log_omitted() {
  refused_keys_.log_omitted();
  failed_handshakes_.log_omitted();
}

}  // namespace topnet::cmd
