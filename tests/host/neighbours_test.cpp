/// Links between hosts: the component alone, on a bus, with another one as its neighbour.

#include "address.hpp"
#include "bad_peer.hpp"
#include "host_support.hpp"
#include "neighbours.hpp"
#include "presence.hpp"
#include "witness.hpp"

#include <event/retain_by.hpp>

#include <optional>

namespace neighbours_test {

using namespace host_support;
using testing::ElementsAre;
using testing::IsEmpty;

/// What there would be of links in a process of its own.
struct Process {
    Process(asio::io_context& io, std::uint64_t number)
        : bus(io),
          tasks(io.get_executor(),
                [](std::string_view who, std::string_view what) { ADD_FAILURE() << who << " failed: " << what; }),
          incarnation(number),
          neighbours(bus, tasks, number) {
        tasks.spawn(neighbours.strand(), "neighbours", neighbours.ended());
    }
    /// What came, in its order.
    template <class T>
    std::vector<T> heard() {
        for (const auto& delivery : take_all(all))
            delivery.visit([this](const auto& event) {
                if constexpr (std::is_same_v<std::decay_t<decltype(event)>, HostStatus>) statuses.push_back(event);
                if constexpr (std::is_same_v<std::decay_t<decltype(event)>, Announced>) announced.push_back(event);
                if constexpr (std::is_same_v<std::decay_t<decltype(event)>, NeighbourLinked>) linked.push_back(event);
                if constexpr (std::is_same_v<std::decay_t<decltype(event)>, NeighbourLost>) lost.push_back(event);
            });
        if constexpr (std::is_same_v<T, HostStatus>) return statuses;
        if constexpr (std::is_same_v<T, Announced>) return announced;
        if constexpr (std::is_same_v<T, NeighbourLinked>) return linked;
        if constexpr (std::is_same_v<T, NeighbourLost>) return lost;
    }
    /// What somebody finds who comes now.
    std::vector<HostStatus> shown() {
        auto late = bus.subscribe<HostStatus>();
        std::vector<HostStatus> found;
        for (const auto& delivery : take_all(late)) found.push_back(*delivery);
        return found;
    }
    void say(const std::string& name, std::uint64_t sequence) {
        status.emit({.name = name, .incarnation = incarnation, .sequence = sequence});
        announcements.emit({.from = name, .incarnation = incarnation, .number = sequence});
    }

    event::EventBus bus;
    Tasks tasks;
    const std::uint64_t incarnation;
    Neighbours neighbours;
    event::Emitter<HostStatus> status = bus.emitter<HostStatus>(event::retain_by(&HostStatus::name));
    event::Emitter<Announced> announcements = bus.emitter<Announced>();
    event::Emitter<StopRequested> stop = bus.emitter<StopRequested>();
    event::Subscription<HostStatus, Announced, NeighbourLinked, NeighbourLost> all =
        bus.subscribe<HostStatus, Announced, NeighbourLinked, NeighbourLost>({.capacity = 4096});
    std::vector<HostStatus> statuses;
    std::vector<Announced> announced;
    std::vector<NeighbourLinked> linked;
    std::vector<NeighbourLost> lost;
};

struct Links : testing::Test {
    asio::io_context io;
    std::unique_ptr<Process> first = std::make_unique<Process>(io, 1);
    Process second{io, 2};
    tcp::endpoint where = first->neighbours.listen(any_port);

