#include "support.hpp"

#include <boost/system/errc.hpp>

#include <atomic>
#include <cstddef>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace where_test {

using namespace support;
using event::AnyEvent;
using event::Implements;
using event::where;

constexpr auto is_odd = [](const Number& number) { return number.value % 2 != 0; };
constexpr auto deadlock = boost::system::errc::resource_deadlock_would_occur;

TEST(Where, TakesNoSlot) {
    asio::io_context io;
    event::EventBus bus{io};
    auto odd = bus.subscribe<Number>({.capacity = 2, .on_full = event::Drop{}}, where(is_odd));
    auto emitter = bus.emitter<Number>();
    for (int i = 0; i < 4; ++i) {
        const event::EmitResult result = emitter.emit({i});
        EXPECT_EQ(result.subscribers, 1U);
        EXPECT_EQ(result.rejected, i % 2 == 0 ? 1U : 0U);
        EXPECT_EQ(result.delivered, i % 2 == 0 ? 0U : 1U);
        EXPECT_EQ(result.lost(), 0U);
    }
    EXPECT_EQ(emitter.emit({4}).rejected, 1U);  // a full queue does not lose what it does not want
    EXPECT_EQ(emitter.emit({5}).refused, 1U);
    const event::SubscriptionStat stat = odd.stat();
    EXPECT_EQ(stat.rejected, 3U);
    EXPECT_EQ(stat.lost, 1U);
    EXPECT_EQ(stat.high_water, 2U);
    const auto all = take_all(odd);
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0]->value, 1);
    EXPECT_EQ(all[0].missed(), 0U);
    EXPECT_EQ(all[1]->value, 3);
    EXPECT_EQ(all[1].missed(), 0U);
}

TEST(Where, WakesNobodyForWhatItRejects) {
    asio::io_context io;
    event::EventBus bus{io};
    auto odd = bus.subscribe<Number>({}, where(is_odd));
    auto emitter = bus.emitter<Number>();
    Completion<event::Delivery<Number>> received;
    odd.async_receive(received.handler());
    emitter.emit({2});
    EXPECT_EQ(drive(io), 0U);
    emitter.emit({3});
    drive(io);
    ASSERT_TRUE(received.done());
    EXPECT_EQ(received.value()->value, 3);
}

TEST(Where, FiltersEachTypeByItsOverload) {
    struct Wanted {
        bool operator()(const Number& number) const { return number.value > 1; }
        bool operator()(const Text& text) const { return text.value != "no"; }
    };
    asio::io_context io;
    event::EventBus bus{io};
    auto some = bus.subscribe<Number, Letter, Text>({}, where(Wanted{}));
    auto emitter = bus.emitter<Number, Letter, Text>();
    emitter.emit<Number>({1});
    emitter.emit<Letter>({'a'});  // nothing is said of letters: they are wanted
    emitter.emit<Text>({"no"});
    emitter.emit<Number>({2});
    emitter.emit<Text>({"yes"});
    std::string all;
    for (const auto& delivery : take_all(some)) all += std::to_string(delivery.index());
    EXPECT_EQ(all, "102");
}

TEST(Where, FiltersRetainedEvents) {
    asio::io_context io;
    event::EventBus bus{io};
    auto number = bus.emitter<Number>({.retain = true});
    auto text = bus.emitter<Text>({.retain = true});
    number.emit({2});
    text.emit({"two"});
    auto odd = bus.subscribe<Number, Text>({}, where(is_odd));
    EXPECT_EQ(odd.stat().rejected, 1U);
    auto all = take_all(odd);
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].get_if<Text>()->value, "two");
    EXPECT_TRUE(all[0].replayed());
    auto none = bus.subscribe<Text>({}, where([](const Text&) { return false; }));
    EXPECT_FALSE(none.try_receive());
}

struct Found {
    int peer = 0;
};
struct Inline : Found {
    using event_interfaces = event::Interfaces<Found>;
};
struct Shared : Found {
    using event_interfaces = event::Interfaces<Found>;
    std::string how;
};

TEST(Where, FiltersBehavioursAndAnyEvent) {
    asio::io_context io;
    event::EventBus bus{io};
    auto found = bus.subscribe<Implements<Found>>({}, where([](const Found& event) { return event.peer > 1; }));
    auto any = bus.subscribe<AnyEvent>({}, where([](const AnyEvent& event) { return event.get_if<Inline>(); }));
    auto copied = bus.emitter<Inline>();
    auto shared = bus.emitter<Shared>();
    for (int peer = 1; peer <= 2; ++peer) {
        Inline small;
        small.peer = peer;
        const event::EmitResult result = copied.emit(small);
        EXPECT_EQ(result.subscribers, 2U);
        EXPECT_EQ(result.rejected, peer == 1 ? 1U : 0U);
        Shared large;
        large.peer = peer;
        EXPECT_EQ(shared.emit(large).rejected, peer == 1 ? 2U : 1U);
    }
    EXPECT_EQ(take_all(found).size(), 2U);
    EXPECT_EQ(take_all(any).size(), 2U);
}

