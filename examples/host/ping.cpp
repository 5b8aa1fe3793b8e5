#include "ping.hpp"

#include <event/where_key.hpp>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/detached.hpp>
#include <boost/endian/conversion.hpp>

#include <fmt/format.h>

#include <array>
#include <string_view>
#include <utility>

namespace host {

namespace {

/// The payload: what it is, and a number that the answer repeats.
constexpr char ping_question = 'q';
constexpr char ping_answer = 'a';
using Number = std::array<unsigned char, 8>;

}  // namespace

Ping::Ping(event::EventBus& bus, const PingOptions& options)
    : options_(options),
      strand_(asio::make_strand(bus.get_executor())),
      emitter_(bus.emitter<PingMeasured, SendRequested, CloseRequested>({.name = "ping"})),
      events_(bus.subscribe<ConnEstablished, ConnClosed, FrameReceived>(
          {.on_full = event::Wait{}, .name = "ping"},
          asio::bind_executor(strand_, [this](const auto& event) { handle(event); }),
          event::where_key(&FrameReceived::protocol, Protocol::ping))),
      ticks_(bus.subscribe<Tick>({.on_full = event::Latest{}, .name = "ping: ticks"},
                                 asio::bind_executor(strand_, [this](const Tick& tick) { handle(tick); }))) {}

asio::awaitable<void> Ping::ended() {
    co_await events_.async_closed(quietly);
    co_await ticks_.async_closed(quietly);
}

void Ping::handle(const ConnEstablished& event) { peers_[event.connection].due = now_; }

void Ping::handle(const ConnClosed& event) { peers_.erase(event.connection); }

void Ping::handle(const FrameReceived& event) {
    if (event.payload.size() != 1 + Number().size() ||
        (event.payload[0] != ping_question && event.payload[0] != ping_answer))
        return close(event.connection, "a malformed ping");
    const auto number = boost::endian::load_big_u64(reinterpret_cast<const unsigned char*>(event.payload.data()) + 1);
    if (event.payload[0] == ping_question) {
        send(event.connection, ping_answer, number);
    } else {
        answered(event.connection, number);
    }
}

void Ping::answered(ConnectionId connection, std::uint64_t number) {
    const auto found = peers_.find(connection);
    if (found == peers_.end()) return;
    Peer& peer = found->second;
    if (peer.awaited == 0 || peer.awaited != number) return close(connection, "an answer to a ping that nobody sent");
    peer.awaited = 0;
    emitter_.emit<PingMeasured>({.connection = connection, .round_trip = Clock::now() - peer.sent_at});
}

void Ping::handle(const Tick& tick) {
    now_ = tick.now;
    for (auto& [connection, peer] : peers_) {
        if (now_ < peer.due) continue;
        if (peer.awaited != 0) {
            const auto waited = now_ - peer.due + options_.interval;
            if (waited > options_.timeout)
                close(connection, fmt::format("no answer to a ping for {} ms", options_.timeout.count()));
            continue;
        }
        peer.due = now_ + options_.interval;
        peer.sent_at = Clock::now();
        peer.awaited = ++last_number_;
        send(connection, ping_question, peer.awaited);
    }
}

void Ping::send(ConnectionId connection, char kind, std::uint64_t number) const {
    Number bytes;
    boost::endian::store_big_u64(bytes.data(), number);
    std::string payload(1, kind);
    payload.append(bytes.begin(), bytes.end());
    emitter_.async_emplace<SendRequested>(asio::detached, connection, Protocol::ping, std::move(payload));
}

void Ping::close(ConnectionId connection, std::string reason) const {
    emitter_.async_emplace<CloseRequested>(asio::detached, connection, std::move(reason));
}

}  // namespace host
