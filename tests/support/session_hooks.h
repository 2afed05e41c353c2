// A ServerDelegate and a SessionConnection whose functions a test can replace one by one.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "net/server/session.h"

namespace topnet::test {

struct SessionHooks {
  std::function<std::shared_ptr<const net::TlsContext>()> tls;
  std::function<std::optional<std::string>(const net::Pin&)> client_name = [](const net::Pin&) {
    return std::nullopt;
  };
  std::function<std::shared_ptr<const net::ReportFile>(const net::ReportRequest&,
                                                       const net::WaitUntil&)>
      make_report;
  std::function<bool(const net::ClientReport&)> keep_report;
  std::function<std::optional<net::Refusal>(const net::JoinRequest&)> find_join_refusal =
      [](const net::JoinRequest&) { return std::nullopt; };
  std::function<std::variant<net::Joined, net::Refusal>(const net::JoinRequest&,
                                                        const net::SessionPeer&)>
      join = [](const net::JoinRequest&, const net::SessionPeer&) {
        return net::Refusal{.code = net::RefusalCode::JoinRefused, .text = "no invites here"};
      };
  std::function<std::optional<net::Pin>()> next_pin = [] { return std::nullopt; };
  std::function<void(const net::SessionPeer&, const net::Pin&)> learned =
      [](const net::SessionPeer&, const net::Pin&) {};
  std::function<bool()> is_revoked = [] { return false; };
  std::function<void(const net::SessionPeer&, const std::string&)> failed =
      [](const net::SessionPeer&, const std::string&) {};
  std::function<void(const net::SessionPeer&)> not_enrolled = [](const net::SessionPeer&) {};
  std::function<void(const std::string&, const std::string&)> handshake_failed =
      [](const std::string&, const std::string&) {};
  std::function<void(const net::Exchange&)> exchange_done = [](const net::Exchange&) {};
  std::function<net::WaitResult(net::Deadline)> wait_for_client = [](net::Deadline) {
    return net::WaitResult::Readable;
  };
  std::function<void(net::Deadline)> wait_for_input = [](net::Deadline) {};
  std::function<void(net::Deadline)> wait_until = [](net::Deadline) {};
};

class HookedDelegate final : public net::ServerDelegate {
 public:
  explicit HookedDelegate(SessionHooks& hooks) : hooks_(hooks) {}

  std::shared_ptr<const net::TlsContext> tls() override { return hooks_.tls(); }
  std::optional<std::string> client_name(const net::Pin& pin) override {
    return hooks_.client_name(pin);
  }
  std::optional<net::Refusal> find_join_refusal(const net::JoinRequest& request,
                                                const net::SessionPeer&) override {
    return hooks_.find_join_refusal(request);
  }
  std::variant<net::Joined, net::Refusal> join(const net::JoinRequest& request,
                                               const net::SessionPeer& peer) override {
    return hooks_.join(request, peer);
  }
  std::optional<net::Pin> next_pin() override { return hooks_.next_pin(); }
  void learned(const net::SessionPeer& peer, const net::Pin& next) override {
    hooks_.learned(peer, next);
  }
  std::shared_ptr<const net::ReportFile> make_report(const net::ReportRequest& request,
                                                     const net::WaitUntil& wait) override {
    return hooks_.make_report(request, wait);
  }
  bool keep_report(const net::ClientReport& report) override { return hooks_.keep_report(report); }
  void exchange_done(const net::Exchange& exchange) override { hooks_.exchange_done(exchange); }
  void not_enrolled(const net::SessionPeer& peer) override { hooks_.not_enrolled(peer); }
  void handshake_failed(const std::string& peer, const std::string& why) override {
    hooks_.handshake_failed(peer, why);
  }
  void failed(const net::SessionPeer& peer, const std::string& why) override {
    hooks_.failed(peer, why);
  }

 private:
  SessionHooks& hooks_;
};

class HookedConnection final : public net::SessionConnection {
 public:
  explicit HookedConnection(SessionHooks& hooks) : hooks_(hooks) {}

  std::variant<net::Joined, net::Refusal> join(const net::JoinRequest& request,
                                               const net::SessionPeer& peer) override {
    return hooks_.join(request, peer);
  }
  bool is_revoked() const override { return hooks_.is_revoked(); }
  net::WaitResult wait_for_client(net::Deadline end) override {
    return hooks_.wait_for_client(end);
  }
  void wait_for_input(net::Deadline deadline) override { hooks_.wait_for_input(deadline); }
  void wait_until(net::Deadline end) override { hooks_.wait_until(end); }

 private:
  SessionHooks& hooks_;
};

}  // namespace topnet::test
