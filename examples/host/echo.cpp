#include "echo.hpp"

#include <event/where_key.hpp>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/detached.hpp>
#include <boost/endian/conversion.hpp>

#include <string_view>
#include <utility>

namespace host {

namespace {

constexpr char question = 'q';
constexpr char answer = 'a';
constexpr std::size_t number_at = 1;
constexpr std::size_t body_at = number_at + sizeof(std::uint64_t);

/// The payload with that number: both sides can tell what it must be.
std::string payload(char kind, std::uint64_t number, std::size_t body) {
    std::string bytes(body_at + body, static_cast<char>('a' + number % 26));
    bytes[0] = kind;
    boost::endian::store_big_u64(reinterpret_cast<unsigned char*>(bytes.data()) + number_at, number);
    return bytes;
}

}  // namespace

Echo::Echo(event::EventBus& bus, Tasks& tasks, const EchoOptions& options)
    : options_(options),
      strand_(asio::make_strand(bus.get_executor())),
      emitter_(bus.emitter<EchoReturned, SendRequested, CloseRequested>({.name = "echo"})),
      events_(bus.subscribe<ConnEstablished, ConnClosed, FrameReceived>(
          {.on_full = event::Wait{}, .name = "echo"}, event::where_key(&FrameReceived::protocol, Protocol::echo))),
      ticks_(bus.subscribe<Tick>({.on_full = event::Latest{}, .name = "echo: ticks"},
                                 asio::bind_executor(strand_, [this](const Tick&) {
                                     for (auto& [connection, on_their_way] : peers_)
                                         fill_window(connection, on_their_way);
                                 }))) {
    tasks.spawn(strand_, "echo", run());
}

asio::awaitable<void> Echo::run() {
    for (;;) {
        const auto received_event = co_await events_.async_receive(quietly);
        const auto& [error, event] = received_event;
        if (error) break;
        if (const auto* frame = event.get_if<FrameReceived>()) {
            co_await received(*frame);
        } else if (const auto* established = event.get_if<ConnEstablished>()) {
            if (established->direction == Direction::outbound)
                fill_window(established->connection, peers_[established->connection]);
        } else if (const auto* closed = event.get_if<ConnClosed>()) {
            peers_.erase(closed->connection);
        }
    }
    co_await ticks_.async_closed(quietly);
}

void Echo::fill_window(ConnectionId connection, OnTheirWay& on_their_way) {
    while (on_their_way.size() < options_.window) {
        const std::uint64_t number = ++last_number_;
        on_their_way.emplace(number, Clock::now());
        emitter_.async_emplace<SendRequested>(asio::detached, connection, Protocol::echo,
                                              payload(question, number, options_.bytes));
    }
}

asio::awaitable<void> Echo::received(const FrameReceived& frame) {
    const std::string_view bytes = frame.payload;
    if (bytes.size() < body_at || (bytes[0] != question && bytes[0] != answer)) {
        co_await close(frame.connection, "a malformed echo");
        co_return;
    }
    if (bytes[0] == question) {
        SendRequested request{.connection = frame.connection, .protocol = Protocol::echo, .payload = frame.payload};
        request.payload[0] = answer;
        co_await emitter_.async_emplace<SendRequested>(quietly, std::move(request));
        co_return;
    }
    const auto peer = peers_.find(frame.connection);
    if (peer == peers_.end()) co_return;  // closed meanwhile
    const auto number = boost::endian::load_big_u64(reinterpret_cast<const unsigned char*>(bytes.data()) + number_at);
    const auto sent = peer->second.find(number);
    if (sent == peer->second.end() || bytes != payload(answer, number, options_.bytes)) {
        co_await close(frame.connection, "an echo of something else");
        co_return;
    }
    emitter_.emit<EchoReturned>(
        {.connection = frame.connection, .bytes = bytes.size(), .round_trip = Clock::now() - sent->second});
    peer->second.erase(sent);
    if (options_.is_continuous) fill_window(frame.connection, peer->second);
}

asio::awaitable<void> Echo::close(ConnectionId connection, std::string reason) {
    CloseRequested request{.connection = connection, .reason = std::move(reason)};
    co_await emitter_.async_emplace<CloseRequested>(quietly, std::move(request));
}

}  // namespace host
