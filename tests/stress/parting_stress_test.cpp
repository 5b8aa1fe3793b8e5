/// Domains merge and part all the time, by subscriptions of every kind that come and go, while others emit; and yet
/// there is one order.

#include "../support.hpp"
#include "scale.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <random>
#include <thread>
#include <utility>
#include <vector>

namespace parting_stress_test {

using namespace support;

struct Shown {};
struct Numbered {
    int thread = 0;
    int number = 0;
};
struct A : Numbered {};
struct B : Numbered {
    std::string shared = "not stored inline";
};
struct C : Numbered, Shown {
    using event_interfaces = event::Interfaces<Shown>;
};
struct D : Numbered, Shown {
    using event_interfaces = event::Interfaces<Shown>;
};

/// What one subscription sees grows, and so does what each thread has emitted.
class Growing {
public:
    void see(std::uint64_t sequence) {
        EXPECT_GT(sequence, last_);
        last_ = sequence;
    }
    template <class Delivery>
    void see(const Delivery& delivery) {
        see(delivery.sequence());
    }
    template <class Delivery>
    void see_numbers(const Delivery& delivery) {
        see(delivery);
        delivery.visit([&](const auto& event) {
            int& before = number_of_.at(static_cast<std::size_t>(event.thread));
            EXPECT_GT(event.number, before);
            before = event.number;
        });
    }

private:
    std::uint64_t last_ = 0;
    std::vector<int> number_of_ = std::vector<int>(8, -1);
};

class Traffic {
public:
    void run() {
        std::vector<std::thread> threads;
        for (int i = 0; i < 2; ++i) threads.emplace_back([this, i] { emit(i); });
        threads.emplace_back([this] { come_and_go(1, [&] { return all<event::AnyEvent>(); }); });
        threads.emplace_back([this] { come_and_go(2, [&] { return all<A, B>(); }); });
        threads.emplace_back([this] { come_and_go(3, [&] { return all<event::Implements<Shown>>(); }); });
        threads.emplace_back([this] { come_and_go(4, [&] { return all<B, D>(); }); });
        threads.emplace_back([this] { retain_and_watch(); });
        threads.emplace_back([this] { be_pushed(); });
        threads.emplace_back([this] {
            for (; emitting_ != 0; std::this_thread::yield()) drive(io_);
        });
        for (auto& thread : threads) thread.join();
        drive(io_);
    }

private:
    static constexpr int emitters = 2;

