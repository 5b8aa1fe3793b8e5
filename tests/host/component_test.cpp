/// Each component alone, on a bus, with the test in the place of all others.

#include "host_support.hpp"
#include "peer_info.hpp"

#include <map>
#include <random>

namespace component_test {

using namespace host_support;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<ConnectionId> ids(std::initializer_list<ConnectionId> all) { return all; }

struct Component : testing::Test {
    asio::io_context io;
    event::EventBus bus{io};
    Tasks tasks{io.get_executor(),
                [](std::string_view who, std::string_view what) { ADD_FAILURE() << who << " failed: " << what; }};
    event::Emitter<NetworkStarted, NetworkStopped> network =
        bus.emitter<NetworkStarted, NetworkStopped>({.retain = true});
    event::Emitter<ConnEstablished, ConnClosed, FrameReceived, DialFailed> swarm =
        bus.emitter<ConnEstablished, ConnClosed, FrameReceived, DialFailed>();
    event::Subscription<SendRequested, CloseRequested, DialRequested> asked =
        bus.subscribe<SendRequested, CloseRequested, DialRequested>({.capacity = 4096});
    std::uint64_t changes = 0;
    std::chrono::steady_clock::time_point now = std::chrono::steady_clock::now();

    void establish(ConnectionId id, Direction direction = Direction::inbound, std::string dialed = {}) {
        ConnEstablished event{.change = ++changes,
                              .connection = id,
                              .direction = direction,
                              .remote = tcp::endpoint(asio::ip::address_v4::loopback(), 1),
                              .dialed = std::move(dialed)};
        swarm.emit(std::move(event));
    }
    void close(ConnectionId id) {
        swarm.emit<ConnClosed>({.change = ++changes, .connection = id, .remote = {}, .reason = "test"});
    }
    void receive(ConnectionId id, Protocol protocol, std::string payload) {
        swarm.emit<FrameReceived>({.connection = id, .protocol = protocol, .payload = std::move(payload)});
    }
    std::vector<ConnectionId> closes_asked() {
        std::vector<ConnectionId> ids;
        for (const auto& request : take_all(asked))
            if (const auto* close = request.get_if<CloseRequested>()) ids.push_back(close->connection);
        return ids;
    }
    std::vector<SendRequested> sends_asked() {
        std::vector<SendRequested> sends;
        for (const auto& request : take_all(asked))
            if (const auto* send = request.get_if<SendRequested>()) sends.push_back(*send);
        return sends;
    }
    /// What a component needs before it is destroyed.
    void finish() {
        bus.close();
        ASSERT_TRUE(run_until(io, [&] { return tasks.running() == 0; }));
    }
    void TearDown() override { finish(); }
};

// ---- connection manager ---------------------------------------------------------------------------------------------

struct Manager : Component {
    event::Value<ProtectedConnections> guarded{io, ProtectedConnections{}};
    ConnectionManager manager{bus, guarded.view(), {.high_water = 4, .low_water = 2}};
    [[nodiscard]] ConnectionCount count() const { return **manager.count().try_get(); }
};

TEST_F(Manager, CountsWhatIsOpen) {
    for (ConnectionId id : ids({1, 2, 3})) establish(id);
    close(2);
    drive(io);
    EXPECT_EQ(count().open, 2U);
    EXPECT_TRUE(closes_asked().empty());
}

TEST_F(Manager, TrimsTheOldestAboveTheHighWaterMarkDownToTheLow) {
    for (ConnectionId id : ids({1, 2, 3, 4})) establish(id);
    drive(io);
    EXPECT_TRUE(closes_asked().empty()) << "not above it yet";
    establish(5);
    drive(io);
    EXPECT_THAT(closes_asked(), ElementsAre(1, 2, 3));
    EXPECT_EQ(count().trimmed, 3U);
    EXPECT_EQ(count().open, 5U) << "those that were asked to go are open until they are gone";
    for (ConnectionId id : ids({6, 7})) establish(id);
    drive(io);
    EXPECT_TRUE(closes_asked().empty()) << "nobody is asked twice, and who was asked does not count";
    for (ConnectionId id : ids({1, 2, 3})) close(id);
    drive(io);
    EXPECT_EQ(count().open, 4U);
}

TEST_F(Manager, LeavesTheProtectedAndTheDialedAlone) {
    establish(1, Direction::outbound);
    guarded.set({2});
    for (ConnectionId id : ids({2, 3, 4, 5})) establish(id);
    drive(io);
    EXPECT_THAT(closes_asked(), ElementsAre(3, 4, 5));
    guarded.set({2, 6, 7, 8, 9});
    for (ConnectionId id : ids({3, 4, 5})) close(id);
    for (ConnectionId id : ids({6, 7, 8, 9})) establish(id);
    drive(io);
    EXPECT_TRUE(closes_asked().empty()) << "rather too many than one of those";
    EXPECT_EQ(count().open, 6U);
}

TEST_F(Manager, IsNotConfusedByTheEndOfAConnectionFromBeforeItsTime) {
    close(77);
    establish(1);
    drive(io);
    EXPECT_EQ(count().open, 1U);
}

// ---- address book ---------------------------------------------------------------------------------------------------

/// The book's strand is on a context of its own: while that is not driven, the book is as slow as can be.
struct Book : Component {
    asio::io_context slow;
    SwarmState state;
    IdentifiedPeers identified;
    event::Value<SwarmState> truth{io, SwarmState{}};
    event::Value<IdentifiedPeers> names{io, IdentifiedPeers{}};
    event::Emitter<PeerIdentified> identify = bus.emitter<PeerIdentified>();
    AddressBook book{bus, tasks, slow.get_executor(), truth.view(), names.view(), {.forget_after = 1h, .capacity = 8}};

