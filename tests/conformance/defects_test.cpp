/// What other systems suffered from and cannot happen here; each test bears the name of what cannot. The rows (E01 …)
/// are those of the table in README.md beside this file, which also says where E16 and E20 are dealt with. Where a
/// defect was a hang, so is the failure of its test.

#include "support.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <future>
#include <mutex>
#include <thread>
#include <utility>

namespace defects_test {

using namespace support;
using namespace asio::experimental::awaitable_operators;
using event::AnyEvent;

/// Slow subscribers are what these tests are about; nobody needs to be told.
event::BusOptions quiet() {
    return {.on_slow_subscriber = [](const event::SlowSubscriber&) {}};
}

const std::vector<event::Backpressure>& policies() {
    static const std::vector<event::Backpressure> all{event::Notify{}, event::Drop{}, event::DropOldest{},
                                                      event::Latest{}, event::Kill{}, event::Wait{}};
    return all;
}

/// An emit of a `Number` that does not return as long as this lives: it hangs in the callback of a slow subscriber,
/// the only thing that can hold up an emit at all.
class StalledEmit {
public:
    explicit StalledEmit(event::EventBus& bus)
        : emitter_(bus.emitter<Number>()),
          slow_(bus.subscribe<Number>({.capacity = 1, .on_full = event::Notify{[this](const event::SlowSubscriber&) {
                                                          entered_.set_value();
                                                          may_leave_.get_future().wait();
                                                      }}})) {
        emitter_.emit({-1});
        thread_ = std::thread([this] { emitter_.emit({-2}); });
        entered_.get_future().wait();
    }
    ~StalledEmit() {
        may_leave_.set_value();
        thread_.join();
    }

private:
    std::promise<void> entered_;
    std::promise<void> may_leave_;
    event::Emitter<Number> emitter_;
    event::Subscription<Number> slow_;
    std::thread thread_;
};

// E01: the node's mutex was held while a full subscriber was waited for, and with it all other emitters of the type.
// libp2p/go-libp2p#3120, #3121, libp2p/go-libp2p-kad-dht#1007, ipfs/kubo#10778
TEST(CannotHappen, EmitBlocksOnASlowSubscriber) {
    asio::io_context io;
    event::EventBus bus{io, quiet()};
    auto full = bus.subscribe<Number>({.capacity = 1, .on_full = event::Wait{}});
    auto fast = bus.subscribe<Number>({.capacity = 500});
    const StalledEmit stalled(bus);
    auto emitter = bus.emitter<Number>();
    Completion<event::EmitResult> waiting;
    emitter.async_emit({0}, waiting.handler());
    drive(io);
    EXPECT_TRUE(waiting.pending()) << "one subscriber is really full";
    std::vector<std::thread> others;
    for (int i = 0; i < 3; ++i) {
        others.emplace_back([&bus] {
            auto other = bus.emitter<Number>();
            for (int j = 0; j < 100; ++j) other.emit({j});
        });
    }
    for (auto& other : others) other.join();
    EXPECT_EQ(numbers(fast).size(), 302U);
    EXPECT_TRUE(waiting.pending());
}

// E02: who registered for a stalled type waited for its lock with that of the whole bus in his hands.
// libp2p/go-libp2p p2p/host/eventbus/basic.go, withNode
TEST(CannotHappen, AStalledTopicFreezesRegistration) {
    asio::io_context io;
    event::EventBus bus{io, quiet()};
    auto letters = bus.emitter<Letter>();
    const StalledEmit stalled(bus);
    auto same = bus.subscribe<Number>();
    auto other = bus.subscribe<Letter>();
    auto both = bus.subscribe<Number, Letter>();
    auto all = bus.subscribe<AnyEvent>();
    EXPECT_EQ(bus.report().topics.size(), 2U);
    EXPECT_EQ(letters.emit({'x'}).delivered, 3U);
    EXPECT_EQ(bus.emitter<Number>().emit({1}).delivered, 3U);
    same.close();
    letters.close();
    EXPECT_EQ(bus.stat<Letter>().emitters, 0U);
    EXPECT_EQ(bus.stat<Number>().subscribers, 2U);
}

// E03: one event was offered to its subscribers one after the other, each waiting for the one before.
// libp2p/go-libp2p p2p/host/eventbus/basic.go, node.emit
TEST(CannotHappen, AFastSubscriberStarvesBehindAStalledOne) {
    for (const event::Backpressure& policy : policies()) {
        asio::io_context io;
        event::EventBus bus{io, quiet()};
        auto emitter = bus.emitter<Number>();
        auto before = bus.subscribe<Number>({.capacity = 1, .on_full = policy});
        auto fast = bus.subscribe<Number>({.capacity = 100});
        auto after = bus.subscribe<Number>({.capacity = 1, .on_full = policy});
        auto all = bus.subscribe<AnyEvent>({.capacity = 1});
        auto all_fast = bus.subscribe<AnyEvent>({.capacity = 100});
        for (int i = 0; i < 100; ++i) emitter.emit({i});
        const auto received = numbers(fast);
        ASSERT_EQ(received.size(), 100U) << policy.index();
        for (int i = 0; i < 100; ++i) EXPECT_EQ(received[static_cast<std::size_t>(i)], i);
        EXPECT_EQ(take_all(all_fast).size(), 100U);
    }
}

// E04: the swarm emitted under the lock of its connections, and the subscriber needed that lock to make room.
// libp2p/go-libp2p#2373, #3503, tailscale/tailscale#17973
TEST(CannotHappen, EmittingUnderALockThatTheSubscriberNeedsDeadlocks) {
    asio::thread_pool pool(1);
    event::EventBus bus{pool};
    auto emitter = bus.emitter<Number>();
    std::mutex connections;
    std::promise<void> handling;
    std::size_t handled = 0;
    auto subscription = bus.subscribe<Number>({.capacity = 1, .on_full = event::Drop{}}, [&](const Number& number) {
        if (number.value == 0) handling.set_value();
        const std::lock_guard lock(connections);
        ++handled;
    });
    std::size_t delivered = 0;
    std::size_t refused = 0;
    {
        const std::lock_guard lock(connections);
        emitter.emit({0});
        handling.get_future().wait();  // the handler is waiting for the lock, or about to
        for (int i = 1; i <= 100; ++i) {
            const event::EmitResult result = emitter.emit({i});
            delivered += result.delivered;
            refused += result.refused;
        }
    }
    subscription.close_after_drain();
    pool.join();
    EXPECT_EQ(delivered, 1U);
    EXPECT_EQ(refused, 99U);
    EXPECT_EQ(handled, 2U);
}

// E05: a goroutine brought the retained event some time after Subscribe had returned; who looked at once missed it.
// libp2p/go-eventbus 287e218, libp2p/go-libp2p addrs_manager.go
TEST(CannotHappen, SubscribeReturnsBeforeTheRetainedEventIsThere) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Number>({.retain = true});
    emitter.emit({0});
    std::atomic<int> missing{0};
    std::vector<std::thread> subscribers;
    for (int i = 0; i < 2; ++i) {
        subscribers.emplace_back([&] {
            for (int round = 0; round < 500; ++round) {
                auto subscription = bus.subscribe<Number>({.capacity = 1, .on_full = event::Drop{}});
                const auto first = subscription.try_receive();
                if (!first || !first->replayed()) ++missing;
                if (!bus.watch<Number>().try_get()) ++missing;
            }
        });
    }
    for (int i = 1; i <= 2'000; ++i) emitter.emit({i});
    for (auto& subscriber : subscribers) subscriber.join();
    EXPECT_EQ(missing, 0);
}

// E06: retained events that nobody read filled a small queue, and the next emits of their types hung.
// libp2p/go-libp2p p2p/host/eventbus/basic.go
TEST(CannotHappen, UnreadRetainedEventsBlockTheirTopics) {
    for (const event::Backpressure& policy : policies()) {
        asio::io_context io;
        event::EventBus bus{io, quiet()};
        auto emitter = bus.emitter<Number, Letter>({.retain = true});
        emitter.emit(Number{0});
        emitter.emit(Letter{'a'});
        auto unread = bus.subscribe<Number, Letter>({.capacity = 1, .on_full = policy});
        EXPECT_EQ(unread.stat().size, 2U);
        Completion<event::EmitResult> first;
        emitter.async_emit<Number>({1}, first.handler());
        drive(io);
        ASSERT_TRUE(first.done()) << policy.index();
        EXPECT_EQ(first.value().delivered, 1U) << "the capacity is for what is new";
        auto fresh = bus.subscribe<Letter>();
        EXPECT_GE(emitter.emit(Letter{'b'}).delivered, 1U);
        EXPECT_EQ(take_all(fresh).size(), 2U);
    }
}

// E07: a retained event went with the node, which lived as long as somebody happened to use it.
// libp2p/go-libp2p p2p/host/eventbus/basic.go, tryDropNode
TEST(CannotHappen, ARetainedEventVanishesWithItsLastUser) {
    asio::io_context io;
    event::EventBus bus{io};
    const auto found_by_a_late_subscriber = [&] {
        auto late = bus.subscribe<Number>();
        return numbers(late);
    };
    bus.emitter<Number>({.retain = true}).emit({1});
    EXPECT_EQ(found_by_a_late_subscriber(), (std::vector{1}));
    EXPECT_EQ(found_by_a_late_subscriber(), (std::vector{1})) << "nobody is left, and it is";
    bus.emitter<Number>().emit({2});
    EXPECT_EQ(found_by_a_late_subscriber(), (std::vector{2})) << "retaining is the topic's, whoever emits";
    bus.forget<Number>();
    EXPECT_TRUE(found_by_a_late_subscriber().empty());

    auto plain = bus.emitter<Letter>();
    auto user = bus.subscribe<Letter>();
    plain.emit({'a'});
    auto late = bus.subscribe<Letter>();
    EXPECT_FALSE(late.try_receive()) << "and nothing is retained that nobody asked for";
}

/// Sequence and value, in the order of arrival.
using Arrivals = std::vector<std::pair<std::uint64_t, int>>;

template <class T>
Arrivals typed_arrivals(event::Subscription<T>& subscription) {
    Arrivals all;
    for (const auto& delivery : take_all(subscription)) all.emplace_back(delivery.sequence(), delivery->value);
    return all;
}
template <class T>
Arrivals wild_arrivals(const std::vector<event::Delivery<AnyEvent>>& deliveries) {
    Arrivals all;
    for (const auto& delivery : deliveries)
        if (const T* event = delivery->get_if<T>()) all.emplace_back(delivery.sequence(), event->value);
    return all;
}

// E08: wildcards were served outside the lock of the type's subscribers, and saw another order than they and each
// other. libp2p/go-libp2p p2p/host/eventbus/basic.go, wildcardNode.emit
TEST(CannotHappen, WildcardsDisagreeOnTheOrder) {
    constexpr int emitters = 4;
    constexpr int each = 100;
    for (int round = 0; round < 20; ++round) {
        asio::io_context io;
        event::EventBus bus{io};
        auto one = bus.subscribe<AnyEvent>({.capacity = emitters * each});
        auto other = bus.subscribe<AnyEvent>({.capacity = emitters * each});
        auto numbers = bus.subscribe<Number>({.capacity = emitters * each});
        auto letters = bus.subscribe<Letter>({.capacity = emitters * each});
        std::vector<std::thread> threads;
        for (int t = 0; t < emitters; ++t) {
            threads.emplace_back([&bus, t] {
                auto emitter = bus.emitter<Number, Letter>();
                for (int i = 0; i < each; ++i)
                    t % 2 == 0 ? emitter.emit(Number{t * each + i}) : emitter.emit(Letter{static_cast<char>(i)});
            });
        }
        for (auto& thread : threads) thread.join();
        const auto first = take_all(one);
        const auto second = take_all(other);
        ASSERT_EQ(first.size(), std::size_t{emitters} * each);
        ASSERT_EQ(second.size(), first.size());
        for (std::size_t i = 0; i < first.size(); ++i) {
            ASSERT_EQ(first[i].sequence(), second[i].sequence());
            if (i != 0) {
                ASSERT_GT(first[i].sequence(), first[i - 1].sequence());
            }
        }
        const Arrivals typed_numbers = typed_arrivals(numbers);
        const Arrivals typed_letters = typed_arrivals(letters);
        for (const auto* wildcard : {&first, &second}) {
            ASSERT_EQ(wild_arrivals<Number>(*wildcard), typed_numbers);
            ASSERT_EQ(wild_arrivals<Letter>(*wildcard), typed_letters);
        }
    }
}

template <class T>
void expect_end_however_closed() {
    using Handle = std::optional<event::Subscription<T>>;
    const std::vector<std::function<void(event::EventBus&, Handle&)>> ways{
        [](event::EventBus&, Handle& handle) { handle->close(); },
        [](event::EventBus&, Handle& handle) { handle->close_after_drain(); },
        [](event::EventBus&, Handle& handle) { handle.reset(); },
        [](event::EventBus& bus, Handle&) { bus.close(); },
    };
    for (const auto& close : ways) {
        asio::io_context io;
        event::EventBus bus{io};
        Handle handle(bus.subscribe<T>());
        Completion<event::Delivery<T>> receive;
        Completion<bool> closed;
        handle->async_receive(receive.handler());
        handle->async_closed(closed.handler());
        drive(io);
        EXPECT_TRUE(receive.pending());
        close(bus, handle);
        drive(io);
        ASSERT_TRUE(receive.done());
        EXPECT_EQ(receive.error(), event::errc::closed);
        ASSERT_TRUE(closed.done());
        EXPECT_EQ(closed.error(), event::errc::closed);
        EXPECT_TRUE(io.stopped()) << "nothing is left to be done";
    }
}

// E09: the channel of a typed subscription was closed with it, that of a wildcard never; its reader waited for ever.
// libp2p/go-libp2p p2p/host/eventbus/basic.go, wildcardNode.removeSink
TEST(CannotHappen, AClosedWildcardLeavesItsReaderWaiting) {
    expect_end_however_closed<Number>();
    expect_end_however_closed<AnyEvent>();
}

template <class Handle>
void close_on_two_threads(Handle& handle) {
    std::thread other([&] { handle.close(); });
    handle.close();
    other.join();
    handle.close();
    Handle moved = std::move(handle);
    handle.close();  // NOLINT(bugprone-use-after-move)
    moved.close();
}

// E10: emitting on a closed emitter, and closing a thing twice, crashed the host.
// libp2p/go-eventbus#20, libp2p/go-libp2p#668, #3034, #3045, libp2p/go-libp2p-pubsub#425, #426
TEST(CannotHappen, ClosingTwiceOrEmittingAfterwardsCrashes) {
    for (int round = 0; round < 20; ++round) {
        asio::io_context io;
        event::EventBus bus{io};
        auto emitter = bus.emitter<Number>();
        auto typed = bus.subscribe<Number>();
        auto all = bus.subscribe<AnyEvent>();
        auto killed = bus.subscribe<Number>({.capacity = 1, .on_full = event::Kill{}});
        auto value = bus.value<Letter>();
        auto watcher = value.watch();
        emitter.emit({1});
        emitter.emit({2});
        close_on_two_threads(typed);
        close_on_two_threads(all);
        close_on_two_threads(killed);
        EXPECT_EQ(emitter.emit({3}).subscribers, 0U);
        close_on_two_threads(emitter);
        EXPECT_EQ(emitter.emit({4}).error, event::errc::closed);
        close_on_two_threads(watcher);
        close_on_two_threads(value);
        value.set({'x'});
        EXPECT_EQ(bus.stat<Number>().emitters, 0U);
        EXPECT_EQ(bus.stat<Letter>().emitters, 0U);
        bus.close();
        bus.close();
        event::Emitter<Number> late = std::move(emitter);
        EXPECT_EQ(late.emit({5}).error, event::errc::closed);
    }
}

// E11: the emitters that waited for one slow wildcard shared a timer for their warnings, and spoiled it for each other:
// they hung for ever. libp2p/go-libp2p#3031, #3518
TEST(CannotHappen, ConcurrentEmittersHangInASlowWarning) {
    asio::io_context io;
    std::atomic<int> warnings{0};
    event::EventBus bus{io, {.on_slow_subscriber = [&](const event::SlowSubscriber&) { ++warnings; }}};
    auto one = bus.subscribe<AnyEvent>({.capacity = 1});
    auto other = bus.subscribe<AnyEvent>({.capacity = 1});
    for (int episode = 1; episode <= 3; ++episode) {
        std::atomic<std::size_t> delivered{0};
        std::atomic<std::size_t> refused{0};
        std::vector<std::thread> threads;
        for (int t = 0; t < 4; ++t) {
            threads.emplace_back([&] {
                auto emitter = bus.emitter<Number>();
                for (int i = 0; i < 200; ++i) {
                    const event::EmitResult result = emitter.emit({i});
                    delivered += result.delivered;
                    refused += result.refused;
                }
            });
        }
        for (auto& thread : threads) thread.join();
        EXPECT_EQ(delivered, 2U);
        EXPECT_EQ(refused, 2U * 799U);
        EXPECT_EQ(warnings, 2 * episode) << "once for each of them";
        EXPECT_EQ(take_all(one).size(), 1U);
        EXPECT_EQ(take_all(other).size(), 1U);
    }
}

template <class T>
void expect_close_without_a_reader() {
    asio::io_context io;
    event::EventBus bus{io, quiet()};
    auto emitter = bus.emitter<Number>();
    auto full = bus.subscribe<T>({.capacity = 1, .on_full = event::Wait{}});
    emitter.emit({0});
    std::vector<Completion<event::EmitResult>> emits(3);
    for (auto& emit : emits) emitter.async_emit({1}, emit.handler());
    drive(io);
    std::thread producer([&] {
        while (emitter.emit({2}).subscribers != 0) std::this_thread::yield();
    });
    full.close();
    producer.join();
    drive(io);
    for (auto& emit : emits) {
        ASSERT_TRUE(emit.done());
        EXPECT_FALSE(emit.error());
        EXPECT_EQ(emit.value().delivered, 0U);
    }
    EXPECT_FALSE(full.try_receive()) << "discarded as a whole";
    EXPECT_EQ(bus.report().subscriptions.size(), 0U);
}

// E12: Close had to drain the channel, so that publishers let go of their locks, and deadlocked with them.
// libp2p/go-eventbus#8, #11, #18, libp2p/go-libp2p#3031
TEST(CannotHappen, ClosingAFullQueueNeedsItsReader) {
    expect_close_without_a_reader<Number>();
    expect_close_without_a_reader<AnyEvent>();
}

// E13: the draining Close and a reader shared the events among them: the reader saw a gap.
// libp2p/go-libp2p p2p/host/eventbus/basic.go, sub.Close; libp2p/go-eventbus#18
TEST(CannotHappen, AReaderBesideACloseSeesAGap) {
    constexpr int queued = 32;
    for (int round = 0; round < 2 * queued; ++round) {
        const bool drains = round % 2 == 0;
        asio::io_context io;
        event::EventBus bus{io};
        auto emitter = bus.emitter<Number>();
        auto subscription = bus.subscribe<Number>({.capacity = queued});
        for (int i = 0; i < queued; ++i) emitter.emit({i});
        std::atomic<int> read{0};
        std::atomic<bool> closed{false};
        std::vector<int> seen;
        std::thread reader([&] {
            for (bool last = false; !last;) {
                last = closed;
                while (auto delivery = subscription.try_receive()) {
                    seen.push_back((*delivery)->value);
                    ++read;
                }
            }
        });
        while (read < round / 2) std::this_thread::yield();
        drains ? subscription.close_after_drain() : subscription.close();
        closed = true;
        reader.join();
        for (std::size_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i], static_cast<int>(i));
        if (drains) {
            EXPECT_EQ(seen.size(), std::size_t{queued});
        }
    }
}