    void link() {
        second.neighbours.keep(host::to_string(where));
        ASSERT_TRUE(run_until(io, [&] { return !second.heard<NeighbourLinked>().empty(); }));
        ASSERT_TRUE(run_until(io, [&] { return !first->heard<NeighbourLinked>().empty(); }));
    }
    /// Says it until the other side, which may not have subscribed yet, has heard it.
    void say_until_heard(Process& from, const std::string& name, Process& by) {
        std::uint64_t sequence = 0;
        ASSERT_TRUE(run_until(io, [&] {
            from.say(name, ++sequence);
            const auto heard = by.heard<Announced>();
            return std::any_of(heard.begin(), heard.end(), [&](const Announced& one) { return one.from == name; });
        }));
    }
    void finish(Process& process) {
        process.stop.emit({});
        ASSERT_TRUE(run_until(io, [&] { return process.tasks.running() == 1; }));
        process.bus.close();
        ASSERT_TRUE(run_until(io, [&] { return process.tasks.running() == 0; }));
    }
    void TearDown() override {
        if (first) finish(*first);
        finish(second);
    }
};

TEST_F(Links, AreHeardFromByBothSidesUnderTheSameNames) {
    first->say("ada", 1);
    link();
    ASSERT_TRUE(run_until(io, [&] { return !second.heard<HostStatus>().empty(); }));
    EXPECT_EQ(second.statuses.front(), (HostStatus{.name = "ada", .incarnation = 1, .sequence = 1}));
    say_until_heard(*first, "ada", second);
    say_until_heard(second, "bob", *first);
    ASSERT_TRUE(run_until(io, [&] { return first->shown().size() == 2; }));
    EXPECT_EQ(first->linked.front().incarnation, 2U);
    EXPECT_EQ(second.linked.front().incarnation, 1U);
}

TEST_F(Links, DoNotPassOnWhatCameByAnother) {
    Process third(io, 3);
    third.neighbours.keep(host::to_string(where));
    ASSERT_TRUE(run_until(io, [&] { return !third.heard<NeighbourLinked>().empty(); }));
    link();
    second.say("bob", 1);
    ASSERT_TRUE(run_until(io, [&] { return first->shown().size() == 1; }));
    first->say("ada", 1);
    ASSERT_TRUE(run_until(io, [&] { return !third.heard<HostStatus>().empty(); }));
    EXPECT_EQ(third.shown().size(), 1U) << "what bob said was known before";
    finish(third);
}

TEST_F(Links, ForgetWhatCameByThemWhenTheyAreLostAndHaveTheFreshStateAfterARestart) {
    first->say("ada", 7);
    link();
    ASSERT_TRUE(run_until(io, [&] { return second.shown().size() == 1; }));
    finish(*first);
    first.reset();
    ASSERT_TRUE(run_until(io, [&] { return !second.heard<NeighbourLost>().empty(); }));
    EXPECT_EQ(second.lost.front().incarnation, 1U);
    EXPECT_THAT(second.lost.front().reason, testing::HasSubstr("the host stops"));
    EXPECT_THAT(second.shown(), IsEmpty());

    first = std::make_unique<Process>(io, 5);
    first->neighbours.listen(where);
    ASSERT_TRUE(run_until(io, [&] { return second.heard<NeighbourLinked>().size() == 2; }));
    EXPECT_THAT(second.shown(), IsEmpty()) << "it has not said how it is";
    first->say("ada", 1);
    ASSERT_TRUE(run_until(io, [&] { return second.shown().size() == 1; }));
    EXPECT_THAT(second.shown(), ElementsAre(HostStatus{.name = "ada", .incarnation = 5, .sequence = 1}));
    EXPECT_EQ(second.linked.back().incarnation, 5U);
}

TEST_F(Links, AreToldAsLostWhereTheyWereAccepted) {
    link();
    second.stop.emit({});
    ASSERT_TRUE(run_until(io, [&] { return !first->heard<NeighbourLost>().empty(); }));
    EXPECT_EQ(first->lost.front().incarnation, 2U);
}

TEST_F(Links, AreNotHarmedByStrangersThatMisbehave) {
    link();
    std::size_t strangers = 0;
    for (const BadPeer kind : all_bad_peers) {
        ++strangers;
        asio::co_spawn(io, misbehave(kind, where, 1ms), [&](const std::exception_ptr&) { --strangers; });
    }
    ASSERT_TRUE(run_until(io, [&] { return strangers == 0; }));  // those who are silent have a second
    EXPECT_EQ(first->heard<NeighbourLinked>().size(), 1U) << "no stranger is a neighbour";
    EXPECT_THAT(first->heard<NeighbourLost>(), IsEmpty());
    EXPECT_THAT(second.heard<NeighbourLost>(), IsEmpty());
    say_until_heard(*first, "ada", second);
}

TEST_F(Links, MayBeAskedForWhenTheHostStopsAlready) {
    second.stop.emit({});
    drive(io);
    second.neighbours.keep(host::to_string(where));
    EXPECT_TRUE(run_until(io, [&] { return second.tasks.running() == 1; }));
    EXPECT_THROW(second.neighbours.listen(where), boost::system::system_error) << "it is in use";
}

struct Alone : testing::Test {
    asio::io_context io;
    event::EventBus bus{io};
    event::Emitter<Tick> ticks = bus.emitter<Tick>();
};

TEST_F(Alone, APresenceChangesWithEachTickUntilItIsToBeQuiet) {
    Presence presence(bus, "ada", 4);
    auto said = bus.subscribe<HostStatus, Announced>();
    const auto quiet = bus.emitter<QuietRequested>();
    ticks.emit({});
    drive(io);
    quiet.emit({});
    ticks.emit({});
    drive(io);
    const auto all = take_all(said);
    ASSERT_EQ(all.size(), 4U);
    EXPECT_EQ(*all[0].get_if<HostStatus>(), (HostStatus{.name = "ada", .incarnation = 4, .sequence = 1}));
    EXPECT_EQ(all[1].get_if<Announced>()->number, 1U);
    EXPECT_EQ(*all[2].get_if<HostStatus>(),
              (HostStatus{.name = "ada", .incarnation = 4, .sequence = 2, .is_final = true}));
    EXPECT_EQ(all[3].get_if<Announced>()->number, 2U);
    bus.close();
    drive(io);
}

TEST_F(Alone, AWitnessTellsWhoAppearsAndVanishesAndLooksWithEachTick) {
    Witness witness(bus, "ada", 4);
    auto told = bus.subscribe<HostAppeared, HostVanished>();
    const auto status = bus.emitter<HostStatus>(event::retain_by(&HostStatus::name));
    const auto links = bus.emitter<NeighbourLinked, NeighbourLost>();
    links.emit<NeighbourLinked>({.incarnation = 6});
    status.emit({.name = "bob", .incarnation = 6, .sequence = 1});
    status.emit({.name = "ada", .incarnation = 4, .sequence = 1});
    ticks.emit({});
    drive(io);
    EXPECT_EQ(witness.figures().shows.size(), 2U);
    EXPECT_EQ(witness.figures().states, 1U) << "its own is none that it has seen";
    links.emit<NeighbourLost>({.incarnation = 6, .reason = {}});
    bus.forget<HostStatus>(std::string("bob"));
    ticks.emit({});
    drive(io);
    EXPECT_EQ(witness.figures().shows.size(), 1U);
    const auto all = take_all(told);
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].get_if<HostAppeared>()->name, "bob");
    EXPECT_EQ(all[1].get_if<HostVanished>()->name, "bob");
    bus.close();
    drive(io);
}

}  // namespace neighbours_test
