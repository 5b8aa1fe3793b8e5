/// One order, seen by all, while several threads emit, subscriptions come and go, and ordering domains merge.

#include "../support.hpp"
#include "scale.hpp"

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <random>
#include <thread>

namespace order_stress_test {

using namespace support;

struct Id {
    int thread = 0;
    int number = 0;
    friend auto operator<=>(const Id&, const Id&) = default;
};
struct A : Id {};
struct B : Id {};
struct C : Id {
    std::string shared = "not stored inline";
};
struct D : Id {};

/// What one subscription saw, in its order.
struct Seen {
    std::vector<std::pair<std::uint64_t, Id>> events;
    std::uint64_t missed = 0;
};

/// Collects what all subscriptions saw, and checks that it is one order.
class Ledger {
public:
    void add(const Seen& seen) {
        const std::lock_guard guard(mutex_);
        std::map<int, int> last_of_thread;
        std::uint64_t last = 0;
        for (const auto& [sequence, id] : seen.events) {
            ASSERT_GT(sequence, last) << "sequences grow along the queue";
            last = sequence;
            const auto [known, is_new] = sequence_of_.try_emplace(id, sequence);
            ASSERT_EQ(known->second, sequence) << "one event has one place, whoever receives it";
            const auto [before, is_first] = last_of_thread.try_emplace(id.thread, id.number);
            if (!is_first) {
                ASSERT_LT(before->second, id.number) << "what was emitted first comes first";
                before->second = id.number;
            }
        }
    }

private:
    std::mutex mutex_;
    std::map<Id, std::uint64_t> sequence_of_;
};

template <class Delivery>
void note(Seen& seen, const Delivery& delivery) {
    delivery.visit([&](const auto& e) { seen.events.emplace_back(delivery.sequence(), static_cast<const Id&>(e)); });
    seen.missed += delivery.missed();
}

template <class... Ts>
void come_and_go(event::EventBus& bus, Ledger& ledger, unsigned seed, const std::atomic<bool>& stop) {
    std::mt19937 random(seed);
    const std::vector<event::Backpressure> policies{event::Drop{}, event::DropOldest{}, event::Wait{}, event::Latest{}};
    while (!stop) {
        Seen seen;
        auto subscription = bus.subscribe<Ts...>({.capacity = 1 + random() % 64, .on_full = policies[random() % 4]});
        const auto looks = random() % 200;
        for (unsigned long i = 0; i < looks; ++i) {
            while (auto delivery = subscription.try_receive()) note(seen, *delivery);
            std::this_thread::yield();
        }
        random() % 2 == 0 ? subscription.close() : subscription.close_after_drain();
        while (auto delivery = subscription.try_receive()) note(seen, *delivery);
        ledger.add(seen);
    }
}

TEST(OrderStress, AllSubscribersSeeOneOrder) {
    for (int round = 0; round < stress::rounds(3); ++round) {
        asio::io_context io;
        event::EventBus bus{io, {.on_slow_subscriber = [](const event::SlowSubscriber&) {}}};
        Ledger ledger;
        std::atomic<bool> stop{false};
        std::atomic<int> received{0};
        constexpr int emitters = 3;
        constexpr int each = 2'000;

        // takes everything, on the context, as handlers do
        Seen all;
        auto collector =
            bus.subscribe<A, C>({.capacity = emitters * each}, [&](const auto& e, const event::Meta& meta) {
                all.events.emplace_back(meta.sequence, static_cast<const Id&>(e));
                ++received;
            });

        std::vector<std::thread> threads;
        threads.emplace_back([&] { come_and_go<A, B>(bus, ledger, 1, stop); });
        threads.emplace_back([&] { come_and_go<B, D>(bus, ledger, 2, stop); });
        threads.emplace_back([&] { come_and_go<D, C, A>(bus, ledger, 3, stop); });
        std::vector<std::thread> producers;
        for (int t = 0; t < emitters; ++t) {
            producers.emplace_back([&bus, t] {
                auto emitter = bus.emitter<A, B, C, D>();
                std::mt19937 random(static_cast<unsigned>(t));
                for (int i = 0; i < each; ++i) {
                    switch (random() % 4) {
                        case 0:
                            emitter.emit(A{{t, i}});
                            break;
                        case 1:
                            emitter.emit(B{{t, i}});
                            break;
                        case 2:
                            emitter.emit(C{{t, i}});
                            break;
                        default:
                            emitter.emit(D{{t, i}});
                            break;
                    }
                }
            });
        }
        for (auto& producer : producers) producer.join();
        stop = true;
        for (auto& thread : threads) thread.join();
        drive(io);
        ledger.add(all);
        EXPECT_EQ(all.missed, 0U);
        EXPECT_EQ(static_cast<std::uint64_t>(received), collector.stat().delivered);
    }
}

TEST(OrderStress, ALateSubscriberFindsTheRetainedEventBeforeAnythingNewer) {
    asio::io_context io;
    event::EventBus bus{io};
    std::atomic<bool> stop{false};
    auto emitter = bus.emitter<A>({.retain = true});
    emitter.emit(A{{0, 0}});
    std::thread producer([&] {
        for (int i = 1; !stop; ++i) emitter.emit(A{{0, i}});
    });
    for (int round = 0; round < stress::rounds(500); ++round) {
        auto subscription = bus.subscribe<A>({.capacity = 4, .on_full = event::Drop{}});
        auto first = subscription.try_receive();
        ASSERT_TRUE(first);
        EXPECT_TRUE(first->replayed());
        int last = (*first)->number;
        while (auto delivery = subscription.try_receive()) {
            EXPECT_FALSE(delivery->replayed());
            ASSERT_EQ((*delivery)->number, last + 1 + static_cast<int>(delivery->missed())) << "nothing twice, no gap";
            last = (*delivery)->number;
        }
    }
    stop = true;
    producer.join();
}

TEST(OrderStress, LossIsCountedExactlyWhereItHappened) {
    for (const event::Backpressure& policy :
         {event::Backpressure(event::Drop{}), event::Backpressure(event::DropOldest{}),
          event::Backpressure(event::Latest{})}) {
        asio::io_context io;
        event::EventBus bus{io};
        auto emitter = bus.emitter<A>();
        auto subscription = bus.subscribe<A>({.capacity = 8, .on_full = policy});
        std::atomic<bool> done{false};
        const int total = stress::rounds(20'000);
        std::thread producer([&] {
            for (int i = 0; i < total; ++i) emitter.emit(A{{0, i}});
            done = true;
        });
        int next = 0;
        for (;;) {
            const bool last_look = done;
            while (auto delivery = subscription.try_receive()) {
                next += static_cast<int>(delivery->missed());
                ASSERT_EQ((*delivery)->number, next);
                ++next;
            }
            if (last_look) break;
        }
        producer.join();
        EXPECT_EQ(next + static_cast<int>(subscription.stat().gap), total);
        EXPECT_EQ(subscription.stat().delivered + subscription.stat().lost, static_cast<std::uint64_t>(total));
    }
}

asio::awaitable<void> take_numbers(event::Subscription<A>& subscription, int total, std::vector<int>& last) {
    for (int i = 0; i < total; ++i) {
        const auto delivery = co_await subscription.async_receive(asio::use_awaitable);
        int& before = last[static_cast<std::size_t>(delivery->thread)];
        EXPECT_EQ(delivery->number, before + 1);
        before = delivery->number;
    }
}

asio::awaitable<void> put_numbers(event::Emitter<A>& emitter, int thread, int each) {
    for (int i = 0; i < each; ++i) {
        const event::EmitResult result = co_await emitter.async_emplace(asio::use_awaitable, A{{thread, i}});
        EXPECT_EQ(result.lost(), 0U);
    }
}

TEST(OrderStress, WaitingEmittersLoseNothingAndKeepTheirOrder) {
    asio::thread_pool pool(2);
    event::EventBus bus{pool};
    auto emitter = bus.emitter<A>();
    auto one = bus.subscribe<A>({.capacity = 3, .on_full = event::Wait{}});
    auto two = bus.subscribe<A>({.capacity = 1, .on_full = event::Wait{}});
    constexpr int emitters = 4;
    const int each = stress::rounds(200);
    std::vector<int> last_one(emitters, -1);
    std::vector<int> last_two(emitters, -1);
    asio::co_spawn(asio::make_strand(pool), take_numbers(one, emitters * each, last_one), asio::detached);
    asio::co_spawn(asio::make_strand(pool), take_numbers(two, emitters * each, last_two), asio::detached);
    for (int t = 0; t < emitters; ++t)
        asio::co_spawn(asio::make_strand(pool), put_numbers(emitter, t, each), asio::detached);
    pool.join();
    EXPECT_THAT(last_one, testing::Each(each - 1));
    EXPECT_THAT(last_two, testing::Each(each - 1));
}

}  // namespace order_stress_test