    // as the swarm does: the value first, then the event
    void connect(ConnectionId id) {
        state.connections.push_back({.id = id, .direction = Direction::inbound, .remote = {}});
        state.change = changes + 1;
        truth.set(state);
        establish(id);
    }
    void disconnect(ConnectionId id) {
        std::erase_if(state.connections, [&](const ConnectionInfo& info) { return info.id == id; });
        if (identified.erase(id) != 0) names.set(identified);
        state.change = changes + 1;
        truth.set(state);
        close(id);
    }
    void name(ConnectionId id, const std::string& as) {
        const PeerInfo info{.name = as, .version = "v", .protocols = {}, .listening = {}, .reachable = {}};
        identified[id] = std::make_shared<const PeerInfo>(info);
        names.set(identified);
        identify.emit({.connection = id, .info = info});
    }
    void expect_truth() {
        std::map<ConnectionId, std::string> expected;
        for (const ConnectionInfo& info : state.connections)
            expected[info.id] = identified.contains(info.id) ? identified[info.id]->name : "";
        std::map<ConnectionId, std::string> found;
        for (const auto& [id, entry] : book.entries())
            if (entry.is_connected) found[id] = entry.info.name;
        EXPECT_EQ(found, expected);
    }
    void TearDown() override {
        bus.close();
        ASSERT_TRUE(run_until(slow, [&] {
            drive(io);
            return tasks.running() == 0;
        }));
    }
};

TEST_F(Book, FollowsTheEventsWhileItKeepsUp) {
    for (ConnectionId id : ids({1, 2, 3})) connect(id);
    name(2, "two");
    disconnect(1);
    drive(slow);
    expect_truth();
    EXPECT_EQ(book.resynchronised(), 0U);
    EXPECT_EQ(book.entries().size(), 3U) << "who has left is remembered";
}

TEST_F(Book, QueuesOnlyTheNewestThatAPeerSaysOfItself) {
    connect(1);
    connect(2);
    for (int i = 0; i < 100; ++i) {
        name(1, "one " + std::to_string(i));
        name(2, "two " + std::to_string(i));
    }
    EXPECT_EQ(book.stats().front().size, 4U);
    disconnect(1);
    drive(slow);
    expect_truth();
    EXPECT_EQ(book.entries().at(1).info.name, "one 99");
    EXPECT_EQ(book.resynchronised(), 0U);
}

TEST_F(Book, EqualsTheTruthAfterAStormThatItSleptThrough) {
    drive(slow);
    for (ConnectionId id = 1; id <= 100; ++id) connect(id);
    for (ConnectionId id = 1; id <= 100; id += 3) disconnect(id);
    for (ConnectionId id = 2; id <= 100; id += 3) name(id, "n" + std::to_string(id));
    EXPECT_GT(bus.stat<ConnEstablished>().emitted, 0U);
    drive(slow);
    expect_truth();
    EXPECT_GE(book.resynchronised(), 1U);
    EXPECT_EQ(book.stats().front().capacity, 8U);
    EXPECT_GT(book.stats().front().lost, 0U);
}

TEST_F(Book, EqualsTheTruthWhenLossGoesOnWhileItStartsAgain) {
    // one handler at a time, and a storm between any two: whatever is lost when, the end is the same
    std::minstd_rand random(7);
    ConnectionId next = 1;
    for (int round = 0; round < 400; ++round) {
        for (auto i = random() % 12; i > 0; --i) {
            if (state.connections.empty() || random() % 2 == 0) {
                connect(next++);
            } else {
                const ConnectionId one = state.connections[random() % state.connections.size()].id;
                if (random() % 2 == 0) {
                    disconnect(one);
                } else {
                    name(one, "n" + std::to_string(random() % 100));
                }
            }
        }
        slow.restart();
        slow.poll_one();
    }
    drive(slow);
    expect_truth();
    EXPECT_GT(book.resynchronised(), 1U);
    EXPECT_GT(book.stats().front().lost, 0U);
}

TEST_F(Book, TakesEventsInAnotherOrderThanTheChanges) {
    // a closing that overtakes an opening, as it may when emits have to wait for room
    state.connections.push_back({.id = 2, .direction = Direction::inbound, .remote = {}});
    state.change = 3;
    truth.set(state);
    changes = 1;
    close(1);  // change 2
    drive(slow);
    expect_truth();
    changes = 0;
    establish(1);  // change 1
    changes = 2;
    establish(2);  // change 3
    drive(slow);
    expect_truth();
}

TEST(AddressBook, ForgetsWhoLeftLongAgo) {
    asio::io_context io;
    event::EventBus bus{io};
    Tasks tasks{io.get_executor(), [](std::string_view, std::string_view what) { ADD_FAILURE() << what; }};
    event::Value<SwarmState> truth{io, SwarmState{}};
    event::Value<IdentifiedPeers> names{io, IdentifiedPeers{}};
    AddressBook book(bus, tasks, io.get_executor(), truth.view(), names.view(), {.forget_after = 1ms});
    auto swarm = bus.emitter<ConnEstablished, ConnClosed>();
    ConnEstablished one{.change = 1, .connection = 1, .direction = {}, .remote = {}, .dialed = {}};
    ConnEstablished two{.change = 2, .connection = 2, .direction = {}, .remote = {}, .dialed = {}};
    swarm.emit(one);
    swarm.emit(two);
    swarm.emit<ConnClosed>({.change = 3, .connection = 1, .remote = {}, .reason = {}});
    ASSERT_TRUE(run_until(io, [&] { return book.entries().size() == 2; }));
    ASSERT_TRUE(run_until(io, [&] { return book.entries().size() == 1; }));
    EXPECT_TRUE(book.entries().at(2).is_connected);
    bus.close();
    ASSERT_TRUE(run_until(io, [&] { return tasks.running() == 0; }));
}

// ---- reachability ---------------------------------------------------------------------------------------------------

TEST_F(Component, ReachabilityFollowsWhoReachesWhom) {
    ReachabilityMonitor reachability(bus);
    auto told = bus.subscribe<ReachableAddressesChanged>();
    const auto now_it_is = [&] {
        drive(io);
        return **reachability.value().try_get();
    };
    EXPECT_EQ(now_it_is(), Reachability::unknown);
    network.emit<NetworkStarted>({.address = tcp::endpoint(asio::ip::address_v4::loopback(), 4001)});
    EXPECT_EQ(now_it_is(), Reachability::unknown) << "listening alone says nothing";
    establish(1, Direction::outbound);
    EXPECT_EQ(now_it_is(), Reachability::behind_nat);
    EXPECT_TRUE(take_all(told).empty());
    establish(2, Direction::inbound);
    EXPECT_EQ(now_it_is(), Reachability::open_to_all);
    const auto addresses = take_all(told);
    ASSERT_EQ(addresses.size(), 1U);
    EXPECT_THAT(addresses[0]->addresses, ElementsAre("127.0.0.1:4001"));
    const auto version = reachability.value().try_get()->version();
    establish(3, Direction::inbound);
    close(3);
    close(99);
    EXPECT_EQ(now_it_is(), Reachability::open_to_all);
    EXPECT_EQ(reachability.value().try_get()->version(), version) << "no change, no news";
    close(2);
    EXPECT_EQ(now_it_is(), Reachability::behind_nat);
    close(1);
    EXPECT_EQ(now_it_is(), Reachability::unknown);
    EXPECT_THAT(take_all(told).at(0)->addresses, testing::IsEmpty());
}

// ---- ping -----------------------------------------------------------------------------------------------------------

struct Pinging : Component {
    Ping ping{bus, {.interval = 1000ms, .timeout = 3000ms}};
    event::Emitter<Tick> ticks = bus.emitter<Tick>();
    event::Subscription<PingMeasured> measured = bus.subscribe<PingMeasured>();
    void tick(std::chrono::milliseconds after) {
        ticks.emit({.now = now += after});
        drive(io);
    }
};

TEST_F(Pinging, AsksOncePerIntervalAndMeasuresTheAnswer) {
    establish(1);
    drive(io);
    tick(1ms);
    auto sent = sends_asked();
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(sent[0].protocol, Protocol::ping);
    tick(500ms);
    EXPECT_TRUE(sends_asked().empty()) << "one at a time";
    std::string answer = sent[0].payload;
    answer[0] = 'a';
    receive(1, Protocol::ping, answer);
    drive(io);
    EXPECT_EQ(take_all(measured).size(), 1U);
    tick(500ms);
    sent = sends_asked();
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_NE(sent[0].payload.substr(1), answer.substr(1));
}

TEST_F(Pinging, AnswersAQuestionWithItsNumber) {
    establish(1);
    receive(1, Protocol::ping, "q12345678");
    drive(io);
    const auto sent = sends_asked();
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(sent[0].payload, "a12345678");
}

TEST_F(Pinging, EndsWithItsConnection) {
    establish(1);
    drive(io);
    tick(1ms);
    EXPECT_EQ(sends_asked().size(), 1U);
    close(1);
    drive(io);
    for (int i = 0; i < 10; ++i) tick(1000ms);
    EXPECT_TRUE(take_all(asked).empty());
}

TEST_F(Pinging, ClosesWhoDoesNotAnswerOrAnswersWhatWasNotAsked) {
    for (ConnectionId id : ids({1, 2, 3})) establish(id);
    drive(io);
    tick(1ms);
    take_all(asked);
    receive(2, Protocol::ping, "a12345678");
    receive(3, Protocol::ping, "q123");
    receive(2, Protocol::echo, "a12345678");
    drive(io);
    EXPECT_THAT(closes_asked(), ElementsAre(2, 3));
    close(2);
    close(3);
    drive(io);
    tick(2900ms);
    EXPECT_TRUE(closes_asked().empty());
    tick(200ms);
    EXPECT_THAT(closes_asked(), ElementsAre(1));
}

// ---- identify -------------------------------------------------------------------------------------------------------

struct Identifying : Component {
    event::Emitter<ReachableAddressesChanged> reachable = bus.emitter<ReachableAddressesChanged>({.retain = true});
    Identify identify{bus, tasks, {.name = "me", .version = "v", .protocols = {"p"}, .listening = {}, .reachable = {}}};
    event::Subscription<PeerIdentified> identified = bus.subscribe<PeerIdentified>();
};

TEST_F(Identifying, IntroducesItselfOnEachConnectionAndAgainWhenItsAddressChanges) {
    network.emit<NetworkStarted>({.address = tcp::endpoint(asio::ip::address_v4::loopback(), 4001)});
    establish(1);
    establish(2);
    drive(io);
    auto sent = sends_asked();
    ASSERT_EQ(sent.size(), 2U);
    EXPECT_EQ(std::get<PeerInfo>(decode_peer_info(sent[1].payload)).name, "me");
    EXPECT_THAT(std::get<PeerInfo>(decode_peer_info(sent[1].payload)).listening, ElementsAre("127.0.0.1:4001"));
    close(1);
    reachable.emit({.addresses = {"a:1"}});
    drive(io);
    sent = sends_asked();
    ASSERT_EQ(sent.size(), 1U) << "not to who has left";
    EXPECT_EQ(sent[0].connection, 2U);
    EXPECT_THAT(std::get<PeerInfo>(decode_peer_info(sent[0].payload)).reachable, ElementsAre("a:1"));
    establish(3);
    drive(io);
    EXPECT_THAT(std::get<PeerInfo>(decode_peer_info(sends_asked().at(0).payload)).reachable, ElementsAre("a:1"));
}

TEST_F(Identifying, TellsWhoThePeersAre) {
    const PeerInfo other{.name = "other", .version = "v", .protocols = {}, .listening = {}, .reachable = {}};
    establish(1);
    receive(1, Protocol::identify, encode(other));
    drive(io);
    const auto events = take_all(identified);
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0]->info, other);
    EXPECT_EQ(*(*identify.peers().try_get())->at(1), other);
    close(1);
    drive(io);
    EXPECT_TRUE((*identify.peers().try_get())->empty());
}