TEST(Where, IsForHandlersToo) {
    asio::io_context io;
    event::EventBus bus{io};
    std::vector<int> heard;
    auto odd = bus.subscribe<Number>({}, [&](const Number& number) { heard.push_back(number.value); }, where(is_odd));
    auto emitter = bus.emitter<Number>();
    for (int i = 0; i < 5; ++i) emitter.emit({i});
    drive(io);
    EXPECT_EQ(heard, (std::vector<int>{1, 3}));
}

TEST(Where, GoesWithEveryPolicy) {
    const std::vector<event::Backpressure> policies{event::Notify{}, event::Drop{}, event::DropOldest{},
                                                    event::Latest{}, event::Kill{}, event::Wait{}};
    for (const event::Backpressure& policy : policies) {
        asio::io_context io;
        event::EventBus bus{io, {.on_slow_subscriber = [](const auto&) {}}};
        auto odd = bus.subscribe<Number>({.capacity = 1, .on_full = policy}, where(is_odd));
        auto emitter = bus.emitter<Number>();
        EXPECT_EQ(emitter.emit({1}).delivered, 1U);
        EXPECT_EQ(emitter.emit({2}).rejected, 1U);
        EXPECT_FALSE(odd.stat().killed);
        EXPECT_EQ(numbers(odd), (std::vector<int>{1}));
    }
}

// ---- a filter that throws ---------------------------------------------------------------------------------------

constexpr auto throws = [](const Number& number) -> bool { throw std::runtime_error(std::to_string(number.value)); };

TEST(Where, ThrowingIsARejectionAndReachesTheEmitterAfterAllWereServed) {
    asio::io_context io;
    event::EventBus bus{io};
    auto before = bus.subscribe<Number>();
    auto thrower = bus.subscribe<Number>({}, where(throws));
    auto after = bus.subscribe<Number>();
    auto emitter = bus.emitter<Number>({.retain = true});
    EXPECT_THROW(emitter.emit({7}), std::runtime_error);
    EXPECT_EQ(numbers(before), (std::vector<int>{7}));
    EXPECT_EQ(numbers(after), (std::vector<int>{7}));
    EXPECT_EQ(thrower.stat().rejected, 1U);
    EXPECT_FALSE(thrower.try_receive());
    EXPECT_TRUE(bus.stat<Number>().replayable);

    const std::vector<Number> three{{1}, {2}, {3}};
    try {
        emitter.emit_all(std::span<const Number>(three));
        ADD_FAILURE() << "nothing was thrown";
    } catch (const std::runtime_error& error) {
        EXPECT_STREQ(error.what(), "1");  // the first one
    }
    EXPECT_EQ(numbers(after), (std::vector<int>{1, 2, 3}));
}

TEST(Where, WhatSeveralThrowIsThrownOnceWithEveryCallbackCalled) {
    asio::io_context io;
    event::EventBus bus{io};
    int called = 0;
    auto full = bus.subscribe<Number>({.capacity = 1, .on_full = event::Notify{[&](const event::SlowSubscriber&) {
                                                          ++called;
                                                          throw std::logic_error("a callback");
                                                      }}});
    auto one = bus.subscribe<Number>({}, where(throws));
    auto two = bus.subscribe<Number>({}, where(throws));
    auto emitter = bus.emitter<Number>();
    EXPECT_THROW(emitter.emit({1}), std::runtime_error);
    EXPECT_THROW(emitter.emit({2}), std::runtime_error);
    EXPECT_EQ(called, 1);
}

TEST(Where, WhatItThrowsDuringAsyncEmitComesOutOfRun) {
    asio::io_context io;
    event::EventBus bus{io};
    auto thrower = bus.subscribe<Text>({}, where([](const Text&) -> bool { throw std::runtime_error("no"); }));
    auto emitter = bus.emitter<Text>();
    Completion<event::EmitResult> emitted;
    emitter.async_emit({"text"}, emitted.handler());
    io.restart();
    EXPECT_THROW(io.poll(), std::runtime_error);
    drive(io);
    ASSERT_TRUE(emitted.done());
    EXPECT_EQ(emitted.value().rejected, 1U);
}