// E14: a subscriber that emitted what it subscribes to waited, with a full queue, for itself.
// tailscale/tailscale#18012, #18020
TEST(CannotHappen, AHandlerThatEmitsItsOwnTypeDeadlocks) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Number>();
    std::size_t handled = 0;
    std::size_t delivered = emitter.emit({0}).delivered;
    auto dropping = bus.subscribe<Number>({.capacity = 1, .on_full = event::Drop{}}, [&](const Number& number) {
        ++handled;
        for (int i = 0; i < 2 && number.value < 100; ++i) delivered += emitter.emit({number.value + 1}).delivered;
    });
    delivered += emitter.emit({0}).delivered;
    drive(io);
    EXPECT_EQ(handled, 101U);
    EXPECT_EQ(delivered, handled);
    dropping.close();

    std::vector<int> waited_for;
    auto waiting = bus.subscribe<Number>({.capacity = 1, .on_full = event::Wait{}}, [&](const Number& number) {
        waited_for.push_back(number.value);
        for (int i = 1; i <= 3 && number.value < 10; ++i) emitter.async_emit({10 * i}, asio::detached);
    });
    emitter.emit({1});
    drive(io);
    EXPECT_EQ(waited_for, (std::vector{1, 10, 20, 30}));
}

asio::awaitable<void> emit_or_time_out(asio::io_context& io, event::Emitter<Number>& emitter, bool& timed_out) {
    asio::steady_timer timer(io, std::chrono::steady_clock::time_point::min());
    const auto either =
        co_await (emitter.async_emplace(asio::use_awaitable, 2) || timer.async_wait(asio::use_awaitable));
    timed_out = either.index() == 1;
}