TEST_F(Identifying, HasTheConnectionClosedThatSaysNonsense) {
    establish(1);
    drive(io);
    take_all(asked);
    receive(1, Protocol::identify, "nonsense");
    drive(io);
    EXPECT_THAT(closes_asked(), ElementsAre(1));
    EXPECT_TRUE(take_all(identified).empty());
}

// ---- echo -----------------------------------------------------------------------------------------------------------

TEST_F(Component, EchoSendsBackWhatComes) {
    Echo echo(bus, tasks, {.bytes = 4, .window = 0});
    establish(1);
    receive(1, Protocol::echo, "q12345678body");
    drive(io);
    const auto sent = sends_asked();
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(sent[0].payload, "a12345678body");
    receive(1, Protocol::echo, "short");
    drive(io);
    EXPECT_THAT(closes_asked(), ElementsAre(1));
    finish();
}

TEST_F(Component, EchoChecksWhatComesBack) {
    Echo echo(bus, tasks, {.bytes = 4, .window = 2, .is_continuous = true});
    auto returned = bus.subscribe<EchoReturned>();
    establish(1, Direction::outbound);
    establish(2, Direction::inbound);
    drive(io);
    auto sent = sends_asked();
    ASSERT_EQ(sent.size(), 2U) << "a window, on the connection that this host dialed";
    std::string answer = sent[0].payload;
    answer[0] = 'a';
    receive(1, Protocol::echo, answer);
    drive(io);
    EXPECT_EQ(take_all(returned).size(), 1U);
    EXPECT_EQ(sends_asked().size(), 1U) << "the next one";
    receive(1, Protocol::echo, answer);
    drive(io);
    EXPECT_THAT(closes_asked(), ElementsAre(1)) << "nobody sends that twice";
    answer = sent[1].payload;
    answer[0] = 'a';
    answer.back() = '!';
    receive(1, Protocol::echo, answer);
    drive(io);
    EXPECT_THAT(closes_asked(), ElementsAre(1)) << "something else came back";
    EXPECT_TRUE(take_all(returned).empty());
    finish();
}

