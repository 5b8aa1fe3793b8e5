/// Types that are new to a bus come while somebody who listens to all of their kind keeps others waiting: they wait,
/// and nobody else does.

#include "../stress/scale.hpp"
#include "../support.hpp"
#include "busy.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>

namespace registering_mended_test {

using namespace busy;

// ---- D5: each way in which a type comes ----------------------------------------------------------------------------

struct Coming {
    const char* how;
    void (*come)(event::EventBus&);  // emits one event when it has come
};

class ANewType : public testing::TestWithParam<Coming> {
protected:
    template <class Listed>
    void comes_while_somebody_listens() {
        asio::io_context io;
        event::EventBus bus{io};
        Busy<Listed> busy(bus);
        Elsewhere coming([&] { GetParam().come(bus); });
        const auto many = register_many(bus);
        if constexpr (!std::is_same_v<Listed, AnyEvent>) come_and_go(bus);
        busy.go_on();
        coming.join();
        EXPECT_EQ(busy.heard(), 1U);
    }
};

TEST_P(ANewType, HoldsUpNobodyWhileItWaitsForAWildcard) {
    // D5: make_topic
    comes_while_somebody_listens<AnyEvent>();
}

TEST_P(ANewType, HoldsUpNobodyWhileItWaitsForABehaviour) {
    // D5: make_topic
    comes_while_somebody_listens<Implements<First>>();
}

TEST_P(ANewType, WaitsForThreeBehavioursOneAfterTheOther) {
    // D5: and so for three locks
    asio::io_context io;
    event::EventBus bus{io};
    Busy<Implements<First>, Old<First>> first(bus);
    Busy<Implements<Second>, Old<Second>> second(bus);
    Busy<Implements<Third>, Old<Third>> third(bus);
    Elsewhere coming([&] { GetParam().come(bus); });
    come_and_go(bus);
    second.go_on();
    come_and_go(bus);
    first.go_on();
    come_and_go(bus);
    third.go_on();
    coming.join();
    EXPECT_EQ(first.heard(), 1U);
    EXPECT_EQ(second.heard(), 1U);
    EXPECT_EQ(third.heard(), 1U);
}

INSTANTIATE_TEST_SUITE_P(
    Mended, ANewType,
    testing::Values(
        Coming{"OfAnEmitter", [](event::EventBus& bus) { bus.emitter<New>().emit({}); }},
        Coming{"OfAnEmitterOfMore",
               [](event::EventBus& bus) { bus.emitter<New, Old<First>, OtherNew>().emit<OtherNew>({}); }},
        Coming{"OfAnExclusiveEmitter", [](event::EventBus& bus) { bus.emitter<New>({.exclusive = true}).emit({}); }},
        Coming{"OfARetainingEmitter", [](event::EventBus& bus) { bus.emitter<New>({.retain = true}).emit({}); }},
        Coming{"OfASubscription",
               [](event::EventBus& bus) {
                   auto subscription = bus.subscribe<New>();
                   bus.emitter<New>().emit({});
                   EXPECT_TRUE(subscription.try_receive());
               }},
        Coming{"OfASubscriptionToMore",
               [](event::EventBus& bus) {
                   auto subscription = bus.subscribe<OtherNew, Unrelated, New>();
                   bus.emitter<New>().emit({});
                   EXPECT_TRUE(subscription.try_receive());
               }},
        Coming{"OfAWatcher",
               [](event::EventBus& bus) {
                   auto watcher = bus.watch<New>();
                   bus.emitter<New>().emit({});
                   EXPECT_TRUE(watcher.try_get());
               }},
        Coming{"OfAValue", [](event::EventBus& bus) { bus.value<New>().set({}); }},
        Coming{"ThatIsCounted",
               [](event::EventBus& bus) {
                   const auto count = bus.subscriber_count<New>();
                   EXPECT_TRUE(count.try_get());
                   bus.emitter<New>().emit({});
               }},
        Coming{"ThatPassesBy",
               [](event::EventBus& bus) {
                   asio::io_context io;
                   event::EventBus from{io};
                   auto all = from.subscribe<AnyEvent>();
                   from.emitter<New>().emit({});
                   EXPECT_NE(bus.emit(**all.try_receive()).delivered, 0U);
               }}),
    [](const auto& tested) { return std::string(tested.param.how); });

// ---- D5: what happens while it comes -------------------------------------------------------------------------------

class WhileANewTypeComes : public testing::Test {
protected:
    asio::io_context io_;
    event::EventBus bus_{io_};
};

TEST_F(WhileANewTypeComes, AnotherThreadBringsItToo) {
    // D5: whichever is first, both find the same, and it is listened to
    Busy<AnyEvent> busy(bus_);
    const auto come = [this] { EXPECT_EQ(bus_.emitter<New>().emit({}).delivered, 1U); };
    Elsewhere one(come), other(come), third([&] { bus_.emitter<OtherNew, New>().emit<OtherNew>({}); });
    const auto many = register_many(bus_);
    busy.go_on();
    one.join();
    other.join();
    third.join();
    EXPECT_EQ(busy.heard(), 3U);
}

TEST_F(WhileANewTypeComes, AWildcardDoesToo) {
    // D5: it hears it once, whichever is first
    Busy<Implements<First>> busy(bus_);
    Elsewhere coming([this] { bus_.emitter<New>().emit({}); });
    std::optional<event::Subscription<AnyEvent>> all;
    Elsewhere listening([&] { all = bus_.subscribe<AnyEvent>(); });
    come_and_go(bus_);
    busy.go_on();
    coming.join();
    listening.join();
    static_cast<void>(take_all(*all));
    EXPECT_EQ(busy.heard(), 1U);
    EXPECT_EQ(bus_.emitter<New>().emit({}).delivered, 2U);
    EXPECT_EQ(take_all(*all).size(), 1U);
    EXPECT_EQ(busy.heard(), 1U);
}

TEST_F(WhileANewTypeComes, WhoListensCloses) {
    // D5: in the filter, so when its emit is done
    Busy<AnyEvent> busy(bus_, {.last_act = [](auto& listening) { listening.queue.close(); }});
    Elsewhere coming([this] { bus_.emitter<New>().emit({}); });
    const auto many = register_many(bus_);
    busy.go_on();
    coming.join();
    EXPECT_EQ(bus_.emitter<New>().emit({}).subscribers, 0U);
    auto all = bus_.subscribe<AnyEvent>();
    EXPECT_EQ(bus_.emitter<New>().emit({}).delivered, 1U);
}

TEST_F(WhileANewTypeComes, WhoListensIsKilled) {
    // D5: by the last of the three events
    Busy<AnyEvent> busy(bus_, {.unwanted = 1, .options = {.capacity = 1, .on_full = event::Kill{}}});
    Elsewhere coming([this] { EXPECT_EQ(bus_.emitter<New>().emit({}).subscribers, 0U); });
    const auto many = register_many(bus_);
    busy.go_on();
    coming.join();
    EXPECT_TRUE(busy.queue.stat().killed);
    busy.queue.close();
    EXPECT_EQ(bus_.emitter<New>().emit({}).subscribers, 0U);
}

TEST_F(WhileANewTypeComes, TheBusCloses) {
    // D5: it has come, or is told so
    Busy<AnyEvent> busy(bus_);
    error_code error;
    Elsewhere coming([&] { static_cast<void>(bus_.emitter<New>({}, error)); });
    Elsewhere closing([this] { bus_.close(); });
    busy.go_on();
    coming.join();
    closing.join();
    EXPECT_TRUE(!error || error == event::errc::closed);
    EXPECT_EQ(bus_.stat<New>().emitters, 0U);
}

struct Clashing {
    static constexpr std::string_view event_name = "registering_mended_test.name";
    int one;
};
struct Namesake {
    static constexpr std::string_view event_name = "registering_mended_test.name";
    std::array<int, 2> two;
};

TEST_F(WhileANewTypeComes, ItsNameIsWantedForAnother) {
    // D5: the first who has come has it, and the other may come when that has gone
    Busy<AnyEvent> busy(bus_);
    std::optional<event::Emitter<Clashing>> clashing;
    std::optional<event::Emitter<Namesake>> namesake;
    error_code error, other_error;
    Elsewhere one([&] { clashing = bus_.emitter<Clashing>({}, error); });
    Elsewhere other([&] { namesake = bus_.emitter<Namesake>({}, other_error); });
    const auto many = register_many(bus_);
    busy.go_on();
    one.join();
    other.join();
    EXPECT_NE(clashing->is_open(), namesake->is_open());
    EXPECT_EQ(clashing->is_open() ? other_error : error, event::errc::name_clash);
    EXPECT_EQ(clashing->emit({1}).delivered + namesake->emit({{1, 2}}).delivered, 1U);
    clashing->close();
    namesake->close();
    EXPECT_EQ(bus_.emitter<Clashing>().emit({1}).delivered, 1U);
    EXPECT_EQ(bus_.emitter<Namesake>().emit({{1, 2}}).delivered, 1U);
    EXPECT_EQ(busy.heard(), 3U);
}

TEST_F(WhileANewTypeComes, ItIsRefused) {
    // D5: nothing is left of it, and it may come again
    Busy<AnyEvent> busy(bus_);
    error_code error;
    Elsewhere coming([&] { static_cast<void>(bus_.emitter<New, Old<First>>({.exclusive = true}, error)); });
    const auto many = register_many(bus_);
    busy.go_on();
    coming.join();
    EXPECT_EQ(error, event::errc::emitter_exists);
    EXPECT_THAT(bus_.report().topics, testing::SizeIs(1));
    EXPECT_EQ(bus_.emitter<New>().emit({}).delivered, 1U);
    EXPECT_EQ(busy.heard(), 1U);
}

TEST_F(WhileANewTypeComes, AFilterOfAnotherBusBringsIt) {
    // D5: that waits for nobody
    auto all = bus_.subscribe<AnyEvent>();
    event::EventBus other{io_};
    auto filtered = other.subscribe<Unrelated>({}, event::where([this](const Unrelated&) {
                                                   bus_.emitter<New>().emit({});
                                                   return true;
                                               }));
    EXPECT_EQ(other.emitter<Unrelated>().emit({}).delivered, 1U);
    EXPECT_EQ(take_all(all).size(), 1U);
}

// ---- D5: beside those who emit in a loop ---------------------------------------------------------------------------

/// Emits one event after the other until the end of the scope.
template <class Event>
class EmitsInALoop {
public:
    explicit EmitsInALoop(event::EventBus& bus)
        : emitting_([this, emitter = bus.emitter<Event>()] {
              while (!stop_) emitter.emit({});
          }) {}
    EmitsInALoop(const EmitsInALoop&) = delete;
    EmitsInALoop& operator=(const EmitsInALoop&) = delete;
    ~EmitsInALoop() {
        stop_ = true;
        emitting_.join();
    }

private:
    std::atomic<bool> stop_{false};
    std::thread emitting_;
};

/// Calls `f` with one type after the other.
template <int... I, class F>
void for_each_new_type(std::integer_sequence<int, I...>, F f) {
    (f(std::type_identity<Numbered<I>>()), ...);
}
using ManyTypes = std::make_integer_sequence<int, 24>;

TEST(NewTypes, GetTheirTurnBesideThoseWhoEmit) {
    // D5
    asio::io_context io;
    event::EventBus bus{io};
    auto all = bus.subscribe<AnyEvent>({.on_full = event::Drop{}});
    const EmitsInALoop<Old<First>> first(bus);
    const EmitsInALoop<Old<Second>> second(bus);
    std::uint64_t last = 0;
    for_each_new_type(ManyTypes(), [&]<class T>(std::type_identity<T>) {
        auto own = bus.subscribe<T>();
        EXPECT_EQ(bus.emitter<T>().emit({}).subscribers, 2U);
        const auto delivery = own.try_receive();
        ASSERT_TRUE(delivery);
        EXPECT_GT(delivery->sequence(), std::exchange(last, delivery->sequence()));
    });
}

TEST(NewTypes, AreHeardOnceByEachWhoListened) {
    // D5: several threads bring the same, while others begin and end to listen to them
    for (int i = 0; i < stress::rounds(10); ++i) {
        asio::io_context io;
        event::EventBus bus{io};
        const event::SubscriptionOptions roomy{.capacity = 1'000};
        auto all = bus.subscribe<AnyEvent>(roomy);
        auto third = bus.subscribe<Implements<Third>>(roomy);
        const auto bring = [&bus] {
            for_each_new_type(ManyTypes(), [&]<class T>(std::type_identity<T>) {
                EXPECT_GE(bus.emitter<T>().emit({}).delivered, 2U);
            });
        };
        {
            Elsewhere one(bring), other(bring), listening([&bus] {
                for_each_new_type(ManyTypes(), [&]<class T>(std::type_identity<T>) {
                    auto first = bus.subscribe<Implements<First>>({.on_full = event::Drop{}});
                    auto everything = bus.subscribe<AnyEvent>({.on_full = event::Drop{}});
                    EXPECT_EQ(bus.emitter<T>().emit({}).subscribers, 4U);
                });
            });
        }
        EXPECT_EQ(take_all(all).size(), 3 * ManyTypes::size());
        EXPECT_EQ(take_all(third).size(), 3 * ManyTypes::size());
    }
}

}  // namespace registering_mended_test