TEST(Where, ThrowingOfARetainedEventLeavesNoSubscription) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Number, Text>({.retain = true});
    emitter.emit<Number>({1});
    emitter.emit<Text>({"kept"});
    const auto subscribe = [&] { return bus.subscribe<Number, Text>({.name = "thrower"}, where(throws)); };
    EXPECT_THROW(static_cast<void>(subscribe()), std::runtime_error);
    EXPECT_EQ(bus.stat<Number>().subscribers, 0U);
    EXPECT_TRUE(bus.report().subscriptions.empty());
    EXPECT_NO_THROW(emitter.emit<Number>({2}));
    bool was_called = false;
    const auto handler = [&](const Number&) { was_called = true; };
    EXPECT_THROW(static_cast<void>(bus.subscribe<Number>({}, handler, where(throws))), std::runtime_error);
    drive(io);
    EXPECT_FALSE(was_called);
}

// ---- a filter that uses its bus -----------------------------------------------------------------------------------

template <class Use>
void expect_refusal(Use use) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Number>();
    auto misuse = bus.subscribe<Number>({}, where([&](const Number& number) {
                                            if (number.value == 1) use(bus, emitter);
                                            return true;
                                        }));
    auto other = bus.subscribe<Number>();
    try {
        emitter.emit({1});
        ADD_FAILURE() << "nothing was thrown";
    } catch (const boost::system::system_error& error) {
        EXPECT_EQ(error.code(), deadlock) << error.what();
    }
    EXPECT_EQ(misuse.stat().rejected, 1U);
    EXPECT_EQ(numbers(other), (std::vector<int>{1}));
    EXPECT_NO_THROW(emitter.emit({2}));  // and all goes on
    EXPECT_EQ(numbers(misuse), (std::vector<int>{2}));
    auto late = bus.subscribe<Number>();
    EXPECT_EQ(bus.stat<Number>().subscribers, 3U);
}

TEST(Where, MustNotEmitItsTypes) {
    expect_refusal([](event::EventBus&, auto& emitter) { emitter.emit({3}); });
    expect_refusal([](event::EventBus&, auto& emitter) {
        const std::vector<Number> more{{3}, {4}};
        emitter.emit_all(std::span<const Number>(more));
    });
    expect_refusal([](event::EventBus&, auto& emitter) { emitter.async_emit({3}, asio::detached); });
}
TEST(Where, MustNotRegister) {
    expect_refusal([](event::EventBus& bus, auto&) { auto subscription = bus.subscribe<Text>(); });
    expect_refusal([](event::EventBus& bus, auto&) { auto emitter = bus.emitter<Number>(); });
    expect_refusal([](event::EventBus& bus, auto&) { auto value = bus.value<Text>(); });
    expect_refusal([](event::EventBus& bus, auto&) { auto report = bus.report(); });
    expect_refusal([](event::EventBus& bus, auto&) { static_cast<void>(bus.stat<Number>()); });
}

TEST(Where, MustNotEmitSharedEventsOfItsTypes) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Text>();
    auto misuse = bus.subscribe<Text>({}, where([&](const Text& text) {
                                          emitter.emit({text.value + text.value});
                                          return true;
                                      }));
    EXPECT_THROW(emitter.emit({"a text that is long enough for memory of its own"}), boost::system::system_error);
    EXPECT_FALSE(misuse.try_receive());
}

TEST(Where, MustNotUseItsBusForARetainedEvent) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Number>({.retain = true});
    emitter.emit({1});
    const auto subscribe = [&] {
        return bus.subscribe<Number>({}, where([&](const Number&) { return bus.stat<Number>().emitted != 0; }));
    };
    EXPECT_THROW(static_cast<void>(subscribe()), boost::system::system_error);
    EXPECT_EQ(bus.stat<Number>().subscribers, 0U);
}

TEST(Where, MayUseAnotherBus) {
    asio::io_context io;
    event::EventBus bus{io};
    event::EventBus other{io};
    auto there = other.subscribe<Number>({}, where(is_odd));
    auto from_here = other.emitter<Number>();
    auto here = bus.subscribe<Number>({}, where([&](const Number& number) {
                                          from_here.emit(number);
                                          return other.stat<Number>().subscribers == 1;
                                      }));
    auto emitter = bus.emitter<Number>();
    for (int i = 0; i < 4; ++i) EXPECT_EQ(emitter.emit({i}).delivered, 1U);
    EXPECT_EQ(numbers(there), (std::vector<int>{1, 3}));
}