TEST_F(Component, EchoFillsItsWindowWithEachHeartbeat) {
    Echo echo(bus, tasks, {.bytes = 4, .window = 1});
    auto ticks = bus.emitter<Tick>();
    establish(1, Direction::outbound);
    drive(io);
    const auto sent = sends_asked();
    ASSERT_EQ(sent.size(), 1U);
    std::string answer = sent[0].payload;
    answer[0] = 'a';
    receive(1, Protocol::echo, answer);
    drive(io);
    EXPECT_TRUE(sends_asked().empty());
    ticks.emit({now});
    drive(io);
    EXPECT_EQ(sends_asked().size(), 1U);
    finish();
}

// ---- dialer ---------------------------------------------------------------------------------------------------------

struct Dialing : Component {
    Dialer dialer{bus, tasks, {.first_pause = 1ms, .longest_pause = 2ms}};
    event::Emitter<PeerWanted, StopRequested> wanted = bus.emitter<PeerWanted, StopRequested>();
    int dials_asked() {
        int dials = 0;
        for (const auto& request : take_all(asked))
            if (const auto* dial = request.get_if<DialRequested>()) dials += dial->address == "a:1" ? 1 : 1000;
        return dials;
    }
    [[nodiscard]] bool next_dial_comes() {
        int dials = 0;
        return run_until(io, [&] { return (dials += dials_asked()) != 0; }) && dials == 1;
    }
};

