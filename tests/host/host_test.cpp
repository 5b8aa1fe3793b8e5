/// Whole hosts, end to end over real sockets, in one process.

#include "address.hpp"
#include "bad_peer.hpp"
#include "host_support.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <map>
#include <thread>

namespace host_test {

using namespace host_support;
using testing::HasSubstr;

HostOptions busy_options(std::string name) {
    HostOptions options = quiet_options(std::move(name));
    options.echo = {.bytes = 100, .window = 2, .is_continuous = true};
    return options;
}

struct TwoHosts : HostTest {
    std::unique_ptr<Host> listening = make(quiet_options("listening"));
    std::unique_ptr<Host> dialing = make(busy_options("dialing"));
    tcp::endpoint where = listening->listen(any_port);

    void connect() {
        dialing->keep_dialed(to_string(where));
        ASSERT_TRUE(run_until(io, [&] {
            return (*listening->peers().try_get())->size() == 1 && (*dialing->peers().try_get())->size() == 1;
        }));
    }
    static std::string to_string(const tcp::endpoint& endpoint) { return host::to_string(endpoint); }
    void TearDown() override {
        stop(*dialing);
        stop(*listening);
        dialing.reset();
        listening.reset();
        HostTest::TearDown();
    }
};

TEST_F(TwoHosts, IdentifyEachOther) {
    connect();
    EXPECT_EQ((*listening->peers().try_get())->begin()->second->name, "dialing");
    EXPECT_EQ((*dialing->peers().try_get())->begin()->second->name, "listening");
    // the monitor hears of it by an event, the test by the value that was set before it
    EXPECT_TRUE(run_until(io, [&] { return log.contains("#1 is dialing (eventbus-host/1), not listening"); }));
}

TEST_F(TwoHosts, IdentifyAgainWhenAReachableAddressChanges) {
    connect();
    const std::string address = to_string(where);
    ASSERT_TRUE(run_until(io, [&] {
        const auto peers = *dialing->peers().try_get();
        return peers->begin()->second->reachable == std::vector{address};
    })) << "the dialed host has become public, and says where";
    EXPECT_EQ(**listening->reachability().try_get(), Reachability::open_to_all);
    EXPECT_EQ(**dialing->reachability().try_get(), Reachability::behind_nat);
}

TEST_F(TwoHosts, HaveTheirBooksEqualTheTruth) {
    connect();
    for (const Host* host : {listening.get(), dialing.get()}) {
        const auto is_true = [&] {
            const auto& entries = host->book().entries();
            return entries.size() == 1 &&
                   entries.begin()->second.info.name == (host == dialing.get() ? "listening" : "dialing");
        };
        EXPECT_TRUE(run_until(io, is_true));
    }
}

TEST_F(TwoHosts, PingAndEcho) {
    auto pings = listening->bus().subscribe<PingMeasured>();
    auto echoes = dialing->bus().subscribe<EchoReturned>({.capacity = 4096});
    connect();
    Clock clock(*listening);
    clock.advance(1ms);
    EXPECT_TRUE(run_until(io, [&] { return pings.stat().size != 0; }));
    EXPECT_GT(pings.try_receive()->get_if<PingMeasured>()->round_trip, 0ns);
    EXPECT_TRUE(run_until(io, [&] { return echoes.stat().size >= 100; }));
    EXPECT_EQ(open_connections(*listening), 1U);
}

TEST_F(TwoHosts, ConnectAgainWhenTheConnectionEnds) {
    connect();
    auto closer = listening->bus().emitter<CloseRequested>();
    closer.emit({.connection = 1, .reason = "go away"});
    ASSERT_TRUE(run_until(io, [&] {
        const auto network = *listening->network().try_get();
        return network->connections.size() == 1 && network->connections[0].id == 2;
    }));
    EXPECT_TRUE(run_until(io, [&] { return log.contains("#1 closed: go away"); }));
}

TEST_F(TwoHosts, StopWhileTrafficFlows) {
    connect();
    auto echoes = dialing->bus().subscribe<EchoReturned>({.capacity = 4096});
    ASSERT_TRUE(run_until(io, [&] { return echoes.stat().size >= 10; }));
    stop(*listening);
    EXPECT_TRUE(log.contains("#1 closed: the host stops"));
    EXPECT_TRUE(run_until(io, [&] { return log.contains("cannot reach " + to_string(where)); }))
        << "the other one tries on, and says so";
}

TEST_F(TwoHosts, MayBeStoppedTwiceAndReportTheSame) {
    connect();
    stop(*dialing);
    stop(*dialing);
    const Report report = dialing->report();
    EXPECT_EQ(report.opened, 1U);
    EXPECT_EQ(report.closed, 1U);
    EXPECT_EQ(report.emitted.at("NetworkStopped"), 1U);
    EXPECT_EQ(report.transitions, 2U);
    for (const auto& [name, queue] : report.queues) EXPECT_EQ(queue.missed, 0U) << name;
}

TEST_F(HostTest, MayGoWithItsContextWithoutBeingStopped) {
    auto context = std::make_unique<asio::io_context>();
    Log own;
    auto host = std::make_unique<Host>(context->get_executor(), own.console(), busy_options("abandoned"));
    host->keep_dialed(host::to_string(host->listen(any_port)));  // itself, why not
    ASSERT_TRUE(run_until(*context, [&] { return open_connections(*host) == 2; }));
    host.reset();
    context.reset();
}

// ---- what cannot be had
// ----------------------------------------------------------------------------------------------

TEST_F(HostTest, APortInUseIsAnErrorAndCostsNothingElse) {
    const auto first = make(quiet_options("first"));
    const auto second = make(quiet_options("second"));
    const tcp::endpoint taken = first->listen(any_port);
    try {
        second->listen(taken);
        ADD_FAILURE() << "there are two now";
    } catch (const boost::system::system_error& error) {
        EXPECT_EQ(error.code(), asio::error::address_in_use);
    }
    second->listen(any_port);
    stop(*first);
    stop(*second);
}

TEST_F(HostTest, AnUnreachablePeerIsNamedAndTriedLaterAndLater) {
    const auto host = make(quiet_options("host"));
    tcp::acceptor closed(io, any_port);
    const std::string nobody = host::to_string(closed.local_endpoint());
    closed.close();
    auto failures = host->bus().subscribe<DialFailed>();
    host->keep_dialed(nobody);
    host->keep_dialed("no address");
    ASSERT_TRUE(run_until(io, [&] { return failures.stat().size >= 6; }));
    std::map<std::string, std::string> reasons;
    for (const auto& failed : take_all(failures)) reasons[failed->address] = failed->reason;
    EXPECT_THAT(reasons.at(nobody), HasSubstr("refused"));
    EXPECT_EQ(reasons.at("no address"), "not HOST:PORT");
    EXPECT_TRUE(log.contains("cannot reach " + nobody));
    stop(*host);
}

TEST_F(HostTest, TooManyConnectionsAreRefusedAndCounted) {
    HostOptions options = quiet_options("host");
    options.swarm.max_connections = 3;
    const auto host = make(options);
    const tcp::endpoint where = host->listen(any_port);
    std::vector<tcp::socket> peers;
    for (int i = 0; i < 5; ++i) peers.emplace_back(io).connect(where);
    ASSERT_TRUE(run_until(io, [&] { return (*host->network().try_get())->refused == 2; }));
    EXPECT_EQ(open_connections(*host), 3U);
    EXPECT_TRUE(run_until(io, [&] { return log.contains("3 connections are the limit"); }));
    // the place of one who leaves can be taken
    peers[0].close();
    ASSERT_TRUE(run_until(io, [&] { return open_connections(*host) == 2; }));
    peers.emplace_back(io).connect(where);
    ASSERT_TRUE(run_until(io, [&] { return open_connections(*host) == 3; }));
    // and a dial beyond the limit fails
    auto failures = host->bus().subscribe<DialFailed>();
    host->keep_dialed(host::to_string(where));
    ASSERT_TRUE(run_until(io, [&] { return failures.stat().size != 0; }));
    EXPECT_EQ(failures.try_receive()->get_if<DialFailed>()->reason, "3 connections are the limit");
    stop(*host);
    EXPECT_EQ(host->report().refused, 2U);
}

TEST_F(HostTest, ADialThatIsUnderWayEndsWithTheHost) {
    const auto host = make(quiet_options("host"));
    auto failures = host->bus().subscribe<DialFailed>();
    host->keep_dialed("192.0.2.1:9");  // reserved for documentation: nobody answers there, or the network says so
    drive(io);
    stop(*host);
}

TEST_F(HostTest, AFrameThatIsTooLargeToSendClosesTheConnection) {
    HostOptions options = quiet_options("host");
    options.swarm.limits.max_payload = 1000;
    const auto host = make(options);
    tcp::socket peer(io);
    peer.connect(host->listen(any_port));
    ASSERT_TRUE(run_until(io, [&] { return open_connections(*host) == 1; }));
    host->bus().emitter<SendRequested>().emit(
        {.connection = 1, .protocol = Protocol::echo, .payload = std::string(1001, 'x')});
    EXPECT_TRUE(run_until(io, [&] { return log.contains("we were asked to send an oversized frame"); }));
    stop(*host);
}

TEST_F(HostTest, AFailingComponentIsNamed) {
    Tasks tasks(io.get_executor(),
                [this](std::string_view who, std::string_view what) { log.console().log("host", who, what); });
    const auto fail = []() -> asio::awaitable<void> {
        co_await asio::post(asio::use_awaitable);
        throw std::runtime_error("out of luck");
    };
    tasks.spawn(io.get_executor(), "some component", fail());
    EXPECT_EQ(tasks.running(), 1U);
    drive(io);
    EXPECT_EQ(tasks.running(), 0U);
    EXPECT_TRUE(log.contains("some component out of luck"));
}

// ---- peers that misbehave
// --------------------------------------------------------------------------------------------

std::string_view expected_reason(BadPeer kind) {
    switch (kind) {
        case BadPeer::garbage:
            return "closed: not our protocol: \"GET \"";
        case BadPeer::unknown_protocol:
            return "closed: a frame of the unknown protocol 77";
        case BadPeer::empty_frame:
            return "closed: an empty frame";
        case BadPeer::oversized:
            return "closed: an oversized frame: 2147483646 bytes, the limit is 65536";
        case BadPeer::truncated:
            return "closed: cut off, 20 bytes into a frame";
        case BadPeer::dying:
            return "#2 closed: ";  // by a read or by a write, whichever comes first
        case BadPeer::silent:
            return "closed: no whole frame for 3000 ms";
        case BadPeer::trickling:
            return "closed: no whole frame for 3000 ms";
        case BadPeer::deaf:
            return "closed: does not read: ";
        case BadPeer::malformed_identify:
            return "closed: malformed identify: ";
        case BadPeer::malformed_ping:
            return "closed: a malformed ping";
        case BadPeer::unasked_answer:
            return "closed: an answer to a ping that nobody sent";
        case BadPeer::never_answers:
            return "closed: no answer to a ping for 5000 ms";
    }
    return "?";
}

struct Misbehaviour : HostTest, testing::WithParamInterface<BadPeer> {};

TEST_P(Misbehaviour, ClosesThatConnectionWithAReasonAndTheOthersGoOn) {
    HostOptions options = quiet_options("host");
    // the limit that the peer runs into, and no other
    const bool is_slow = GetParam() == BadPeer::silent || GetParam() == BadPeer::trickling;
    options.swarm.limits.patience = is_slow ? 3000ms : 1h;
    options.swarm.limits.max_unsent = 256 * 1024;
    options.ping = {.interval = 1000ms, .timeout = GetParam() == BadPeer::never_answers ? 5000ms : 1h};
    const auto host = make(options);
    const tcp::endpoint where = host->listen(any_port);
    const auto good = make(busy_options("good"));
    good->keep_dialed(host::to_string(where));
    auto echoes = good->bus().subscribe<EchoReturned>({.on_full = event::Latest{}});
    auto pings = host->bus().subscribe<PingMeasured>({.capacity = 4096});
    const auto echo_returns = [&] { return echoes.try_receive().has_value(); };
    ASSERT_TRUE(run_until(io, echo_returns));

    bool is_over = false;
    asio::co_spawn(io, misbehave(GetParam(), where, 1ms), [&](const std::exception_ptr&) { is_over = true; });
    const auto is_closed = [&] { return log.contains(expected_reason(GetParam())); };
    // Seconds pass on the host's clock, one by one, and in each of them the good peer is heard and answers a ping.
    Clock clock(*host);
    for (int second = 0; second < 12 && !is_closed(); ++second) {
        clock.advance(1000ms);
        ASSERT_TRUE(run_until(io, [&] { return pings.try_receive().has_value(); }));
        for (int i = 0; i < 20; ++i) ASSERT_TRUE(run_until(io, echo_returns));
    }
    EXPECT_TRUE(run_until(io, [&] { return is_closed() && is_over; }));
    ASSERT_TRUE(run_until(io, [&] { return open_connections(*host) == 1; }));
    EXPECT_EQ((*host->network().try_get())->connections[0].id, 1U) << "the good one";
    ASSERT_TRUE(run_until(io, echo_returns));
    stop(*good);
    stop(*host);
    EXPECT_EQ(host->report().closed, 2U);
}

INSTANTIATE_TEST_SUITE_P(Peer, Misbehaviour, testing::ValuesIn(all_bad_peers),
                         [](const testing::TestParamInfo<BadPeer>& kind) {
                             std::string name(to_string(kind.param));
                             std::replace(name.begin(), name.end(), ' ', '_');
                             return name;
                         });

// ---- many threads
// ----------------------------------------------------------------------------------------------------

TEST(HostThreads, ComeAndGoWhileOthersTalk) {
    Log log;
    asio::thread_pool pool(4);
    const auto settle = [&](asio::awaitable<void> work) {
        asio::co_spawn(pool, std::move(work), asio::use_future).get();
    };
    HostOptions options = busy_options("hub");
    options.heartbeat = 5ms;
    Host hub(pool.get_executor(), log.console(), options);
    const std::string where = to_string(hub.listen(any_port));
    for (int round = 0; round < 3; ++round) {
        std::vector<std::unique_ptr<Host>> guests;
        for (int i = 0; i < 4; ++i) {
            HostOptions guest = busy_options("guest");
            guest.heartbeat = 5ms;
            guests.push_back(std::make_unique<Host>(pool.get_executor(), log.console(), guest));
            guests.back()->keep_dialed(where);
        }
        for (const auto& guest : guests) {
            auto echoes = guest->bus().subscribe<EchoReturned>({.on_full = event::Drop{}});
            for (int i = 0; i < 50; ++i) echoes.async_receive(asio::use_future).get();
        }
        for (const auto& guest : guests) settle(guest->stop());
    }
    settle(hub.stop());
    EXPECT_EQ(hub.running(), 0U);
    const Report report = hub.report();
    EXPECT_EQ(report.opened, 12U);
    EXPECT_EQ(report.closed, 12U);
    EXPECT_EQ((*hub.connections().try_get())->open, 0U);
    pool.join();
}

}  // namespace host_test
