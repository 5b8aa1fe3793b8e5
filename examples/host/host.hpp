#pragma once

/// The host: puts the components together. It alone knows them all.

#include "address_book.hpp"
#include "connection_manager.hpp"
#include "console.hpp"
#include "dialer.hpp"
#include "echo.hpp"
#include "heartbeat.hpp"
#include "identify.hpp"
#include "journal.hpp"
#include "monitor.hpp"
#include "neighbours.hpp"
#include "ping.hpp"
#include "presence.hpp"
#include "reachability.hpp"
#include "report.hpp"
#include "statistics.hpp"
#include "swarm.hpp"
#include "tasks.hpp"
#include "witness.hpp"

#include <event/bus.hpp>
#include <event/value.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace host {

struct HostOptions {
    std::string name = "host";
    bool is_quiet = false;  ///< keeps no journal
    /// Between two ticks; 0: somebody else emits them.
    std::chrono::milliseconds heartbeat{100};
    SwarmOptions swarm = {};
    ConnectionManagerOptions connections = {};
    PingOptions ping = {};
    EchoOptions echo = {};
    AddressBookOptions book = {};
    DialerOptions dialer = {};
    MonitorOptions monitor = {};
    /// Another one, and a greater one, after each start: then it has links to other hosts. 0: it has none.
    std::uint64_t incarnation = 0;
};

/// Ownership: destroy it when `stop` has completed, or else together with its context. Threads: every function from any
/// thread, `listen` at most once; the components keep to strands of their own, so any number of threads may run the
/// context.
class Host {
public:
    Host(const asio::any_io_executor& executor, Console& console, const HostOptions& options = {});

    /// Throws `boost::system::system_error`.
    tcp::endpoint listen(const tcp::endpoint& address) { return swarm_.listen(address); }
    /// Dials HOST:PORT, and again whenever the connection ends.
    void keep_dialed(std::string address);
    /// Takes links of other hosts there. Throws as `listen`. With links only, as the two that follow.
    tcp::endpoint listen_for_links(const tcp::endpoint& address) { return neighbours_->listen(address); }
    /// Keeps a link to the host at HOST:PORT.
    void keep_linked(const std::string& address) { neighbours_->keep(address); }
    /// What it has seen of the hosts that it has links to.
    [[nodiscard]] Figures seen() const { return witness_->figures(); }
    /// The connection manager leaves that connection alone.
    void protect(ConnectionId connection);

    /// Completes when everything has ended: each connection is closed, each event delivered, each handler, timer and
    /// coroutine gone. Any number of times.
    [[nodiscard]] asio::awaitable<void> stop();

    /// What it did; until `stop` has completed, so far.
    [[nodiscard]] Report report() const;
    /// Set when a coroutine of a component has ended with an exception: which, and what it was. Stop it then: it is
    /// only half a host.
    [[nodiscard]] event::ValueView<std::string> failure() const { return failure_.view(); }
    /// Coroutines that have not ended.
    [[nodiscard]] std::size_t running() const { return tasks_.running(); }

    [[nodiscard]] const std::string& name() const noexcept { return options_.name; }
    [[nodiscard]] event::EventBus& bus() noexcept { return bus_; }
    [[nodiscard]] event::ValueView<SwarmState> network() const { return swarm_.state(); }
    [[nodiscard]] event::ValueView<ConnectionCount> connections() const { return manager_.count(); }
    [[nodiscard]] event::ValueView<Reachability> reachability() const { return reachability_.value(); }
    [[nodiscard]] event::ValueView<IdentifiedPeers> peers() const { return identify_.peers(); }
    [[nodiscard]] const AddressBook& book() const noexcept { return book_; }

private:
    enum class Phase { running, stopping, stopped };

    void failed(std::string_view component, std::string_view what);
    [[nodiscard]] Report figures() const;

    const HostOptions options_;
    event::EventBus bus_;
    event::Value<Phase> phase_;
    event::Value<std::string> failure_;
    std::optional<Report> final_;  // set before `phase_` says that it has stopped
    event::Value<ProtectedConnections> protected_;
    event::Emitter<PeerWanted> peers_;
    event::Emitter<StopRequested> stop_;
    event::Subscription<NetworkStopped> network_stopped_;
    Tasks tasks_;

    Swarm swarm_;
    Identify identify_;
    Ping ping_;
    Echo echo_;
    ConnectionManager manager_;
    ReachabilityMonitor reachability_;
    AddressBook book_;
    Dialer dialer_;
    Statistics statistics_;
    Monitor monitor_;
    std::optional<Presence> presence_;
    std::optional<Witness> witness_;
    std::optional<Neighbours> neighbours_;
    std::optional<Journal> journal_;
    std::optional<Heartbeat> heartbeat_;
};

}  // namespace host
