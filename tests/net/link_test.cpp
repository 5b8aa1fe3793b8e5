#include "link_fixture.hpp"

#include <event/retain_by.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <iterator>
#include <list>
#include <map>
#include <string>

/// `event::net::Link`: subscriptions over a byte stream.

namespace link_test {

using namespace links;

class ALink : public Links {
protected:
    ALink() { connect(); }
    std::vector<int> counts(event::Subscription<Count>& subscription) {
        std::vector<int> values;
        for (const auto& delivery : event::testing::take_all(subscription)) values.push_back(delivery->value);
        return values;
    }
};

// ---- events -----------------------------------------------------------------------------------------------------

TEST_F(ALink, DeliversWhatTheOtherSideEmits) {
    there_.link->serve<Joined>();
    auto joined = here_.link->subscribe<Joined>();
    run();
    auto emitter = there_.bus.emitter<Joined>();
    EXPECT_EQ(emitter.emit({"alice", 1}).delivered, 1U);
    drive(io_);
    const auto delivery = joined.try_receive();
    ASSERT_TRUE(delivery);
    EXPECT_EQ((*delivery)->peer, "alice");
    EXPECT_EQ((*delivery)->room, 1);
    EXPECT_FALSE(delivery->replayed());
    EXPECT_EQ(delivery->missed(), 0U);
    EXPECT_FALSE(joined.try_receive());
}

TEST_F(ALink, HasOneOrderForAllTypesOfASubscription) {
    there_.link->serve<Joined, Left, Count>();
    auto both = here_.link->subscribe<Left, Joined>();
    run();
    auto emitter = there_.bus.emitter<Joined, Left, Count>();
    for (int i = 0; i < 20; ++i) {
        emitter.emit(Joined{"a", i});
        emitter.emit(Count{i});
        emitter.emit(Left{std::to_string(i)});
    }
    drive(io_);
    for (int i = 0; i < 20; ++i) {
        const auto first = both.try_receive();
        ASSERT_TRUE(first && first->get_if<Joined>() != nullptr);
        EXPECT_EQ(first->get_if<Joined>()->room, i);
        const auto second = both.try_receive();
        ASSERT_TRUE(second && second->get_if<Left>() != nullptr);
        EXPECT_EQ(second->get_if<Left>()->peer, std::to_string(i));
        EXPECT_EQ(second->missed(), 0U);
    }
}

TEST_F(ALink, GivesEachSubscriptionItsOwnQueue) {
    there_.link->serve<Count>();
    auto one = here_.link->subscribe<Count>();
    auto two = here_.link->subscribe<Count>({.capacity = 1, .on_full = event::Drop{}});
    run();
    EXPECT_EQ(there_.bus.stat<Count>().subscribers, 2U);
    auto emitter = there_.bus.emitter<Count>();
    for (int i = 0; i < 3; ++i) emitter.emit({i});
    drive(io_);
    EXPECT_THAT(counts(one), testing::ElementsAre(0, 1, 2));
    EXPECT_THAT(counts(two), testing::ElementsAre(0));
    EXPECT_EQ(two.stat().lost, 2U);
}

TEST_F(ALink, ServesBothSidesAtOnce) {
    here_.link->serve<Count>();
    there_.link->serve<Count>();
    auto here = here_.link->subscribe<Count>();
    auto there = there_.link->subscribe<Count>();
    run();
    here_.bus.emitter<Count>().emit({1});
    there_.bus.emitter<Count>().emit({2});
    drive(io_);
    EXPECT_THAT(counts(here), testing::ElementsAre(2));
    EXPECT_THAT(counts(there), testing::ElementsAre(1));
}

TEST_F(ALink, TakesHandlersAndRefinements) {
    there_.link->serve<Count>();
    std::vector<int> handled;
    auto push = here_.link->subscribe<Count>(event::where([](const Count& count) { return count.value % 2 == 0; }),
                                             [&](const Count& count) { handled.push_back(count.value); });
    run();
    auto emitter = there_.bus.emitter<Count>();
    for (int i = 0; i < 5; ++i) emitter.emit({i});
    drive(io_);
    EXPECT_THAT(handled, testing::ElementsAre(0, 2, 4));
}

TEST_F(ALink, SubscribesAlsoWhileItRuns) {
    there_.link->serve<Count>();
    run();
    auto counts_here = here_.link->subscribe<Count>();
    drive(io_);
    there_.bus.emitter<Count>().emit({7});
    drive(io_);
    EXPECT_THAT(counts(counts_here), testing::ElementsAre(7));
}

TEST_F(ALink, IsReceivedByACoroutine) {
    there_.link->serve<Count>();
    auto subscription = here_.link->subscribe<Count>();
    run();
    int sum = 0;
    asio::co_spawn(
        io_,
        [](event::Subscription<Count>& from, int& total) -> asio::awaitable<void> {
            for (int i = 0; i < 3; ++i) total += (co_await from.async_receive(asio::use_awaitable))->value;
        }(subscription, sum),
        asio::detached);
    auto emitter = there_.bus.emitter<Count>();
    for (int i = 1; i <= 3; ++i) emitter.emit({i});
    drive(io_);
    EXPECT_EQ(sum, 6);
}

// ---- what is lost -----------------------------------------------------------------------------------------------

TEST_F(ALink, TellsOfALossOnTheOtherSideExactlyWhereItHappened) {
    there_.link->serve<Count>({.capacity = 4});
    auto subscription = here_.link->subscribe<Count>({.capacity = 100});
    run();
    auto emitter = there_.bus.emitter<Count>();
    for (int i = 0; i < 10; ++i) emitter.emit({i});  // four fit; six are lost
    drive(io_);
    for (int i = 10; i < 12; ++i) emitter.emit({i});
    drive(io_);
    std::vector<std::pair<int, std::uint64_t>> seen;
    for (const auto& delivery : event::testing::take_all(subscription))
        seen.emplace_back(delivery->value, delivery.missed());
    using Seen = std::pair<int, std::uint64_t>;
    EXPECT_THAT(seen, testing::ElementsAre(Seen(0, 0), Seen(1, 0), Seen(2, 0), Seen(3, 0), Seen(10, 6), Seen(11, 0)));
    EXPECT_EQ(subscription.stat().lost, 6U);
}

TEST_F(ALink, ASlowStreamFillsItsOwnQueueAndSlowsNobody) {
    there_.link->serve<Count>({.capacity = 16, .on_full = event::DropOldest{}});
    auto subscription = here_.link->subscribe<Count>({.capacity = 100'000});
    run();
    back_->capacity(0);
    auto local = there_.bus.subscribe<Count>({.capacity = 100'000});
    auto emitter = there_.bus.emitter<Count>();
    for (int i = 0; i < 50'000; ++i) {
        emitter.emit({i});
        if (i % 8 == 0) drive(io_);
    }
    EXPECT_EQ(local.stat().lost, 0U);
    EXPECT_LT(there_.link->stat().held, 400'000U);
    back_->capacity(1 << 20);
    drive(io_);
    std::uint64_t got = 0, missed = 0;
    int last = -1;
    for (const auto& delivery : event::testing::take_all(subscription)) {
        ++got;
        missed += delivery.missed();
        EXPECT_EQ(delivery->value, last + 1 + static_cast<int>(delivery.missed()));
        last = delivery->value;
    }
    EXPECT_EQ(got + missed, 50'000U);
    EXPECT_GT(missed, 0U);
}

TEST_F(ALink, KillsASubscriptionThatIsTooSlowIfItIsServedSo) {
    there_.link->serve<Count>({.capacity = 2, .on_full = event::Kill{}});
    auto subscription = here_.link->subscribe<Count>();
    run();
    auto emitter = there_.bus.emitter<Count>();
    for (int i = 0; i < 3; ++i) emitter.emit({i});
    drive(io_);
    ASSERT_EQ(here_.ended.size(), 1U);
    EXPECT_EQ(here_.ended[0].reason.code, end_code::killed);
    EXPECT_EQ(here_.ended[0].types, "count");
    support::Completion<event::Delivery<Count>> receive;
    subscription.async_receive(receive.handler());
    drive(io_);
    EXPECT_EQ(receive.error(), event::errc::closed);
    EXPECT_FALSE(here_.is_over()) << "the link goes on";
}

struct Small {
    static constexpr std::size_t max_wire_size = 8;
    std::string text;
};

TEST_F(ALink, CountsEventsThatAreLargerThanTheirTypeAllowsAsMissed) {
    there_.link->serve<Small>();
    auto subscription = here_.link->subscribe<Small>();
    run();
    auto emitter = there_.bus.emitter<Small>();
    emitter.emit({"1"});
    emitter.emit({"far too long"});
    emitter.emit({"much too long"});
    emitter.emit({"2"});
    drive(io_);
    EXPECT_EQ((*subscription.try_receive())->text, "1");
    const auto second = subscription.try_receive();
    EXPECT_EQ((*second)->text, "2");
    EXPECT_EQ(second->missed(), 2U);
    EXPECT_EQ(there_.link->stat().unsendable, 2U);
}

// ---- what is retained -------------------------------------------------------------------------------------------

TEST_F(ALink, BeginsWithWhatIsRetained) {
    auto emitter = there_.bus.emitter<Count>({.retain = true});
    emitter.emit({41});
    there_.link->serve<Count>();
    auto subscription = here_.link->subscribe<Count>();
    run();
    emitter.emit({42});
    drive(io_);
    const auto first = subscription.try_receive();
    ASSERT_TRUE(first);
    EXPECT_EQ((*first)->value, 41);
    EXPECT_TRUE(first->replayed());
    const auto second = subscription.try_receive();
    EXPECT_EQ((*second)->value, 42);
    EXPECT_FALSE(second->replayed());
}

TEST_F(ALink, ShowsTheOtherSidesLatestValue) {
    there_.link->serve<Count>();
    auto value = there_.bus.value<Count>();
    value.set({1});
    const auto view = here_.link->watch<Count>();
    EXPECT_FALSE(view.try_get());
    run();
    ASSERT_TRUE(view.try_get());
    EXPECT_EQ((*view.try_get())->value, 1);
    for (int i = 2; i < 100; ++i) value.set({i});
    drive(io_);
    EXPECT_EQ((*view.try_get())->value, 99);
    EXPECT_EQ(here_.link->stat().states_received, 2U) << "not those in between";
}

TEST_F(ALink, ForgetsALatestValueThatIsForgottenThere) {
    there_.link->serve<Count>();
    auto value = there_.bus.value<Count>();
    const auto view = here_.link->watch<Count>();
    run();
    EXPECT_FALSE(view.try_get()) << "there is none yet";
    value.set({1});
    drive(io_);
    EXPECT_TRUE(view.try_get());
    there_.bus.forget<Count>();
    drive(io_);
    EXPECT_FALSE(view.try_get());
    value.set({2});
    drive(io_);
    EXPECT_EQ((*view.try_get())->value, 2);
    there_.bus.forget<Count>();
    value.set({3});
    drive(io_);
    EXPECT_EQ((*view.try_get())->value, 3);
}

TEST_F(ALink, SendsOnlyTheNewestValueToASlowStream) {
    there_.link->serve<Count>();
    auto value = there_.bus.value<Count>();
    const auto view = here_.link->watch<Count>();
    run();
    back_->capacity(0);
    for (int i = 0; i < 10'000; ++i) {
        value.set({i});
        if (i % 100 == 0) drive(io_);
    }
    back_->capacity(1 << 20);
    drive(io_);
    EXPECT_EQ((*view.try_get())->value, 9'999);
    EXPECT_LT(here_.link->stat().states_received, 4U);
}

// ---- state that is the same on both sides -----------------------------------------------------------------------

TEST_F(ALink, MirrorsTheLatestValueForAsLongAsItIsThere) {
    there_.link->serve<Count>();
    here_.link->serve<Count>();
    auto value = there_.bus.value<Count>();
    value.set({1});
    here_.link->mirror<Count>();
    auto local = here_.bus.subscribe<Count>();
    run();
    EXPECT_TRUE(here_.bus.stat<Count>().replayable);
    value.set({2});
    drive(io_);
    EXPECT_THAT(counts(local), testing::ElementsAre(1, 2));
    there_.bus.forget<Count>();
    drive(io_);
    EXPECT_FALSE(here_.bus.stat<Count>().replayable);
    value.set({3});
    drive(io_);
    EXPECT_TRUE(here_.bus.stat<Count>().replayable);
    here_.link->close();
    drive(io_);
    EXPECT_FALSE(here_.bus.stat<Count>().replayable) << "what came by the link ends with it";
    EXPECT_EQ(here_.bus.stat<Count>().emitters, 0U);
}

TEST_F(ALink, LeavesALatestValueThatThisSideHasSetSince) {
    there_.link->serve<Count>();
    there_.bus.value<Count>().set({1});
    here_.link->mirror<Count>();
    run();
    auto own = here_.bus.value<Count>();
    own.set({7});
    here_.link->close();
    drive(io_);
    ASSERT_TRUE(own.try_get());
    EXPECT_EQ((*own.try_get())->value, 7);
}

class KeyedLink : public ALink {
protected:
    using Rooms = std::map<std::string, int>;

    KeyedLink() {
        there_.link->serve<Joined>({.capacity = 4}, event::net::by_key(&Joined::peer, is_gone));
        here_.link->mirror<Joined>({}, event::retain_by(&Joined::peer));
    }
    static bool is_gone(const Joined& joined) { return joined.room < 0; }
    static Rooms rooms_of(event::EventBus& bus) {
        Rooms rooms;
        auto all = bus.subscribe<Joined>();
        for (const auto& delivery : event::testing::take_all(all)) rooms.emplace(delivery->peer, delivery->room);
        return rooms;
    }
    event::Emitter<Joined> emitter_ = there_.bus.emitter<Joined>({}, event::retain_by(&Joined::peer, is_gone));
};

TEST_F(KeyedLink, MirrorsTheLatestOfEachKey) {
    emitter_.emit({"alice", 1});
    emitter_.emit({"bob", 2});
    run();
    EXPECT_THAT(rooms_of(here_.bus), testing::ElementsAre(testing::Pair("alice", 1), testing::Pair("bob", 2)));
    emitter_.emit({"alice", 3});
    drive(io_);
    EXPECT_THAT(rooms_of(here_.bus), testing::ElementsAre(testing::Pair("alice", 3), testing::Pair("bob", 2)));
}

TEST_F(KeyedLink, ForgetsKeysThatAreRemovedOrForgottenThere) {
    for (const char* peer : {"a", "b", "c", "d"}) emitter_.emit({peer, 1});
    run();
    EXPECT_EQ(rooms_of(here_.bus).size(), 4U);
    emitter_.emit({"a", -1});
    drive(io_);
    EXPECT_THAT(rooms_of(here_.bus),
                testing::ElementsAre(testing::Pair("b", 1), testing::Pair("c", 1), testing::Pair("d", 1)));
    EXPECT_TRUE(there_.bus.forget<Joined>("c"));
    drive(io_);
    EXPECT_THAT(rooms_of(here_.bus), testing::ElementsAre(testing::Pair("b", 1), testing::Pair("d", 1)));
    there_.bus.forget<Joined>();
    drive(io_);
    EXPECT_TRUE(rooms_of(here_.bus).empty());
    emitter_.emit({"c", 5});
    drive(io_);
    EXPECT_THAT(rooms_of(here_.bus), testing::ElementsAre(testing::Pair("c", 5)));
}

TEST_F(KeyedLink, IsRightAlsoWhenMoreKeysChangeThanItsQueueHolds) {
    run();
    for (int i = 0; i < 100; ++i) emitter_.emit({"peer " + std::to_string(i), i});
    drive(io_);
    EXPECT_EQ(rooms_of(here_.bus), rooms_of(there_.bus));
    EXPECT_EQ(rooms_of(here_.bus).size(), 100U);
    for (int i = 0; i < 100; i += 2) emitter_.emit({"peer " + std::to_string(i), -1});
    drive(io_);
    EXPECT_EQ(rooms_of(here_.bus), rooms_of(there_.bus));
    EXPECT_EQ(rooms_of(here_.bus).size(), 50U);
    EXPECT_TRUE(here_.ended.empty());
}

TEST_F(KeyedLink, SendsASlowStreamTheNewestOfEachKeyOnly) {
    run();
    back_->capacity(0);
    for (int i = 0; i < 10'000; ++i) {
        emitter_.emit({"peer " + std::to_string(i % 3), i});
        if (i % 100 == 0) drive(io_);
    }
    back_->capacity(1 << 16);
    drive(io_);
    EXPECT_EQ(rooms_of(here_.bus), rooms_of(there_.bus));
    EXPECT_LT(here_.link->stat().states_received, 12U);
}

TEST_F(KeyedLink, ForgetsAllOfThemWithTheLink) {
    emitter_.emit({"a", 1});
    run();
    EXPECT_EQ(rooms_of(here_.bus).size(), 1U);
    out_->cut();
    drive(io_);
    EXPECT_TRUE(rooms_of(here_.bus).empty());
    EXPECT_EQ(rooms_of(there_.bus).size(), 1U);
}

TEST_F(ALink, RefusesToMirrorByKeyWhatIsNotServedSo) {
    there_.link->serve<Joined>();
    here_.link->mirror<Joined>({}, event::retain_by(&Joined::peer));
    run();
    ASSERT_EQ(here_.ended.size(), 1U);
    EXPECT_EQ(here_.ended[0].reason.code, end_code::not_served);
}

// ---- filters ----------------------------------------------------------------------------------------------------

TEST_F(ALink, SendsOnlyTheKeysThatAreWanted) {
    there_.link->serve<Joined, Left>({}, event::net::by_key(&Joined::room));
    auto rooms = here_.link->subscribe<Joined>(event::where_key(&Joined::room, 3, 5));
    auto mixed = here_.link->subscribe<Joined, Left>(event::where_key(&Joined::room, 7));
    run();
    auto emitter = there_.bus.emitter<Joined, Left>();
    for (int i = 0; i < 10; ++i) emitter.emit(Joined{"a", i});
    emitter.emit(Left{"b"});
    drive(io_);
    EXPECT_EQ((*rooms.try_receive())->room, 3);
    EXPECT_EQ((*rooms.try_receive())->room, 5);
    EXPECT_FALSE(rooms.try_receive());
    EXPECT_EQ(mixed.try_receive()->get_if<Joined>()->room, 7);
    EXPECT_EQ(mixed.try_receive()->get_if<Left>()->peer, "b");
    EXPECT_EQ(there_.link->stat().events_sent, 4U);
}

TEST_F(ALink, RefusesKeysOfWhatIsNotServedByKey) {
    there_.link->serve<Joined>();
    auto rooms = here_.link->subscribe<Joined>(event::where_key(&Joined::room, 3));
    run();
    ASSERT_EQ(here_.ended.size(), 1U);
    EXPECT_EQ(here_.ended[0].reason.code, end_code::not_served);
    EXPECT_THAT(here_.ended[0].reason.text, testing::HasSubstr("by key"));
}

// ---- importing --------------------------------------------------------------------------------------------------

TEST_F(ALink, EmitsWhatItImportsOnItsOwnBus) {
    there_.link->serve<Count>({.capacity = 2});
    here_.link->import <Count>();
    auto local = here_.bus.subscribe<Count>();
    run();
    auto emitter = there_.bus.emitter<Count>();
    for (int i = 0; i < 5; ++i) emitter.emit({i});
    drive(io_);
    emitter.emit({5});
    drive(io_);
    EXPECT_EQ((*local.try_receive())->value, 0);
    EXPECT_EQ((*local.try_receive())->value, 1);
    const auto last = local.try_receive();
    EXPECT_EQ((*last)->value, 5);
    EXPECT_EQ(last->missed(), 3U);
}

TEST_F(ALink, NeverSendsBackWhatCameByIt) {
    for (Node* node : {&here_, &there_}) {
        node->link->serve<Count>({.forwards = true});
        node->link->import <Count>();
    }
    auto here = here_.bus.subscribe<Count>();
    auto there = there_.bus.subscribe<Count>();
    run();
    here_.bus.emitter<Count>().emit({1});
    there_.bus.emitter<Count>().emit({2});
    drive(io_);
    EXPECT_THAT(counts(here), testing::UnorderedElementsAre(1, 2));
    EXPECT_THAT(counts(there), testing::UnorderedElementsAre(1, 2));
    EXPECT_EQ(here_.link->stat().events_sent, 1U);
    EXPECT_EQ(there_.link->stat().events_sent, 1U);
}

/// Each linked with each, all import from all: what go-libp2p-pubsub calls flooding, without going round.
TEST(AMesh, OfBusesThatImportFromEachOtherSendsNothingRound) {
    asio::io_context io;
    std::list<event::EventBus> buses;
    for (int i = 0; i < 4; ++i) buses.emplace_back(io);
    std::list<Link> all;
    const auto join = [&](event::EventBus& one, event::EventBus& other) {
        auto [a, b] = duplex::pair(io);
        for (Link* link : {&all.emplace_back(one, std::move(a)), &all.emplace_back(other, std::move(b))}) {
            link->serve<Count>();
            link->serve<Joined>({}, event::net::by_key(&Joined::peer));
            link->import <Count>();
            link->mirror<Joined>({}, event::retain_by(&Joined::peer));
            link->async_run([](error_code) {});
        }
    };
    for (auto one = buses.begin(); one != buses.end(); ++one)
        for (auto other = std::next(one); other != buses.end(); ++other) join(*one, *other);
    drive(io);
    std::list<event::Subscription<Count>> counts;
    for (auto& bus : buses) counts.push_back(bus.subscribe<Count>({.capacity = 1'000}));
    for (auto& bus : buses) {
        bus.emitter<Count>().emit({1});
        bus.emitter<Joined>({}, event::retain_by(&Joined::peer)).emit({"peer", 1});
    }
    EXPECT_LT(drive(io), 10'000U);
    for (auto& each : counts) EXPECT_EQ(each.stat().size, 4U) << "each bus's event once";
}

TEST(AStar, ForwardsWhatItsCentreIsToldTo) {
    asio::io_context io;
    event::EventBus centre(io);
    std::list<event::EventBus> buses;
    std::list<Link> all;
    std::list<event::Subscription<Count>> counts;
    for (int i = 0; i < 3; ++i) {
        auto& bus = buses.emplace_back(io);
        auto [a, b] = duplex::pair(io);
        Link& in = all.emplace_back(centre, std::move(a));
        Link& out = all.emplace_back(bus, std::move(b));
        in.serve<Count>({.forwards = true});
        out.serve<Count>();
        for (Link* link : {&in, &out}) {
            link->import <Count>();
            link->async_run([](error_code) {});
        }
        counts.push_back(bus.subscribe<Count>());
    }
    drive(io);
    buses.front().emitter<Count>().emit({7});
    drive(io);
    for (auto& each : counts) EXPECT_EQ(each.stat().size, 1U);
}

TEST_F(ALink, NorWhatIsImportedAfterTheOtherSideSubscribed) {
    here_.link->serve<Count>();
    there_.link->serve<Count>();
    auto subscription = there_.link->subscribe<Count>();
    run();
    here_.link->import <Count>();
    drive(io_);
    there_.bus.emitter<Count>().emit({1});
    drive(io_);
    EXPECT_THAT(counts(subscription), testing::ElementsAre());
}

// ---- refusals ---------------------------------------------------------------------------------------------------

TEST_F(ALink, RefusesWhatIsNotServed) {
    auto subscription = here_.link->subscribe<Count>();
    run();
    ASSERT_EQ(here_.ended.size(), 1U);
    EXPECT_EQ(here_.ended[0].types, "count");
    EXPECT_EQ(here_.ended[0].reason.code, end_code::not_served);
    EXPECT_FALSE(here_.is_over());
    support::Completion<event::Delivery<Count>> receive;
    subscription.async_receive(receive.handler());
    drive(io_);
    EXPECT_EQ(receive.error(), event::errc::closed);
}

TEST_F(ALink, RefusesTypesOfTwoGroupsInOneOrder) {
    there_.link->serve<Joined>();
    there_.link->serve<Left>();
    auto both = here_.link->subscribe<Joined, Left>();
    run();
    ASSERT_EQ(here_.ended.size(), 1U);
    EXPECT_EQ(here_.ended[0].reason.code, end_code::not_served);
    EXPECT_THAT(here_.ended[0].reason.text, testing::HasSubstr("in one order"));
}

struct OldCount {
    static constexpr std::string_view event_name = "count";
    std::string value;
};

TEST_F(ALink, RefusesATypeThatLooksOtherwiseThere) {
    there_.link->serve<OldCount>();
    auto subscription = here_.link->subscribe<Count>();
    run();
    ASSERT_EQ(here_.ended.size(), 1U);
    EXPECT_EQ(here_.ended[0].reason.code, end_code::schema_mismatch);
    EXPECT_THAT(here_.ended[0].reason.text, testing::HasSubstr("string"));
}

struct Huge {
    static constexpr std::size_t max_wire_size = 64 << 20;
    int value = 0;
};

TEST_F(ALink, RefusesWhatCannotBeServed) {
    EXPECT_THROW(there_.link->serve<Huge>(), std::invalid_argument);
    EXPECT_THROW(static_cast<void>(there_.link->subscribe<Huge>()), std::invalid_argument);
    EXPECT_THROW(there_.link->import <Huge>(), std::invalid_argument);
    EXPECT_THROW(static_cast<void>(there_.link->watch<Huge>()), std::invalid_argument);
    EXPECT_THROW(there_.link->serve<Count>({.capacity = 0}), std::invalid_argument);
    EXPECT_THROW(there_.link->serve<Count>({.on_full = event::Wait{}}), std::invalid_argument);
    EXPECT_THROW(static_cast<void>(there_.link->subscribe<Count>({.capacity = 0})), std::invalid_argument);
}

// ---- who leaves -------------------------------------------------------------------------------------------------

TEST_F(ALink, UnsubscribesWhenTheSubscriptionGoes) {
    there_.link->serve<Count>();
    std::optional<event::Subscription<Count>> subscription = here_.link->subscribe<Count>();
    run();
    EXPECT_EQ(there_.bus.stat<Count>().subscribers, 1U);
    subscription.reset();
    drive(io_);
    EXPECT_EQ(there_.bus.stat<Count>().subscribers, 0U);
    EXPECT_EQ(here_.link->stat().consuming, 0U);
    EXPECT_EQ(there_.link->stat().serving, 0U);
    EXPECT_TRUE(here_.ended.empty());
}

TEST_F(ALink, SaysNothingOfASubscriptionThatWentBeforeItOpened) {
    there_.link->serve<Count>();
    static_cast<void>(here_.link->subscribe<Count>());
    run();
    EXPECT_EQ(there_.bus.stat<Count>().subscribers, 0U);
    EXPECT_EQ(here_.link->stat().consuming, 0U);
}

TEST_F(ALink, EndsItsSubscriptionsWithTheBusThatServesThem) {
    there_.link->serve<Count>();
    auto subscription = here_.link->subscribe<Count>();
    run();
    there_.bus.emitter<Count>().emit({1});
    there_.bus.close();
    drive(io_);
    EXPECT_THAT(counts(subscription), testing::ElementsAre(1)) << "what was queued is delivered";
    ASSERT_EQ(here_.ended.size(), 1U);
    EXPECT_EQ(here_.ended[0].reason.code, end_code::closed);
    EXPECT_FALSE(here_.is_over());
}

TEST_F(Links, HaveTheirFiguresWhereItIsToldThatTheyAreOpen) {
    LinkStat seen;
    connect({.on_opened = [&](const event::net::RemoteHello&) -> std::optional<Reason> {
                seen = here_.link->stat();
                return std::nullopt;
            }},
            {.epoch = 7});
    run();
    EXPECT_EQ(seen.state, LinkState::running);
    EXPECT_EQ(seen.remote_epoch, 7U);
}

TEST_F(ALink, SaysThatItWasMovedFrom) {
    there_.link->serve<Count>();
    Link kept = std::move(*here_.link);
    Link& gone = *here_.link;
    EXPECT_THROW(gone.serve<Count>(), std::logic_error);
    EXPECT_THROW(static_cast<void>(gone.subscribe<Count>()), std::logic_error);
    EXPECT_THROW(gone.import <Count>({.name = "a name"}), std::logic_error);
    EXPECT_THROW(gone.mirror<Count>({.name = "a name"}), std::logic_error);
    EXPECT_THROW(static_cast<void>(gone.watch<Count>()), std::logic_error);
    EXPECT_THROW(gone.async_run([](const error_code&) {}), std::logic_error);
    EXPECT_THROW(static_cast<void>(gone.state()), std::logic_error);
    EXPECT_THROW(static_cast<void>(gone.stat()), std::logic_error);
    EXPECT_THROW(static_cast<void>(gone.get_executor()), std::logic_error);
    gone.close();
    EXPECT_EQ(here_.bus.report().emitters.size(), 0U);

    auto subscription = kept.subscribe<Count>();
    kept.async_run([](const error_code&) {});
    there_.run();
    drive(io_);
    there_.bus.emitter<Count>().emit({1});
    drive(io_);
    EXPECT_THAT(counts(subscription), testing::ElementsAre(1));
}

}  // namespace link_test