// E15: only the reader could end an emit that waited: there was no cancelling it and no limit to its time.
// libp2p/go-libp2p core/event/bus.go, Emitter.Emit
TEST(CannotHappen, AWaitingEmitCannotBeGivenUp) {
    asio::io_context io;
    event::EventBus bus{io, quiet()};
    auto emitter = bus.emitter<Number>();
    auto full = bus.subscribe<Number>({.capacity = 1, .on_full = event::Wait{}});
    auto other = bus.subscribe<Number>();
    emitter.emit({0});
    asio::cancellation_signal signal;
    Completion<event::EmitResult> cancelled;
    emitter.async_emit({1}, asio::bind_cancellation_slot(signal.slot(), cancelled.handler()));
    drive(io);
    EXPECT_TRUE(cancelled.pending());
    signal.emit(asio::cancellation_type::total);
    drive(io);
    EXPECT_EQ(cancelled.error(), asio::error::operation_aborted);
    bool timed_out = false;
    run_coroutine(io, emit_or_time_out(io, emitter, timed_out));
    EXPECT_TRUE(timed_out);
    Completion<event::EmitResult> closed;
    auto short_lived = bus.emitter<Number>();
    short_lived.async_emit({3}, closed.handler());
    short_lived.close();
    drive(io);
    EXPECT_EQ(closed.error(), event::errc::closed);

    EXPECT_EQ(numbers(full), (std::vector{0}));
    EXPECT_EQ(emitter.emit({4}).delivered, 2U) << "nobody is in the way any more";
    EXPECT_EQ(numbers(full), (std::vector{4}));
    EXPECT_EQ(numbers(other), (std::vector{0, 4})) << "what was given up reached nobody";
}

