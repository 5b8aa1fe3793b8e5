#include "net/processes/child.hpp"
#include "net/processes/events.hpp"

#include <event/net/dialer.hpp>
#include <event/net/supervisor.hpp>
#include <event/testing.hpp>

#include <boost/asio/io_context.hpp>

#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <sched.h>
#include <string>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <vector>

/// A server and its client in two networks of their own, with a wire between them that can be cut, slow, and bad. The
/// networks have no names: they go with the processes. Root may have them, and whoever runs this under `unshare -rn`.

namespace namespaces_test {

using namespace processes;
using namespace std::chrono_literals;
using event::net::end_code;

bool runs(const std::string& command) { return std::system((command + " 2>/dev/null >&2").c_str()) == 0; }

/// On a thread that has its own network, with a server in another one at 10.77.0.2.
class Networks {
public:
    /// Empty, or why there are none.
    std::string make() {
        if (::unshare(CLONE_NEWNET) != 0)
            return "a network of one's own is not allowed: " + std::generic_category().message(errno);
        try {
            keeper_ = std::make_unique<Child>(
                io, std::vector<std::string>{"unshare", "-n", "sh", "-c", "echo there; exec sleep 300"});
        } catch (const std::system_error& error) {
            return error.what();
        }
        while (keeper_->lines().empty())
            if (io.run_one_for(10s) == 0) return "`unshare -n` does not work";
        const std::string id = std::to_string(keeper_->id());
        inside_ = "nsenter -t " + id + " -n ";
        if (!runs("ip link add wire type veth peer name eriw netns " + id))
            return "no veth pair: there is no `ip`, or this kernel has none";
        if (!runs("ip addr add 10.77.0.1/24 dev wire && ip link set wire up") ||
            !runs(inside_ + "ip addr add 10.77.0.2/24 dev eriw") || !runs(inside_ + "ip link set eriw up"))
            return "no addresses";
        return {};
    }
    std::unique_ptr<Child> serve() {
        return std::make_unique<Child>(
            io, std::vector<std::string>{"nsenter", "-t", std::to_string(keeper_->id()), "-n", EVENTBUS_NET_PROCESS,
                                         "serve", "tcp:10.77.0.2:4001", "1", "300"});
    }
    template <class Condition>
    [[nodiscard]] bool run_until(Condition holds) {
        const auto watchdog = std::chrono::steady_clock::now() + 40s;
        io.restart();
        while (!holds())
            if (std::chrono::steady_clock::now() > watchdog || io.run_one_for(20s) == 0) return false;
        return true;
    }

    boost::asio::io_context io;

private:
    std::unique_ptr<Child> keeper_;
    std::string inside_;
};

/// The test's body, on such a thread.
template <class F>
std::string between_networks(F body) {
    std::string reason;
    std::thread([&] {
        Networks networks;
        reason = networks.make();
        if (reason.empty()) reason = body(networks);
    }).join();
    return reason;
}

event::net::SupervisorOptions impatient() {
    event::net::SupervisorOptions options{.first_backoff = 5ms, .longest_backoff = 50ms, .jitter = 5ms};
    options.dial_timeout = 500ms;
    options.link.times = {
        .handshake_timeout = 2s, .ping_interval = 300ms, .pong_timeout = 300ms, .close_timeout = 100ms};
    options.link.on_subscription_ended = [](const auto&) {};
    return options;
}

TEST(LinksBetweenNetworks, EndWhereTheWireIsCutAndComeBackWithIt) {
    const std::string skipped = between_networks([](Networks& networks) -> std::string {
        const auto server = networks.serve();
        event::EventBus bus(networks.io, {.on_slow_subscriber = [](const auto&) {}});
        event::net::Supervisor supervisor(bus, event::net::TcpDialer(networks.io, "10.77.0.2", "4001"), impatient());
        auto ticks = supervisor.subscribe<Tick>({.capacity = 1'000'000});
        const auto level = supervisor.watch<Level>();
        supervisor.async_run([](const auto&) {});
        EXPECT_TRUE(networks.run_until([&] { return ticks.stat().size > 10 && level.try_get(); }));
        const auto links = supervisor.stat().links;
        EXPECT_TRUE(runs("ip link set wire down"));
        EXPECT_TRUE(networks.run_until([&] { return supervisor.stat().last_reason.has_value(); }));
        EXPECT_EQ(supervisor.stat().last_reason->code, end_code::pong_timeout);
        EXPECT_FALSE(level.try_get());
        EXPECT_TRUE(networks.run_until([&] { return server->lines().back() == "links 0"; }))
            << "what the client says does not come there: it is the server's own pong_timeout";
        std::uint64_t last = 0;
        for (const auto& tick : event::testing::take_all(ticks)) last = tick->number;
        EXPECT_TRUE(runs("ip link set wire up"));
        EXPECT_TRUE(networks.run_until([&] { return ticks.stat().size > 10 && level.try_get(); }));
        const auto first = ticks.try_receive();
        EXPECT_GT(supervisor.stat().links, links);
        if (!first) return {};
        EXPECT_EQ(first->missed(), 1U) << "one mark, since nobody knows how many";
        EXPECT_GT((*first)->number, last);
        EXPECT_GE((*level.try_get())->number, last);
        return {};
    });
    if (!skipped.empty()) GTEST_SKIP() << skipped;
}

TEST(LinksBetweenNetworks, CountWhatIsLostOnASlowAndBadWire) {
    const std::string skipped = between_networks([](Networks& networks) -> std::string {
        if (!runs("tc qdisc add dev wire root netem delay 20ms 5ms loss 5%"))
            return "this kernel has no netem: neither delay nor loss was tried";
        const auto server = networks.serve();
        event::EventBus bus(networks.io);
        event::net::SupervisorOptions options = impatient();
        options.link.times = {};
        event::net::Supervisor supervisor(bus, event::net::TcpDialer(networks.io, "10.77.0.2", "4001"), options);
        auto ticks = supervisor.subscribe<Tick>({.capacity = 1'000'000});
        supervisor.async_run([](const auto&) {});
        EXPECT_TRUE(networks.run_until([&] { return ticks.stat().size > 1'000; }));
        std::uint64_t last = 0;
        for (const auto& tick : event::testing::take_all(ticks)) {
            EXPECT_TRUE(last == 0 || tick->number == last + 1 + tick.missed());
            last = tick->number;
        }
        return {};
    });
    if (!skipped.empty()) GTEST_SKIP() << skipped;
}

}  // namespace namespaces_test
