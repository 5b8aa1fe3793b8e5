/// Everything may go at any time: closing, destroying and cancelling race with emits and with completions.

#include "../support.hpp"
#include "scale.hpp"

#include <atomic>
#include <random>
#include <thread>

namespace lifetime_stress_test {

using namespace support;

/// A context that a few threads run until the end of the scope.
class Runners {
public:
    explicit Runners(int count) : work_(io_.get_executor()) {
        for (int i = 0; i < count; ++i) threads_.emplace_back([this] { io_.run(); });
    }
    Runners(const Runners&) = delete;
    Runners& operator=(const Runners&) = delete;
    ~Runners() {
        work_.reset();
        for (auto& thread : threads_) thread.join();
    }
    asio::io_context& io() { return io_; }

private:
    asio::io_context io_;
    asio::executor_work_guard<asio::io_context::executor_type> work_;
    std::vector<std::thread> threads_;
};

TEST(LifetimeStress, PushSubscriptionsComeAndGoWhileOthersEmit) {
    Runners runners(2);
    event::EventBus bus{runners.io(), {.on_slow_subscriber = [](const event::SlowSubscriber&) {}}};
    std::atomic<bool> stop{false};
    std::atomic<long> handled{0};
    std::vector<std::thread> emitters;
    for (int t = 0; t < 2; ++t) {
        emitters.emplace_back([&] {
            auto emitter = bus.emitter<Number, Text>();
            for (int i = 0; !stop; ++i) {
                emitter.emit(Number{i});
                emitter.emplace<Text>("shared");
            }
        });
    }
    for (int i = 0; i < stress::rounds(300) || handled == 0; ++i) {
        struct Handler {
            std::atomic<long>& count;
            std::atomic<int> inside{0};
            explicit Handler(std::atomic<long>& c) : count(c) {}
            Handler(Handler&& other) noexcept : count(other.count) {}
            void operator()(const Number&) { enter(); }
            void operator()(const Text&) { enter(); }
            void enter() {
                EXPECT_EQ(++inside, 1) << "handlers never overlap";
                ++count;
                --inside;
            }
        };
        auto one = bus.subscribe<Number, Text>({.capacity = 4}, Handler(handled));
        auto two = bus.subscribe<Text>({.capacity = 2, .on_full = event::DropOldest{}}, [&](const Text& text) {
            EXPECT_EQ(text.value, "shared");
            ++handled;
        });
        auto three = bus.subscribe<Number>({.capacity = 2, .on_full = event::Kill{}},
                                           asio::bind_executor(asio::make_strand(runners.io()), Handler(handled)));
        for (int look = 0; look < i % 50; ++look) static_cast<void>(one.stat());
        if (i % 3 == 0) one.close_after_drain();
    }
    stop = true;
    for (auto& emitter : emitters) emitter.join();
    EXPECT_GT(handled, 0);
}

TEST(LifetimeStress, CancellationRacesWithEmitAndCompletion) {
    Runners runners(1);
    event::EventBus bus{runners.io()};
    auto emitter = bus.emitter<Text>();
    auto subscription = bus.subscribe<Text>({.capacity = 1'000'000});
    std::atomic<bool> stop{false};
    std::atomic<int> emitted{0};
    std::thread producer([&] {
        while (!stop && emitted < 500'000) {
            emitter.emplace("x");
            ++emitted;
            std::this_thread::yield();
        }
    });
    std::thread canceller([&] {
        while (!stop) {
            subscription.cancel();
            std::this_thread::yield();
        }
    });
    struct Receiver {
        static asio::awaitable<int> run(event::Subscription<Text>& from, int rounds) {
            int received = 0;
            for (int i = 0; i < rounds; ++i) {
                const auto result = co_await from.async_receive(asio::as_tuple(asio::use_awaitable));
                if (!std::get<0>(result)) {
                    ++received;
                } else {
                    EXPECT_EQ(std::get<0>(result), asio::error::operation_aborted);
                }
            }
            co_return received;
        }
    };
    auto done = asio::co_spawn(runners.io(), Receiver::run(subscription, stress::rounds(5'000)), asio::use_future);
    int received = done.get();
    stop = true;
    producer.join();
    canceller.join();
    received += static_cast<int>(take_all(subscription).size());
    EXPECT_EQ(received, emitted) << "a cancelled receive takes nothing";
}

TEST(LifetimeStress, ClosingRacesWithAPendingReceive) {
    Runners runners(2);
    event::EventBus bus{runners.io()};
    auto emitter = bus.emitter<Text>();
    std::atomic<bool> stop{false};
    std::thread producer([&] {
        while (!stop) emitter.emplace("x");
    });
    std::atomic<int> completed{0};
    const int rounds = stress::rounds(1'000);
    for (int i = 0; i < rounds; ++i) {
        auto subscription = bus.subscribe<Text>({.capacity = 1, .on_full = event::Drop{}});
        subscription.async_receive([&](error_code, const event::Delivery<Text>&) { ++completed; });
        subscription.async_closed([&](error_code error) {
            EXPECT_EQ(error, event::errc::closed);
            ++completed;
        });
        if (i % 2 == 0) std::this_thread::yield();
    }
    stop = true;
    producer.join();
    while (completed < 2 * rounds) std::this_thread::yield();
}

TEST(LifetimeStress, TheBusGoesWhileOthersUseItsHandles) {
    for (int i = 0; i < stress::rounds(100); ++i) {
        Runners runners(1);
        auto bus = std::make_optional<event::EventBus>(
            runners.io(), event::BusOptions{.on_slow_subscriber = [](const event::SlowSubscriber&) {}});
        auto emitter = bus->emitter<Text>({.retain = true});
        auto pull = bus->subscribe<Text>({.capacity = 4});
        auto push = bus->subscribe<Text>({.capacity = 4}, [](const Text&) {});
        std::atomic<bool> ended{false};
        push.async_closed([&](error_code) { ended = true; });
        std::thread producer([&] {
            while (emitter.emplace("x").error == event::errc{}) {
            }
        });
        std::thread consumer([&] {
            while (!ended) static_cast<void>(pull.try_receive());
        });
        std::this_thread::yield();
        bus.reset();
        producer.join();
        consumer.join();
    }
}

TEST(LifetimeStress, ANotifyCallbackNeverRunsAfterCloseReturned) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Number>();
    std::atomic<bool> stop{false};
    std::vector<std::thread> producers;
    for (int t = 0; t < 2; ++t) {
        producers.emplace_back([&] {
            for (int i = 0; !stop; ++i) emitter.emit({i});
        });
    }
    for (int i = 0; i < stress::rounds(1'000); ++i) {
        std::atomic<bool> alive{true};
        std::atomic<int> inside{0};
        auto subscription =
            bus.subscribe<Number>({.capacity = 1, .on_full = event::Notify{[&](const event::SlowSubscriber&) {
                                                      EXPECT_TRUE(alive);
                                                      EXPECT_EQ(++inside, 1);
                                                      --inside;
                                                  }}});
        for (int look = 0; look < 5; ++look) {
            static_cast<void>(subscription.try_receive());
            static_cast<void>(subscription.stat());
        }
        subscription.close();
        alive = false;
    }
    stop = true;
    for (auto& producer : producers) producer.join();
}

TEST(LifetimeStress, ValuesAndWatchersGoInAnyOrder) {
    Runners runners(2);
    for (int i = 0; i < stress::rounds(200); ++i) {
        auto value = std::make_optional<event::Value<std::string>>(runners.io());
        std::vector<event::Watcher<std::string>> watchers;
        std::atomic<int> ended{0};
        for (int w = 0; w < 4; ++w) {
            watchers.push_back(value->watch());
            watchers.back().async_get([&](error_code, const event::Snapshot<std::string>&) { ++ended; });
        }
        std::thread setter([view = value->view(), &value, i] {
            if (i % 2 == 0) value->set("x");
            static_cast<void>(view.try_get());
        });
        std::thread canceller([&] {
            watchers[0].cancel();
            watchers[1].close();
            watchers[2] = std::move(watchers[3]);
        });
        setter.join();
        std::thread destroyer([&] { value.reset(); });
        destroyer.join();
        canceller.join();
        while (ended < 4) std::this_thread::yield();
    }
}

TEST(LifetimeStress, AContextDiesFirst) {
    for (int i = 0; i < stress::rounds(50); ++i) {
        auto io = std::make_unique<asio::io_context>();
        event::EventBus bus{*io};
        event::Value<Text> value(*io);
        auto emitter = bus.emitter<Text>();
        std::vector<event::Subscription<Text>> subscriptions;
        auto watcher = value.watch();
        Completion<event::Snapshot<Text>> get;
        std::vector<Completion<event::Delivery<Text>>> receives(4);
        for (auto& receive : receives) {
            subscriptions.push_back(bus.subscribe<Text>({.capacity = 2}));
            subscriptions.back().async_receive(receive.handler());
        }
        subscriptions.push_back(bus.subscribe<Text>({}, [](const Text&) {}));
        watcher.async_get(get.handler());
        std::thread runner([&] { io->run_one(); });
        std::thread producer([&] {
            for (int n = 0; n < 3; ++n) {
                emitter.emplace("x");
                value.set({"y"});
            }
        });
        producer.join();
        runner.join();
        io.reset();
        for (auto& receive : receives) EXPECT_FALSE(receive.pending());
        EXPECT_FALSE(get.pending());
    }
}

TEST(LifetimeStress, AContextDiesOnWhichSomebodyWaitsForTheBusWhileOthersEmit) {
    asio::io_context io;
    event::EventBus bus{io};
    auto slow = bus.subscribe<Number>({.capacity = 1, .on_full = event::DropOldest{}});
    auto emitter = bus.emitter<Number>();
    emitter.emit({0});
    std::atomic<bool> stop{false};
    std::thread emitting([&] {
        for (int i = 1; !stop; ++i) emitter.emit({i});  // each says that the queue may be empty now
    });
    for (int i = 0; i < stress::rounds(3000); ++i) {
        auto other = std::make_unique<asio::io_context>();
        std::vector<Completion<bool>> idle(4);
        for (auto& wait : idle) bus.async_idle(asio::bind_executor(other->get_executor(), wait.handler()));
        for (int looks = 0; looks < i % 8; ++looks) drive(*other);
        other.reset();
        for (const auto& wait : idle) EXPECT_TRUE(wait.destroyed());
    }
    stop = true;
    emitting.join();
}

TEST(LifetimeStress, AHandlesDestructorMayRunAnywhere) {
    // the last reference to an event, and with it a subscription, goes on the emitter's thread or the receiver's
    struct Holder {
        std::shared_ptr<event::Subscription<Number>> held;
    };
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Holder>();
    auto displaces = bus.subscribe<Holder>({.capacity = 1, .on_full = event::DropOldest{}});
    auto latest = bus.subscribe<Holder>({.on_full = event::Latest{}});
    for (int i = 0; i < 100; ++i)
        emitter.emplace(std::make_shared<event::Subscription<Number>>(bus.subscribe<Number>()));
    EXPECT_EQ(bus.stat<Number>().subscribers, 1U);
    displaces.close();
    latest.close();
    {
        auto gone = std::move(displaces);
    }
    {
        auto gone = std::move(latest);
    }
    EXPECT_EQ(bus.stat<Number>().subscribers, 0U);
}

TEST(LifetimeStress, CountsFollowWhoeverComesGoesAndIsKilled) {
    asio::io_context io;
    event::EventBus bus{io};
    const auto emitters = bus.emitter_count<Number>();
    const auto subscribers = bus.subscriber_count<Number>();
    std::atomic<bool> stop{false};
    std::thread looking([&] {
        auto watcher = subscribers.watch();
        std::uint64_t version = 0;
        while (!stop) {
            const auto now = watcher.try_get();
            if (!now) continue;
            EXPECT_LE(**now, 6U);
            EXPECT_GT(now->version(), version);
            version = now->version();
        }
    });
    std::vector<std::thread> threads;
    for (int t = 0; t < 2; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < stress::rounds(500); ++i) {
                auto emitter = bus.emitter<Number, Letter>();
                auto killed = bus.subscribe<Number>({.capacity = 1, .on_full = event::Kill{}});
                auto both = bus.subscribe<Letter, Number>({.on_full = event::Drop{}});
                auto drained = bus.subscribe<Number>({.on_full = event::Drop{}});
                emitter.emit(Number{i});
                emitter.emit(Number{i});
                if (i % 2 == 0) drained.close_after_drain();
                EXPECT_GE(**emitters.try_get(), 1U);
            }
        });
    }
    for (auto& thread : threads) thread.join();
    stop = true;
    looking.join();
    EXPECT_EQ(**emitters.try_get(), 0U);
    EXPECT_EQ(**subscribers.try_get(), 0U);
}

}  // namespace lifetime_stress_test