// E17: names made of file and line were those of every subscriber that the line made; their gauges overwrote each
// other. libp2p/go-libp2p p2p/host/eventbus/opts.go
TEST(CannotHappen, TwoSubscriptionsShareADefaultName) {
    asio::io_context io;
    event::EventBus bus{io};
    constexpr std::size_t each = 50;
    std::array<std::vector<event::Subscription<Number>>, 2> made;
    std::vector<std::thread> threads;
    for (auto& mine : made) {
        threads.emplace_back([&] {
            while (mine.size() < each) mine.push_back(bus.subscribe<Number>());
        });
    }
    for (auto& thread : threads) thread.join();
    std::vector<std::string> names;
    for (const auto& stat : bus.report().subscriptions) {
        EXPECT_TRUE(stat.name.starts_with("defects_test.cpp:")) << stat.name;
        names.push_back(stat.name);
    }
    std::sort(names.begin(), names.end());
    EXPECT_EQ(names.size(), 2 * each);
    EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end());
}

// E18: gauges were written where events were queued: full for ever after a drain, and three of two while one stalled.
// libp2p/go-libp2p p2p/host/eventbus/basic_metrics.go
TEST(CannotHappen, AGaugeStaysFullAfterTheQueueWasDrained) {
    for (const event::Backpressure& policy :
         {event::Backpressure(event::Drop{}), event::Backpressure(event::DropOldest{}),
          event::Backpressure(event::Wait{})}) {
        asio::io_context io;
        event::EventBus bus{io, quiet()};
        auto emitter = bus.emitter<Number>();
        auto subscription = bus.subscribe<Number>({.capacity = 2, .on_full = policy});
        const auto size = [&] {
            const std::size_t reported = bus.report().subscriptions.at(0).size;
            EXPECT_EQ(subscription.stat().size, reported);
            return reported;
        };
        for (int i = 0; i < 5; ++i) emitter.emit({i});
        EXPECT_EQ(size(), 2U);
        EXPECT_EQ(subscription.stat().high_water, 2U);
        EXPECT_TRUE(subscription.try_receive());
        EXPECT_EQ(size(), 1U);
        EXPECT_TRUE(subscription.try_receive());
        EXPECT_EQ(size(), 0U);
    }
}