TEST_F(Dialing, DialsOnceUntilItHasFailedOrTheConnectionHasEnded) {
    wanted.emit<PeerWanted>({.address = "a:1"});
    wanted.emit<PeerWanted>({.address = "a:1"});
    drive(io);
    EXPECT_EQ(dials_asked(), 1);
    swarm.emit<DialFailed>({.address = "a:1", .reason = "test"});
    EXPECT_TRUE(next_dial_comes());
    swarm.emit<DialFailed>({.address = "another:1", .reason = "test"});
    establish(1, Direction::outbound, "a:1");
    establish(2, Direction::outbound, "another:1");
    close(2);
    drive(io);
    EXPECT_EQ(dials_asked(), 0);
    close(1);
    EXPECT_TRUE(next_dial_comes());
}

TEST_F(Dialing, StopsWhenTheHostStops) {
    wanted.emit<PeerWanted>({.address = "a:1"});
    drive(io);
    EXPECT_EQ(dials_asked(), 1);
    swarm.emit<DialFailed>({.address = "a:1", .reason = "test"});
    drive(io);
    wanted.emit<StopRequested>({});
    swarm.emit<DialFailed>({.address = "a:1", .reason = "test"});
    bus.close();
    io.restart();
    io.run();  // returns: no timer is left
    EXPECT_EQ(dials_asked(), 0);
}

