#include "address.hpp"
#include "swarm.hpp"

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>
#include <variant>

namespace host {

using namespace std::chrono_literals;

/// A connection to be.
struct Swarm::Dial {
    Dial(const Strand& strand, std::string to)
        : address(std::move(to)), resolver(strand), socket(strand), limit(strand) {}
    void cancel() {
        error_code ignored;
        resolver.cancel();
        socket.close(ignored);
        limit.cancel();
    }

    const std::string address;
    tcp::resolver resolver;
    tcp::socket socket;
    asio::steady_timer limit;
};

Swarm::Swarm(event::EventBus& bus, Tasks& tasks, const SwarmOptions& options)
    : options_(options),
      tasks_(tasks),
      strand_(asio::make_strand(bus.get_executor())),
      acceptor_(strand_),
      accept_again_(strand_),
      state_(bus.get_executor(), SwarmState{}),
      network_(bus.emitter<NetworkStarted, NetworkStopped>({.retain = true, .name = "swarm"})),
      emitter_(bus.emitter<ConnEstablished, ConnClosed, ConnRefused, AcceptFailed, DialFailed, FrameReceived>(
          {.name = "swarm"})),
      requests_(bus.subscribe<DialRequested, SendRequested, CloseRequested, StopRequested>(
          {.capacity = 1024, .on_full = event::Wait{}, .name = "swarm: requests"},
          asio::bind_executor(strand_, [this](const auto& request) { handle(request); }))),
      ticks_(bus.subscribe<Tick>({.on_full = event::Latest{}, .name = "swarm: ticks"},
                                 asio::bind_executor(strand_, [this](const Tick& tick) { handle(tick); }))) {}

asio::awaitable<void> Swarm::ended() {
    co_await requests_.async_closed(quietly);
    co_await ticks_.async_closed(quietly);
}

tcp::endpoint Swarm::listen(const tcp::endpoint& address) {
    tcp::acceptor acceptor(strand_);
    acceptor.open(address.protocol());
    acceptor.set_option(tcp::acceptor::reuse_address(true));
    acceptor.bind(address);
    acceptor.listen();
    const tcp::endpoint bound = acceptor.local_endpoint();
    tasks_.spawn(strand_, "swarm", accept(std::move(acceptor)));
    return bound;
}

asio::awaitable<void> Swarm::accept(tcp::acceptor acceptor) {
    if (is_stopping_) co_return;
    acceptor_ = std::move(acceptor);
    network_.async_emplace<NetworkStarted>(asio::detached, acceptor_.local_endpoint());
    while (acceptor_.is_open()) {
        auto accepted = co_await acceptor_.async_accept(quietly);
        auto& [error, socket] = accepted;
        if (!acceptor_.is_open()) break;
        if (error) {
            // out of descriptors, say: that passes, or not, and asking again at once would only burn the processor
            emitter_.emit<AcceptFailed>({.reason = error.message()});
            accept_again_.expires_after(100ms);
            co_await accept_again_.async_wait(quietly);
            continue;
        }
        error_code unknown;
        const tcp::endpoint remote = socket.remote_endpoint(unknown);
        if (is_full()) {
            refuse(std::move(socket), remote);
        } else {
            begin(std::move(socket), remote, Direction::inbound);
        }
    }
}

void Swarm::refuse(tcp::socket socket, const tcp::endpoint& remote) {
    error_code ignored;
    socket.close(ignored);
    ++current_.refused;
    state_.set(current_);
    emitter_.emit<ConnRefused>({.remote = remote, .reason = too_many()});
}

std::string Swarm::too_many() const { return fmt::format("{} connections are the limit", options_.max_connections); }

asio::awaitable<void> Swarm::dial(std::shared_ptr<Dial> dial) {
    std::string fault;
    if (!is_full()) fault = co_await connect(*dial);
    if (is_full()) fault = too_many();
    error_code error;
    const tcp::endpoint remote = fault.empty() ? dial->socket.remote_endpoint(error) : tcp::endpoint();
    if (fault.empty() && error) fault = error.message();
    dials_.erase(dial.get());
    if (fault.empty() && !is_stopping_) {
        begin(std::move(dial->socket), remote, Direction::outbound, dial->address);
    } else {
        if (is_stopping_) fault = "the host stops";
        DialFailed failed{.address = dial->address, .reason = std::move(fault)};
        co_await emitter_.async_emplace<DialFailed>(quietly, std::move(failed));
    }
    --unfinished_;
    stop_if_last();
}

/// Why there is no connection; empty if there is one.
asio::awaitable<std::string> Swarm::connect(Dial& dial) const {
    using namespace asio::experimental::awaitable_operators;
    const std::optional<Address> address = parse_address(dial.address);
    if (!address) co_return "not HOST:PORT";
    const auto resolved = co_await dial.resolver.async_resolve(address->host, std::to_string(address->port), quietly);
    const auto& [unknown, endpoints] = resolved;
    if (unknown) co_return unknown.message();
    dial.limit.expires_after(options_.dial_timeout);
    const auto first =
        co_await (asio::async_connect(dial.socket, endpoints, quietly) || dial.limit.async_wait(quietly));
    if (first.index() == 1) co_return fmt::format("no answer for {} ms", options_.dial_timeout.count());
    const error_code error = std::get<0>(std::get<0>(first));
    co_return error ? error.message() : std::string();
}

void Swarm::begin(tcp::socket socket, const tcp::endpoint& remote, Direction direction, std::string dialed) {
    const ConnectionInfo info{.id = ++last_id_, .direction = direction, .remote = remote};
    auto connection = std::make_shared<Connection>(info, std::move(socket), options_.limits, now_);
    connection->greet();
    connections_.emplace(info.id, connection);
    ++unfinished_;
    ++current_.change;
    current_.connections.push_back(info);
    state_.set(current_);
    ConnEstablished established{.change = current_.change,
                                .connection = info.id,
                                .direction = direction,
                                .remote = remote,
                                .dialed = std::move(dialed)};
    tasks_.spawn(strand_, "swarm", serve(std::move(connection), std::move(established)));
}

asio::awaitable<void> Swarm::serve(std::shared_ptr<Connection> connection, ConnEstablished established) {
    co_await emitter_.async_emplace<ConnEstablished>(quietly, std::move(established));
    std::string reason = co_await receive_frames(*connection);
    connection->close(reason);

    const ConnectionInfo& info = connection->info();
    connections_.erase(info.id);
    ++current_.change;
    const auto in_list = std::lower_bound(current_.connections.begin(), current_.connections.end(), info.id,
                                          [](const ConnectionInfo& one, ConnectionId id) { return one.id < id; });
    current_.connections.erase(in_list);
    state_.set(current_);
    ConnClosed closed{
        .change = current_.change, .connection = info.id, .remote = info.remote, .reason = std::move(reason)};
    co_await emitter_.async_emplace<ConnClosed>(quietly, std::move(closed));
    --unfinished_;
    stop_if_last();
}

/// Until the connection ends; why it did.
asio::awaitable<std::string> Swarm::receive_frames(Connection& connection) {
    std::string fault = co_await connection.read_greeting();
    if (!fault.empty()) co_return fault;
    for (;;) {
        auto read = co_await connection.read_frame();
        if (auto* ended = std::get_if<Ended>(&read)) co_return std::move(ended->reason);
        auto& frame = std::get<Frame>(read);
        FrameReceived received{
            .connection = connection.info().id, .protocol = frame.protocol, .payload = std::move(frame.payload)};
        co_await emitter_.async_emplace<FrameReceived>(quietly, std::move(received));
    }
}

void Swarm::stop_if_last() {
    if (is_stopping_ && unfinished_ == 0) network_.async_emplace<NetworkStopped>(asio::detached);
}

void Swarm::handle(const DialRequested& request) {
    if (is_stopping_) {
        emitter_.async_emplace<DialFailed>(asio::detached, request.address, "the host stops");
        return;
    }
    auto made = std::make_shared<Dial>(strand_, request.address);
    ++unfinished_;
    dials_.emplace(made.get(), made);
    tasks_.spawn(strand_, "swarm", dial(std::move(made)));
}

void Swarm::handle(const SendRequested& request) {
    if (Connection* connection = find(request.connection)) connection->send(request.protocol, request.payload);
}

void Swarm::handle(const CloseRequested& request) {
    if (Connection* connection = find(request.connection)) connection->close(request.reason);
}

void Swarm::handle(const StopRequested&) {
    if (std::exchange(is_stopping_, true)) return;
    error_code ignored;
    acceptor_.close(ignored);
    accept_again_.cancel();
    for (const auto& [key, dial] : dials_) dial->cancel();
    for (const auto& [id, connection] : connections_) connection->close("the host stops");
    stop_if_last();
}

void Swarm::handle(const Tick& tick) {
    now_ = tick.now;
    for (const auto& [id, connection] : connections_) connection->check_patience(tick.now);
}

Connection* Swarm::find(ConnectionId id) const {
    const auto found = connections_.find(id);
    return found == connections_.end() ? nullptr : found->second.get();
}

}  // namespace host