// E19: an emit was counted once all subscribers had it, so that one which hung was never seen.
// libp2p/go-libp2p p2p/host/eventbus/basic.go, Emit
TEST(CannotHappen, AStalledEmitIsNotCounted) {
    asio::io_context io;
    event::EventBus bus{io};
    const StalledEmit stalled(bus);
    EXPECT_EQ(bus.stat<Number>().emitted, 2U);
    const event::SubscriptionStat slow = bus.report().subscriptions.at(0);
    EXPECT_EQ(slow.size, slow.capacity);
    EXPECT_EQ(slow.lost, 1U);
}

struct Set {
    int setter = 0;
    int count = 0;
};
struct Followed {
    std::uint64_t version = 0;
    bool backwards = false;
};

asio::awaitable<void> follow(event::Watcher<Set> watcher, Followed& followed) {
    std::array<int, 2> newest{-1, -1};
    for (;;) {
        const auto result = co_await watcher.async_get(asio::as_tuple(asio::use_awaitable));
        if (std::get<0>(result)) co_return;
        const auto& snapshot = std::get<1>(result);
        int& before = newest[static_cast<std::size_t>(snapshot->setter)];
        if (snapshot.version() <= followed.version || snapshot->count <= before) followed.backwards = true;
        followed.version = snapshot.version();
        before = snapshot->count;
    }
}

