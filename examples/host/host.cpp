#include "host.hpp"

#include <event/name.hpp>

#include <boost/asio/detached.hpp>

#include <tuple>
#include <utility>

namespace host {

using namespace std::chrono_literals;

Host::Host(const asio::any_io_executor& executor, Console& console, const HostOptions& options)
    : options_(options),
      bus_(executor, {.name = options.name}),
      phase_(executor, Phase::running),
      failure_(executor),
      protected_(executor, ProtectedConnections{}),
      peers_(bus_.emitter<PeerWanted>({.name = "host"})),
      stop_(bus_.emitter<StopRequested>({.name = "host"})),
      network_stopped_(bus_.subscribe<NetworkStopped>({.name = "host"})),
      tasks_(executor, [this](std::string_view component, std::string_view what) { failed(component, what); }),
      swarm_(bus_, tasks_, options.swarm),
      identify_(bus_, tasks_,
                {.name = options.name,
                 .version = "eventbus-host/1",
                 .protocols = {"identify/1", "ping/1", "echo/1"},
                 .listening = {},
                 .reachable = {}}),
      ping_(bus_, options.ping),
      echo_(bus_, tasks_, options.echo),
      manager_(bus_, protected_.view(), options.connections),
      reachability_(bus_),
      book_(bus_, tasks_, executor, swarm_.state(), identify_.peers(), options.book),
      dialer_(bus_, tasks_, options.dialer),
      statistics_(bus_, tasks_),
      monitor_(executor, tasks_, console, options.name, reachability_.value(), manager_.count(), options.monitor) {
    // a component that pushes has ended when its strand says so
    tasks_.spawn(swarm_.strand(), "swarm", swarm_.ended());
    tasks_.spawn(ping_.strand(), "ping", ping_.ended());
    tasks_.spawn(manager_.strand(), "connections", manager_.ended());
    tasks_.spawn(reachability_.strand(), "reachability", reachability_.ended());
    tasks_.spawn(dialer_.strand(), "dialer", dialer_.ended());
    if (options.incarnation != 0) {
        witness_.emplace(bus_, options.name, options.incarnation);
        presence_.emplace(bus_, options.name, options.incarnation);
        neighbours_.emplace(bus_, tasks_, options.incarnation);
        tasks_.spawn(witness_->strand(), "witness", witness_->ended());
        tasks_.spawn(presence_->strand(), "presence", presence_->ended());
        tasks_.spawn(neighbours_->strand(), "neighbours", neighbours_->ended());
    }
    if (!options.is_quiet) {
        journal_.emplace(bus_, console, options.name);
        tasks_.spawn(journal_->strand(), "journal", journal_->ended());
    }
    if (options.heartbeat != 0ms) heartbeat_.emplace(bus_, tasks_, options.heartbeat);
}

void Host::keep_dialed(std::string address) { peers_.async_emplace(asio::detached, std::move(address)); }

void Host::protect(ConnectionId connection) {
    protected_.update([connection](ProtectedConnections& connections) { connections.insert(connection); });
}

asio::awaitable<void> Host::stop() {
    bool is_first = false;
    phase_.update([&](Phase phase) {
        is_first = phase == Phase::running;
        return is_first ? Phase::stopping : phase;
    });
    if (is_first) {
        co_await stop_.async_emplace(quietly);
        co_await network_stopped_.async_receive(quietly);
        const Report before = figures();  // of the topics: an emitter takes its figures along
        bus_.close();                     // what is queued is still delivered
        co_await tasks_.finished();
        Report report = figures();
        report.emitted = before.emitted;
        final_ = std::move(report);
        phase_.set(Phase::stopped);
    } else {
        auto watcher = phase_.watch();
        const auto is_over = [](Phase phase) { return phase == Phase::stopped; };
        co_await watcher.async_get_if(is_over, quietly);
    }
}

Report Host::report() const { return **phase_.try_get() == Phase::stopped ? *final_ : figures(); }

namespace {

/// "host::Tick" is a Tick to the reader of the table.
std::string label(std::string_view name) {
    const std::size_t at = name.rfind(':');
    return std::string(name.substr(at == std::string_view::npos ? 0 : at + 1));
}

template <class... Ts>
void add_topics(Report& report, const event::EventBus& bus, std::tuple<Ts...>*) {
    (report.emitted.insert_or_assign(label(event::name_of<Ts>()), bus.stat<Ts>().emitted), ...);
}

template <class... Components>
void add_queues(Report& report, const Components&... components) {
    const auto add = [&](const auto& component) {
        for (const event::SubscriptionStat& stat : component.stats()) report.add(stat);
    };
    (add(components), ...);
}

}  // namespace

Report Host::figures() const {
    Report report;
    report.hosts = 1;
    add_topics(report, bus_, static_cast<AllEvents*>(nullptr));
    add_queues(report, swarm_, identify_, ping_, echo_, manager_, reachability_, book_, dialer_, statistics_);
    if (journal_) add_queues(report, *journal_);
    if (neighbours_) {
        add_queues(report, *witness_, *presence_, *neighbours_);
        const Figures seen = witness_->figures();
        report.links_made = seen.made;
        report.links_lost = seen.lost;
    }
    report.opened = report.emitted["ConnEstablished"];
    report.closed = report.emitted["ConnClosed"];
    report.failed_dials = report.emitted["DialFailed"];
    report.refused = (*swarm_.state().try_get())->refused;
    report.trimmed = (*manager_.count().try_get())->trimmed;
    report.transitions = reachability_.value().try_get()->version() - 1;
    report.measured = statistics_.measured();
    return report;
}

void Host::failed(std::string_view component, std::string_view what) {
    failure_.set(std::string(component).append(": ").append(what));
}

}  // namespace host