TEST(Where, TwoThatEmitIntoEachOtherDoNotWaitForEver) {
    asio::io_context io;
    event::EventBus bus{io};
    auto number = bus.emitter<Number>();
    auto letter = bus.emitter<Letter>();
    std::atomic<int> running{0};
    const auto meet = [&] {
        ++running;
        while (running < 2) std::this_thread::yield();
    };
    auto numbers = bus.subscribe<Number>({}, where([&](const Number& event) {
                                             if (event.value != 0) return true;
                                             meet();
                                             letter.emit({'b'});
                                             return true;
                                         }));
    auto letters = bus.subscribe<Letter>({}, where([&](const Letter& event) {
                                             if (event.value != 'a') return true;
                                             meet();
                                             number.emit({2});
                                             return true;
                                         }));
    std::atomic<int> refused{0};
    const auto emit = [&](const auto& emitter, const auto& event) {
        try {
            emitter.emit(event);
        } catch (const boost::system::system_error& error) {
            if (error.code() == deadlock) ++refused;
        }
    };
    std::thread left([&] { emit(number, Number{0}); });
    std::thread right([&] { emit(letter, Letter{'a'}); });
    left.join();
    right.join();
    EXPECT_GE(refused, 1);
}

TEST(Where, MayReadAValueThatIsBeingSet) {
    asio::io_context io;
    event::EventBus bus{io};
    event::Value<int> least{io, 0};
    std::atomic<bool> is_done{false};
    std::thread setting([&] {
        for (int i = 0; !is_done; ++i) least.set(i % 2);
    });
    auto some = bus.subscribe<Number>({.capacity = 20'000},
                                      where([&](const Number& number) { return number.value > **least.try_get(); }));
    auto emitter = bus.emitter<Number>();
    for (int i = 0; i < 20'000; ++i) emitter.emit({2});
    is_done = true;
    setting.join();
    EXPECT_EQ(some.stat().rejected, 0U);
}

TEST(Where, MayCatchTheRefusal) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Number>();
    auto careful = bus.subscribe<Number>({}, where([&](const Number& number) {
                                             try {
                                                 emitter.emit(number);
                                             } catch (const boost::system::system_error&) {
                                                 return true;
                                             }
                                             return false;
                                         }));
    EXPECT_EQ(emitter.emit({1}).delivered, 1U);
}

TEST(Where, LosesNothingOfWhatAReceiveHadTakenWhereItCannotTakeMore) {
    struct Item {
        int value = 0;
        std::shared_ptr<void> end = {};
    };
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Item>();
    auto items = bus.subscribe<Item>({.on_full = event::DropOldest{}});
    std::atomic<bool> is_held{false}, is_over{false};
    auto holding = bus.subscribe<Item>({}, where([&](const Item& item) {
                                           if (item.value != -1) return true;
                                           is_held = true;
                                           while (!is_over) std::this_thread::yield();
                                           return false;
                                       }));
    // of what lies in the span from before, the last goes when the receive has taken some: then the lock is another's
    std::vector<event::Delivery<Item>> into(20);
    std::thread other;
    emitter.emit({0, std::shared_ptr<void>(nullptr, [&](void*) {
                      other = std::thread([&] { emitter.emit({-1}); });
                      while (!is_held) std::this_thread::yield();
                  })});
    into.back() = std::move(*items.try_receive());
    for (int i = 0; i < 20; ++i) emitter.emit({i});
    take_all(holding);

    std::vector<int> values;
    const auto receive = [&](error_code error, std::size_t count) {
        EXPECT_FALSE(error);
        for (std::size_t i = 0; i < count; ++i) values.push_back(into[i]->value);
    };
    items.async_receive_some(std::span(into), receive);
    auto letters = bus.subscribe<Letter>({}, where([&](const Letter&) {
                                             EXPECT_NO_THROW(io.poll());
                                             return false;
                                         }));
    bus.emitter<Letter>().emit({'a'});
    is_over = true;
    other.join();
    items.async_receive_some(std::span(into), receive);
    drive(io);
    ASSERT_EQ(values.size(), 21U);
    for (int i = 0; i < 20; ++i) EXPECT_EQ(values[static_cast<std::size_t>(i)], i);
    EXPECT_EQ(values.back(), -1);
}

TEST(Where, IsCalledByOneThreadAtATime) {
    asio::io_context io;
    event::EventBus bus{io};
    int calls = 0;  // not atomic: the order is one
    auto odd = bus.subscribe<Number>({.capacity = 4000}, where([&](const Number& number) {
                                         ++calls;
                                         return number.value % 2 != 0;
                                     }));
    const auto emit = [&] {
        auto emitter = bus.emitter<Number>();
        for (int i = 0; i < 2000; ++i) emitter.emit({i});
    };
    std::thread left(emit);
    std::thread right(emit);
    left.join();
    right.join();
    EXPECT_EQ(calls, 4000);
    EXPECT_EQ(odd.stat().rejected, 2000U);
    EXPECT_EQ(take_all(odd).size(), 2000U);
}

}  // namespace where_test