// E21: the first value handed its state through three goroutines: watchers ended on an older value than others, and a
// watcher that left meanwhile made it panic. monogon-dev/monogon#127
TEST(CannotHappen, AWatcherEndsOnAnOlderValue) {
    asio::thread_pool pool(2);
    event::Value<Set> value(pool, Set{});
    std::array<Followed, 8> all;
    for (auto& followed : all) asio::co_spawn(asio::make_strand(pool), follow(value.watch(), followed), asio::detached);
    std::vector<std::thread> threads;
    for (int setter = 0; setter < 2; ++setter) {
        threads.emplace_back([&value, setter] {
            for (int count = 1; count <= 1'000; ++count) value.set({setter, count});
        });
    }
    threads.emplace_back([&] {
        for (int i = 0; i < 500; ++i) {
            auto leaves = value.watch();
            leaves.async_wait(asio::detached);
            leaves.close();
        }
    });
    for (auto& thread : threads) thread.join();
    const std::uint64_t newest = value.try_get()->version();
    value.close();
    pool.join();
    for (const auto& followed : all) {
        EXPECT_EQ(followed.version, newest);
        EXPECT_FALSE(followed.backwards);
    }
}

enum class When { before, while_waiting };

asio::awaitable<void> race_receives(asio::io_context& io, When when, std::size_t& received) {
    event::EventBus bus{io};
    auto emitter = bus.emitter<Number, Letter>();
    auto left = bus.subscribe<Number>();
    auto right = bus.subscribe<Letter>();
    const auto emit_both = [&] {
        emitter.emit(Number{1});
        emitter.emit(Letter{'a'});
    };
    when == When::before ? emit_both() : asio::post(io, emit_both);
    const auto either = co_await (left.async_receive(asio::use_awaitable) || right.async_receive(asio::use_awaitable));
    received = either.index() < 2 ? 1 : 0;
    received += take_all(left).size() + take_all(right).size();
}

asio::awaitable<void> race_gets(asio::io_context& io, When when, int& seen) {
    event::Value<int> left(io);
    event::Value<int> right(io);
    auto first = left.watch();
    auto second = right.watch();
    const auto set_both = [&] {
        left.set(1);
        right.set(2);
    };
    when == When::before ? set_both() : asio::post(io, set_both);
    const auto either = co_await (first.async_get(asio::use_awaitable) || second.async_get(asio::use_awaitable));
    seen = either.index() == 0 ? *std::get<0>(either) : *std::get<1>(either);
    if (const auto snapshot = first.try_get()) seen += **snapshot;
    if (const auto snapshot = second.try_get()) seen += **snapshot;
}

// E22: `a.async_receive() || b.async_receive()` on two Asio channels lost a message when both had one.
// chriskohlhoff/asio#1041
TEST(CannotHappen, TheLoserOfTwoReceivesLosesItsEvent) {
    for (const When when : {When::before, When::while_waiting}) {
        asio::io_context io;
        std::size_t received = 0;
        run_coroutine(io, race_receives(io, when, received));
        EXPECT_EQ(received, 2U);
        int seen = 0;
        run_coroutine(io, race_gets(io, when, seen));
        EXPECT_EQ(seen, 1 + 2);
    }
}

/// With what an operation ends, on whichever thread; ending twice throws there.
template <class Start>
std::future<error_code> end_of(const Start& start) {
    auto promise = std::make_shared<std::promise<error_code>>();
    auto end = promise->get_future();
    start([promise](error_code error, const auto&...) { promise->set_value(error); });
    return end;
}

// E23: after the cancellation of a receive, sending to an Asio channel failed although it was empty; closing it left
// sends waiting; and doing both at once was a race. chriskohlhoff/asio#1241, #1318, #1575, #1576
TEST(CannotHappen, ACancelledReceiveMakesTheNextEmitFail) {
    asio::thread_pool pool(1);
    event::EventBus bus{pool};
    auto emitter = bus.emitter<Number>();
    for (int round = 0; round < 100; ++round) {
        auto subscription = bus.subscribe<Number>({.capacity = 16});
        auto cancelled = end_of([&](auto token) { subscription.async_receive(std::move(token)); });
        subscription.cancel();
        ASSERT_EQ(emitter.emit({round}).delivered, 1U);
        EXPECT_EQ(cancelled.get(), asio::error::operation_aborted);
        EXPECT_EQ(numbers(subscription), (std::vector{round}));

        auto raced = end_of([&](auto token) { subscription.async_receive(std::move(token)); });
        std::thread cancelling([&] { subscription.cancel(); });
        std::thread closing([&] { subscription.close(); });
        EXPECT_EQ(emitter.emit({-1}).refused, 0U);
        cancelling.join();
        closing.join();
        EXPECT_EQ(!raced.get(), subscription.stat().delivered == 2) << "whichever of the three came first";
    }
    auto full = bus.subscribe<Number>({.capacity = 1, .on_full = event::Wait{}});
    emitter.emit({0});
    auto waiting = end_of([&](auto token) { emitter.async_emit({1}, std::move(token)); });
    full.close();
    EXPECT_FALSE(waiting.get());
    pool.join();
}

// E24: closing a watcher twice panicked and did not wake its Get; a later Get hung; and whether a cancelled Get took
// the value that was there was left to chance. monogon-dev/monogon osbase/event/memory
TEST(CannotHappen, AGetHangsOnceItsWatcherIsClosed) {
    asio::io_context io;
    event::Value<int> value(io);
    auto watcher = value.watch();
    for (int i = 0; i < 100; ++i) {
        Completion<event::Snapshot<int>> cancelled;
        value.set(i);
        watcher.async_get(cancelled.handler());
        watcher.cancel();
        drive(io);
        ASSERT_EQ(cancelled.error(), asio::error::operation_aborted) << "with the value there";
        const auto kept = watcher.try_get();
        ASSERT_TRUE(kept);
        EXPECT_EQ(**kept, i);
    }
    Completion<event::Snapshot<int>> pending;
    watcher.async_get(pending.handler());
    drive(io);
    EXPECT_TRUE(pending.pending());
    watcher.close();
    watcher.close();
    drive(io);
    EXPECT_EQ(pending.error(), event::errc::closed);
    value.set(1);
    Completion<event::Snapshot<int>> late;
    watcher.async_get(late.handler());
    drive(io);
    EXPECT_EQ(late.error(), event::errc::closed);
    EXPECT_FALSE(watcher.try_get());
}

template <class Start>
void expect_cancellable(asio::io_context& io, const char* name, const Start& start) {
    for (auto type :
         {asio::cancellation_type::terminal, asio::cancellation_type::partial, asio::cancellation_type::total}) {
        asio::cancellation_signal signal;
        int calls = 0;
        error_code ended;
        start(asio::bind_cancellation_slot(signal.slot(), [&](error_code error, const auto&...) {
            ++calls;
            ended = error;
        }));
        drive(io);
        EXPECT_EQ(calls, 0) << name;
        signal.emit(type);
        drive(io);
        EXPECT_EQ(calls, 1) << name;
        EXPECT_EQ(ended, asio::error::operation_aborted) << name;
    }
}

// E25: a pipe that was cancelled while it sent hung. monogon-dev/monogon 8d377ce3
TEST(CannotHappen, AWaitOutlivesItsCancellation) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Number>();
    auto full = bus.subscribe<Number>({.capacity = 1, .on_full = event::Wait{}});
    emitter.emit({0});
    auto empty = bus.subscribe<Letter>();
    auto watcher = bus.watch<Text>();
    std::array<event::Delivery<Letter>, 2> many;
    using namespace std::chrono_literals;
    const auto never = [](const auto&) { return false; };

    expect_cancellable(io, "emit", [&](auto token) { emitter.async_emit({1}, std::move(token)); });
    expect_cancellable(io, "receive", [&](auto token) { empty.async_receive(std::move(token)); });
    expect_cancellable(io, "receive_some", [&](auto token) { empty.async_receive_some(many, std::move(token)); });
    expect_cancellable(io, "receive_for", [&](auto token) { empty.async_receive_for(24h, std::move(token)); });
    expect_cancellable(io, "wait", [&](auto token) { empty.async_wait(std::move(token)); });
    expect_cancellable(io, "closed", [&](auto token) { empty.async_closed(std::move(token)); });
    expect_cancellable(io, "ready", [&](auto token) { empty.async_ready(std::move(token)); });
    expect_cancellable(io, "wait_emitter", [&](auto token) { bus.async_wait_emitter<Silent>(std::move(token)); });
    expect_cancellable(io, "get", [&](auto token) { watcher.async_get(std::move(token)); });
    expect_cancellable(io, "get_if", [&](auto token) { watcher.async_get_if(never, std::move(token)); });
    expect_cancellable(io, "get_for", [&](auto token) { watcher.async_get_for(24h, std::move(token)); });
    expect_cancellable(io, "watcher's wait", [&](auto token) { watcher.async_wait(std::move(token)); });
}