TEST(DialerPause, DoublesUpToItsLimitAndBeginsAnewAfterASuccess) {
    const DialerOptions options{.first_pause = 100ms, .longest_pause = 350ms};
    std::vector<std::chrono::milliseconds> pauses;
    Backoff backoff(options);
    for (int i = 0; i < 4; ++i) pauses.push_back(backoff.next());
    backoff.reset();
    pauses.push_back(backoff.next());
    EXPECT_THAT(pauses, ElementsAre(100ms, 200ms, 350ms, 350ms, 100ms));
}

// ---- statistics and report
// -------------------------------------------------------------------------------------------

TEST(Sample, KnowsItsPercentiles) {
    Sample sample;
    EXPECT_EQ(sample.percentile(0.5), 0ns);
    for (int i = 100; i >= 1; --i) sample.add(std::chrono::nanoseconds(i));
    EXPECT_EQ(sample.percentile(0.5), 50ns);
    EXPECT_EQ(sample.percentile(0.99), 99ns);
    EXPECT_EQ(sample.percentile(1), 100ns);
    EXPECT_EQ(sample.percentile(0), 1ns);
    for (int i = 0; i < 100'000; ++i) sample.add(1000ns);
    EXPECT_EQ(sample.count(), 100'100U);
    EXPECT_EQ(sample.percentile(0.5), 1000ns);
}

TEST(Report, IsATableOfAtMost100Columns) {
    Report report;
    report.hosts = 1;
    report.emitted["ReachableAddressesChanged"] = 1'000'000'000;
    report.queues["a rather long subscription"] = {.delivered = 12, .missed = 3, .high_water = 64, .capacity = 64};
    report.measured.pings.add(1234567ns);
    Report sum;
    sum += report;
    sum += report;
    const std::string table = sum.table(2s);
    EXPECT_THAT(table, HasSubstr("2000000000"));
    EXPECT_THAT(table, HasSubstr("1.235 ms"));
    EXPECT_THAT(table, HasSubstr("by 2 hosts"));
    EXPECT_THAT(table, testing::ContainsRegex("a rather long subscription +24 +6 +64 +64\n"));
    std::size_t longest = 0;
    std::size_t column = 0;
    for (const char c : table) {
        column = c == '\n' ? 0 : column + 1;
        longest = std::max(longest, column);
    }
    EXPECT_LE(longest, 100U);
}

}  // namespace component_test