    template <class... Ts>
    event::Subscription<Ts...> all() {
        const std::vector<event::Backpressure> policies{event::Drop{}, event::DropOldest{}, event::Kill{},
                                                        event::Wait{}};
        return bus_.subscribe<Ts...>({.capacity = 16, .on_full = policies[subscriptions_++ % policies.size()]});
    }
    template <class Open>
    void come_and_go(unsigned seed, Open&& open) {
        std::mt19937 random(seed);
        while (emitting_ != 0) {
            auto subscription = open();
            Growing growing;
            for (auto looks = random() % 20; looks > 0; --looks) {
                while (const auto delivery = subscription.try_receive()) growing.see(*delivery);
                std::this_thread::yield();
            }
            if (random() % 2 == 0) subscription.close_after_drain();
            while (const auto delivery = subscription.try_receive()) growing.see(*delivery);
        }
    }
    /// A receiver that waits is woken by whoever holds the lock just then.
    void be_pushed() {
        const auto growing = std::make_shared<Growing>();
        const auto stays =
            bus_.subscribe<A, B>({.on_full = event::Drop{}},
                                 [growing](const auto&, const event::Meta& meta) { growing->see(meta.sequence); });
        while (emitting_ != 0) {
            const auto sees = std::make_shared<Growing>();
            const auto passes = bus_.subscribe<B, C>(
                {.on_full = event::Drop{}}, [sees](const auto&, const event::Meta& meta) { sees->see(meta.sequence); });
            for (int i = 0; i < 3; ++i) std::this_thread::yield();
        }
    }
    void retain_and_watch() {
        while (emitting_ != 0) {
            auto watcher = bus_.watch<C>();
            auto retaining = bus_.emitter<D>({.retain = true});
            std::uint64_t version = 0;
            for (int looks = 0; looks < 5; ++looks) {
                if (const auto seen = watcher.try_get()) {
                    EXPECT_GT(seen->version(), version);
                    version = seen->version();
                }
                std::this_thread::yield();
            }
            watcher = {};
            bus_.forget<C>();
            bus_.forget<D>();
        }
    }
    void emit(int thread) {
        {
            auto emitter = bus_.emitter<A, B, C, D>();
            Growing a;
            Growing cd;
            auto only_a = bus_.subscribe<A>({.capacity = 4, .on_full = event::DropOldest{}});
            for (int i = 0; i < stress::rounds(3'000); ++i) {
                const Numbered event{thread, i};
                switch ((thread + i) % 4) {
                    case 0:
                        emitter.emit(A{event});
                        break;
                    case 1:
                        emitter.emit(B{event});
                        break;
                    case 2:
                        emitter.emit(C{event, {}});
                        break;
                    default:
                        emitter.emit(D{event, {}});
                        break;
                }
                if (i % 16 == 0) emitter.async_emit(A{{thread, i}}, [](error_code, const event::EmitResult&) {});
                while (const auto delivery = only_a.try_receive()) a.see(*delivery);
                while (const auto delivery = stays_.at(static_cast<std::size_t>(thread)).try_receive())
                    cd.see_numbers(*delivery);
            }
        }
        --emitting_;
    }

    asio::io_context io_;
    event::EventBus bus_{io_, {.on_slow_subscriber = [](const event::SlowSubscriber&) {}}};
    std::atomic<int> emitting_{emitters};
    std::atomic<unsigned> subscriptions_{0};
    std::vector<event::Subscription<C, D>> stays_ = [this] {
        std::vector<event::Subscription<C, D>> made;
        for (int i = 0; i < emitters; ++i)
            made.push_back(bus_.subscribe<C, D>({.capacity = 64, .on_full = event::Drop{}}));
        return made;
    }();
};

TEST(PartingStress, KeepsOneOrderWhileTopicsMergeAndPart) {
    for (int round = 0; round < 10; ++round) Traffic().run();
}

/// One who merges gets to register, however often others part what it has just merged.
TEST(PartingStress, WhoMergesIsNotStarvedByWhoParts) {
    asio::io_context io;
    event::EventBus bus{io};
    std::atomic<bool> is_done{false};
    std::atomic<int> passed{0};
    std::vector<std::thread> others;
    for (int i = 0; i < 2; ++i) {
        others.emplace_back([&] {
            for (; !is_done; ++passed) auto passing = bus.subscribe<A, B>();
        });
    }
    while (passed < 10) std::this_thread::yield();
    for (int i = 0; i < stress::rounds(300); ++i) auto passing = bus.subscribe<B, C>();
    is_done = true;
    for (auto& other : others) other.join();
    auto b = bus.emitter<B>();
    auto c = bus.emitter<C>();
    auto both = bus.subscribe<B, C>();
    EXPECT_EQ(b.emit({}).delivered, 1U);
    EXPECT_EQ(c.emit({}).delivered, 1U);
}

template <int>
struct Many {
    int number = 0;
};
/// Reads a value of the bus, as it may.
struct BelowLimit {
    event::Value<int>* limit;
    template <int i>
    bool operator()(const Many<i>& event) const {
        return event.number < limit->try_get()->get();
    }
};

/// A group of topics moves as a whole: or who moves the rest, and holds the lock of the others, would wait for a filter
/// that reads one of those.
TEST(PartingStress, AFilterReadsAValueMeanwhile) {
    asio::io_context io;
    event::EventBus bus{io, {.on_slow_subscriber = [](const auto&) {}}};
    [&]<int... i>(std::integer_sequence<int, i...>) {
        auto large = bus.subscribe<int, Many<100 + i>...>();
        auto limit = bus.value<int>();
        limit.set(0);
        auto emitter = bus.emitter<Many<i>...>();
        auto all = bus.subscribe<Many<i>...>(event::where(BelowLimit{&limit}));
        std::atomic<bool> is_done{false};
        std::thread other([&] {
            while (!is_done) (emitter.template emit<Many<i>>({1}), ...);
        });
        for (int round = 0; round < stress::rounds(3000); ++round) auto passing = bus.subscribe<int, Many<0>>();
        is_done = true;
        other.join();
    }(std::make_integer_sequence<int, 16>{});
}

}  // namespace parting_stress_test