// E41: handlers ran on the publisher's stack, their exceptions were swallowed or kept the others from being called,
// registering was not safe beside emitting, and a handler outlived what it used. libp2p/cpp-libp2p event/bus.hpp
TEST(CannotHappen, AHandlerRunsInsideEmit) {
    asio::io_context io;
    event::EventBus bus{io, quiet()};
    auto emitter = bus.emitter<Number>();
    struct Trouble {};
    bool emitting = false;
    int calls = 0;
    auto thrower = bus.subscribe<Number>({}, [](const Number&) { throw Trouble{}; });
    auto other = bus.subscribe<Number>({}, [&](const Number&) {
        EXPECT_FALSE(emitting);
        ++calls;
    });
    asio::post(io, [&] {  // on the executor of the handlers, which are free to run
        emitting = true;
        emitter.emit({1});
        emitting = false;
    });
    EXPECT_THROW(drive(io), Trouble);
    drive(io);
    EXPECT_EQ(calls, 1);
    {
        auto gone = std::move(thrower);
        auto gone_too = std::move(other);
    }
    EXPECT_EQ(emitter.emit({2}).subscribers, 0U);

    std::thread registering([&] {
        for (int i = 0; i < 500; ++i) bus.subscribe<Number>({}, [](const Number&) {}).close();
    });
    for (int i = 0; i < 2'000; ++i) emitter.emit({i});
    registering.join();
    EXPECT_NO_THROW(drive(io));
    EXPECT_EQ(bus.stat<Number>().subscribers, 0U);
}

// E42: "re-entrancy is allowed", but a publish inside a publish erased the subscribers over which the outer one went.
// libp2p/cpp-libp2p protocol/common/subscriptions.hpp
TEST(CannotHappen, ANestedEmitFreesWhatTheOuterOneUses) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Text>();
    std::vector<event::Subscription<Text>> all;
    int calls = 0;
    const event::Notify from_inside{[&](const event::SlowSubscriber&) {
        ++calls;
        const auto doomed = std::exchange(all, {});
        EXPECT_EQ(emitter.emit({"nested"}).subscribers, doomed.size());
    }};
    for (int i = 0; i < 4; ++i) all.push_back(bus.subscribe<Text>({.capacity = 1, .on_full = from_inside}));
    emitter.emit({"fills"});
    EXPECT_EQ(emitter.emit({"does not fit"}).refused, 4U);
    EXPECT_EQ(bus.stat<Text>().subscribers, 0U);
    EXPECT_EQ(calls, 1) << "the others were gone before they could be told";

    calls = 0;
    for (int i = 0; i < 4; ++i) {
        all.push_back(bus.subscribe<Text>({}, [&](const Text& text) {
            ++calls;
            EXPECT_EQ(text.value, "outer");
            emitter.emit({"nested"});
            all.clear();
        }));
    }
    emitter.emit({"outer"});
    drive(io);
    EXPECT_EQ(calls, 1);
}

enum class Reachability { unknown, reachable, unreachable };

// E44: a state that was spread over three retained types had three current states for whoever came late.
// libp2p/go-libp2p-autonat#51
TEST(CannotHappen, ALateSubscriberSeesSeveralCurrentStates) {
    asio::io_context io;
    event::EventBus bus{io};
    auto reachability = bus.value<Reachability>();
    for (const auto state : {Reachability::unknown, Reachability::reachable, Reachability::unreachable})
        reachability.set(state);
    auto subscription = bus.subscribe<Reachability>();
    const auto found = take_all(subscription);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(*found[0], Reachability::unreachable);
    auto watcher = bus.watch<Reachability>();
    const auto seen = watcher.try_get();
    ASSERT_TRUE(seen);
    EXPECT_EQ(**seen, Reachability::unreachable);
    EXPECT_FALSE(watcher.try_get());
}

}  // namespace defects_test
