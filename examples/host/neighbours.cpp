#include "address.hpp"
#include "neighbours.hpp"

#include <event/net/dialer.hpp>
#include <event/net/listener.hpp>
#include <event/net/supervisor.hpp>
#include <event/retain_by.hpp>

#include <boost/asio/bind_executor.hpp>

#include <chrono>
#include <list>
#include <mutex>
#include <optional>
#include <string_view>
#include <tuple>
#include <utility>

namespace host {

namespace net = event::net;
using namespace std::chrono_literals;

namespace {

using Kept = net::Supervisor<net::TcpDialer>;

net::LinkOptions link_options(std::uint64_t incarnation) {
    return {.limits = {.max_frame = 4096, .max_subscriptions = 8, .max_state_keys = 256},
            .times = {.handshake_timeout = 1s, .ping_interval = 500ms, .pong_timeout = 3s, .close_timeout = 1s},
            .epoch = incarnation,
            .name = "neighbours"};
}

/// What either side of a link is to the other: the same.
void meet(net::Remote& remote) {
    remote.serve<HostStatus>({}, net::by_key(&HostStatus::name));
    remote.serve<Announced>({.on_full = event::DropOldest{}});
    remote.mirror<HostStatus>({}, event::retain_by(&HostStatus::name));
    remote.import <Announced>();
}

}  // namespace

struct Neighbours::Links {
    explicit Links(event::EventBus& bus)
        : emitter(bus.emitter<NeighbourLinked, NeighbourLost>({.name = "neighbours"})) {}

    void tell_linked(std::uint64_t incarnation) const { emitter.emit<NeighbourLinked>({.incarnation = incarnation}); }
    void tell_lost(std::uint64_t incarnation, std::string reason) const {
        emitter.emit<NeighbourLost>({.incarnation = incarnation, .reason = std::move(reason)});
    }
    /// One link of the listener.
    [[nodiscard]] asio::awaitable<void> follow(event::ValueView<net::LinkState> state, std::uint64_t incarnation) {
        auto watcher = state.watch();
        const auto is_over = [](net::LinkState now) { return now == net::LinkState::closed; };
        co_await watcher.async_get_if(is_over, quietly);  // an error is the link's end, too
        tell_lost(incarnation, {});
    }
    /// One link after the other.
    [[nodiscard]] asio::awaitable<void> follow(const Kept& one) {
        auto watcher = one.state().watch();
        std::uint64_t links = 0, linked = 0;
        for (;;) {
            const auto got = co_await watcher.async_get(quietly);
            const auto& [error, state] = got;
            const bool is_over = error || *state == net::LinkState::closed;
            // of several states the watcher sees the last: what has come and gone is in the figures
            const net::SupervisorStat stat = one.stat();
            const bool is_there =
                !is_over && (stat.link.state == net::LinkState::running || stat.link.state == net::LinkState::draining);
            const auto lose = [&] {
                if (linked == 0) return;
                tell_lost(linked, stat.last_reason ? to_string(*stat.last_reason) : std::string());
                linked = 0;
            };
            if (!is_there || stat.links != links) lose();
            if (stat.links != links && stat.link.remote_epoch != 0) {
                links = stat.links;
                tell_linked(linked = stat.link.remote_epoch);
                if (!is_there) lose();
            }
            if (is_over) break;
        }
    }

    event::Emitter<NeighbourLinked, NeighbourLost> emitter;
    std::mutex mutex;
    bool is_stopping = false;                              // guarded by mutex
    std::optional<net::Listener<tcp::acceptor>> listener;  // guarded by mutex, and set once
    std::list<Kept> kept;                                  // guarded by mutex, and only grows
};

namespace {

template <class Running>
asio::awaitable<void> run(Running& running) {
    co_await running.async_run(quietly);
}

}  // namespace

Neighbours::Neighbours(event::EventBus& bus, Tasks& tasks, std::uint64_t incarnation)
    : incarnation_(incarnation),
      tasks_(tasks),
      bus_(bus),
      strand_(asio::make_strand(bus.get_executor())),
      links_(std::make_unique<Links>(bus)),
      stop_(bus.subscribe<StopRequested>({.on_full = event::Wait{}, .name = "neighbours"},
                                         asio::bind_executor(strand_, [this](const StopRequested&) { stop(); }))) {}

Neighbours::~Neighbours() = default;

asio::awaitable<void> Neighbours::ended() { co_await stop_.async_closed(quietly); }

tcp::endpoint Neighbours::listen(const tcp::endpoint& address) {
    tcp::acceptor acceptor(bus_.get_executor(), address);
    const tcp::endpoint where = acceptor.local_endpoint();
    const std::lock_guard lock(links_->mutex);
    links_->listener.emplace(bus_, std::move(acceptor), net::ListenerOptions{.link = link_options(incarnation_)},
                             [this](net::Remote& remote, const net::Peer& peer) -> std::optional<net::Reason> {
                                 meet(remote);
                                 links_->tell_linked(peer.hello.epoch);
                                 tasks_.spawn(strand_, "neighbours", links_->follow(remote.state(), peer.hello.epoch));
                                 return std::nullopt;
                             });
    tasks_.spawn(strand_, "neighbours", run(*links_->listener));
    if (links_->is_stopping) links_->listener->close();
    return where;
}

void Neighbours::keep(const std::string& address) {
    const std::optional<Address> parsed = parse_address(address);
    if (!parsed) throw boost::system::system_error(asio::error::invalid_argument, address);
    const std::lock_guard lock(links_->mutex);
    Kept& kept =
        links_->kept.emplace_back(bus_, net::TcpDialer(bus_.get_executor(), parsed->host, std::to_string(parsed->port)),
                                  net::SupervisorOptions{.link = link_options(incarnation_), .longest_backoff = 400ms});
    meet(kept);
    tasks_.spawn(strand_, "neighbours", run(kept));
    tasks_.spawn(strand_, "neighbours", links_->follow(kept));
    if (links_->is_stopping) kept.close();
}

void Neighbours::stop() {
    const std::lock_guard lock(links_->mutex);
    links_->is_stopping = true;
    if (links_->listener) links_->listener->close({.text = "the host stops"});
    for (Kept& kept : links_->kept) kept.close({.text = "the host stops"});
}

}  // namespace host
