/// Several runs of one subscription's handler at once, each with an event of its own.

#include "support.hpp"

#include <algorithm>
#include <atomic>
#include <latch>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

namespace concurrency_test {

using namespace support;
using event::errc;

/// A timer that never fires, to be woken by hand.
class Gate {
public:
    explicit Gate(asio::io_context& io) : timer_(io, asio::steady_timer::time_point::max()) {}
    auto wait() { return timer_.async_wait(asio::as_tuple(asio::use_awaitable)); }
    void open_one() { timer_.cancel_one(); }
    void open() { timer_.cancel(); }

private:
    asio::steady_timer timer_;
};

class AConcurrentHandler : public testing::Test {
protected:
    asio::io_context io_;
    event::EventBus bus_{io_};
    event::Emitter<Number> emitter_ = bus_.emitter<Number>();
    Gate gate_{io_};
    std::vector<int> begun_, ended_;

    [[nodiscard]] auto coroutine() {
        return [this](const Number& number) -> asio::awaitable<void> {
            begun_.push_back(number.value);
            const auto woken = co_await gate_.wait();
            static_cast<void>(woken);
            ended_.push_back(number.value);
        };
    }
    void emit(int count) {
        for (int i = 0; i < count; ++i) emitter_.emit({i});
    }
};

using testing::ElementsAre;

TEST_F(AConcurrentHandler, RunsAsOftenAtOnceAsItMayAndBeginsInOrder) {
    event::Connection pushed = bus_.subscribe<Number>({.concurrency = 3}, coroutine());
    emit(5);
    drive(io_);
    EXPECT_THAT(begun_, ElementsAre(0, 1, 2));
    gate_.open_one();
    drive(io_);
    EXPECT_THAT(begun_, ElementsAre(0, 1, 2, 3));
    gate_.open();
    drive(io_);
    gate_.open();
    drive(io_);
    EXPECT_THAT(begun_, ElementsAre(0, 1, 2, 3, 4));
    EXPECT_EQ(ended_.size(), 5U);
    EXPECT_EQ(bus_.report().subscriptions.size(), 1U);
    EXPECT_EQ(pushed.stat().delivered, 5U);
    EXPECT_EQ(pushed.stat().receivers, 3U);
}

TEST_F(AConcurrentHandler, IsOneSubscriberWithOneQueue) {
    event::Connection pushed =
        bus_.subscribe<Number>({.capacity = 2, .on_full = event::Drop{}, .concurrency = 2}, coroutine());
    emit(2);
    drive(io_);
    EXPECT_EQ(emitter_.emit({2}).subscribers, 1U);
    emitter_.emit({3});
    EXPECT_EQ(emitter_.emit({4}).refused, 1U);
    gate_.open();
    drive(io_);
    EXPECT_THAT(begun_, ElementsAre(0, 1, 2, 3));
    gate_.open();
    drive(io_);
}

TEST_F(AConcurrentHandler, IsCancelledWhereverItRuns) {
    event::Subscription<Number> pushed = bus_.subscribe<Number>({.concurrency = 3}, coroutine());
    emit(4);
    drive(io_);
    bool is_over = false;
    pushed.async_closed([&](error_code) { is_over = true; });
    drive(io_);
    EXPECT_FALSE(is_over);
    pushed.close();
    drive(io_);
    EXPECT_TRUE(is_over);
    EXPECT_EQ(begun_.size(), 3U);
}

TEST_F(AConcurrentHandler, IsWaitedForUntilNoneRuns) {
    event::Connection pushed = bus_.subscribe<Number>({.concurrency = 2}, coroutine());
    emit(2);
    drive(io_);
    bool is_idle = false;
    bus_.async_idle([&](error_code error) { is_idle = !error; });
    gate_.open_one();
    drive(io_);
    EXPECT_FALSE(is_idle);
    gate_.open_one();
    drive(io_);
    EXPECT_TRUE(is_idle);
}

TEST_F(AConcurrentHandler, DrainsWhatIsThere) {
    event::Connection pushed = bus_.subscribe<Number>({.concurrency = 2}, coroutine());
    emit(5);
    pushed.close_after_drain();
    for (int i = 0; i < 4; ++i) {
        drive(io_);
        gate_.open();
    }
    drive(io_);
    EXPECT_EQ(ended_.size(), 5U);
    EXPECT_EQ(pushed.stat().size, 0U);
}

TEST_F(AConcurrentHandler, GoesOnWhereOneRunThrows) {
    int calls = 0;
    event::Connection pushed = bus_.subscribe<Number>({.concurrency = 2}, [&calls](const Number& number) {
        ++calls;
        if (number.value % 2 == 0) throw std::runtime_error("even");
    });
    emit(6);
    int thrown = 0;
    for (;;) {
        try {
            drive(io_);
            break;
        } catch (const std::runtime_error&) {
            ++thrown;
        }
    }
    EXPECT_EQ(calls, 6);
    EXPECT_EQ(thrown, 3);
}

TEST_F(AConcurrentHandler, RunsOnSeveralThreadsAtOnce) {
    asio::thread_pool pool(3);
    event::EventBus bus(pool);
    std::latch together(3), over(9);
    std::atomic<int> now{0}, most{0};
    {
        event::Subscription<Number> pushed = bus.subscribe<Number>({.concurrency = 3}, [&](const Number& number) {
            const int running = ++now;
            for (int seen = most; seen < running && !most.compare_exchange_weak(seen, running);) {
            }
            if (number.value < 3) together.arrive_and_wait();
            --now;
            over.count_down();
        });
        auto emitter = bus.emitter<Number>();
        for (int i = 0; i < 9; ++i) emitter.emit({i});
        over.wait();
        pushed.close_and_wait();
        EXPECT_EQ(now, 0);
    }
    pool.join();
    EXPECT_EQ(most, 3);
}

TEST_F(AConcurrentHandler, IsWaitedForOnAllThreadsByWhoClosesIt) {
    asio::thread_pool pool(3);
    event::EventBus bus(pool);
    std::latch all_run(3);
    std::atomic<bool> may_end{false};
    std::atomic<int> ended{0};
    event::Subscription<Number> pushed = bus.subscribe<Number>({.concurrency = 2}, [&](const Number&) {
        all_run.count_down();
        while (!may_end) std::this_thread::yield();
        ++ended;
    });
    auto emitter = bus.emitter<Number>();
    emitter.emit({1});
    emitter.emit({2});
    asio::post(pool, [&] {
        all_run.arrive_and_wait();
        may_end = true;
    });
    all_run.wait();
    pushed.close_and_wait();
    EXPECT_EQ(ended, 2);
    pool.join();
}

TEST_F(AConcurrentHandler, IsWaitedForWhicheverOfItsRunsTakesLonger) {
    for (const int slow : {0, 1}) {
        asio::thread_pool pool(2);
        event::EventBus bus(pool);
        std::latch all_run(3);
        std::atomic<int> ended{0};
        event::Subscription<Number> pushed = bus.subscribe<Number>({.concurrency = 2}, [&](const Number& number) {
            all_run.arrive_and_wait();
            for (int i = 0; number.value == slow && i < 1'000; ++i) std::this_thread::yield();
            ++ended;
        });
        auto emitter = bus.emitter<Number>();
        emitter.emit({0});
        emitter.emit({1});
        all_run.arrive_and_wait();
        pushed.close_and_wait();
        EXPECT_EQ(ended, 2);
        pool.join();
    }
}

TEST_F(AConcurrentHandler, CannotWaitForItself) {
    std::optional<event::Subscription<Number>> pushed;
    error_code error;
    pushed.emplace(bus_.subscribe<Number>({.concurrency = 2}, [&](const Number&) { pushed->close_and_wait(error); }));
    emit(2);
    drive(io_);
    EXPECT_EQ(error, boost::system::errc::resource_deadlock_would_occur);
}

TEST_F(AConcurrentHandler, CannotWaitForItselfWhereItWasResumed) {
    for (const int asking : {0, 1}) {  // each of the two runs
        std::optional<event::Subscription<Number>> pushed;
        error_code error;
        pushed.emplace(bus_.subscribe<Number>({.concurrency = 2}, [&](const Number& number) -> asio::awaitable<void> {
            const auto woken = co_await gate_.wait();
            static_cast<void>(woken);
            if (number.value == asking) pushed->close_and_wait(error);
            const auto never = co_await gate_.wait();
            static_cast<void>(never);
        }));
        emit(2);
        drive(io_);
        gate_.open();
        drive(io_);
        EXPECT_EQ(error, boost::system::errc::resource_deadlock_would_occur);
        gate_.open();
        drive(io_);
    }
}

TEST_F(AConcurrentHandler, CannotWaitForItselfBesideOneThatWaitsForIt) {
    for (const int asking : {0, 1}) {
        asio::thread_pool pool(2);
        event::EventBus bus(pool);
        std::optional<event::Subscription<Number>> pushed;
        std::latch both_run(3), is_answered(1);
        error_code error;
        pushed.emplace(bus.subscribe<Number>({.concurrency = 2}, [&](const Number& number) {
            both_run.arrive_and_wait();
            if (number.value == asking) {
                pushed->close_and_wait(error);
                is_answered.count_down();
            } else {
                is_answered.wait();
            }
        }));
        auto emitter = bus.emitter<Number>();
        emitter.emit({0});
        emitter.emit({1});
        both_run.arrive_and_wait();
        pool.join();
        EXPECT_EQ(error, boost::system::errc::resource_deadlock_would_occur);
    }
}

TEST_F(AConcurrentHandler, IsOneHandlerForAllRuns) {
    std::vector<int> counts;
    // one that cannot be copied, though it says that it can
    std::vector<std::unique_ptr<int>> numbers;
    numbers.push_back(std::make_unique<int>(0));
    {
        event::Connection pushed = bus_.subscribe<Number>(
            {.concurrency = 2},
            [&counts, mine = std::move(numbers)](const Number&) { counts.push_back(++*mine.front()); });
        emit(1);
        drive(io_);
        emit(2);
        drive(io_);
    }
    drive(io_);
    EXPECT_THAT(counts, ElementsAre(1, 2, 3));
}

TEST_F(AConcurrentHandler, GoesWithItsLastRun) {
    auto kept = std::make_shared<int>(0);
    {
        event::Connection pushed = bus_.subscribe<Number>({.concurrency = 3}, [kept](const Number&) {});
        emit(5);
        drive(io_);
        EXPECT_EQ(kept.use_count(), 2);
    }
    drive(io_);
    EXPECT_EQ(kept.use_count(), 1);
}

TEST_F(AConcurrentHandler, OfOneRunNeedNotBeCopied) {
    std::vector<std::unique_ptr<int>> numbers(3);
    int calls = 0;
    event::Connection pushed = bus_.subscribe<Number>(
        [&calls, mine = std::move(numbers)](const Number&) { calls += mine.size() == 3 ? 1 : 0; });
    emit(2);
    drive(io_);
    EXPECT_EQ(calls, 2);
}

TEST_F(AConcurrentHandler, StaysOnAStrandThatItBrings) {
    asio::thread_pool pool(3);
    event::EventBus bus(pool);
    const auto strand = asio::make_strand(pool);
    std::atomic<int> now{0}, most{0};
    std::latch over(20);
    event::Subscription<Number> pushed =
        bus.subscribe<Number>({.concurrency = 3}, asio::bind_executor(strand, [&](const Number&) {
                                  most = std::max(most.load(), ++now);
                                  --now;
                                  over.count_down();
                              }));
    auto emitter = bus.emitter<Number>();
    for (int i = 0; i < 20; ++i) emitter.emit({i});
    over.wait();
    pushed.close_and_wait();
    EXPECT_EQ(most, 1);
    pool.join();
}

TEST_F(AConcurrentHandler, RunsOnlyWhileItsOwnerLives) {
    auto owner = std::make_shared<int>(0);
    int calls = 0;
    event::Connection pushed = bus_.subscribe<Number>({.concurrency = 2}, event::while_alive(std::weak_ptr<int>(owner)),
                                                      [&calls](const Number&) { ++calls; });
    emit(3);
    drive(io_);
    EXPECT_EQ(calls, 3);
    owner.reset();
    emit(3);
    drive(io_);
    EXPECT_EQ(calls, 3);
    EXPECT_FALSE(pushed.is_open());
}

TEST_F(AConcurrentHandler, DiesWithItsContext) {
    auto kept = std::make_shared<int>(0);
    {
        asio::io_context io;
        Gate gate(io);
        event::EventBus bus(io);
        event::Connection pushed = bus.subscribe<Number>({.concurrency = 3}, [kept](const Number&) {});
        event::Connection coroutines =
            bus.subscribe<Number>({.concurrency = 3}, [kept, &gate](const Number&) -> asio::awaitable<void> {
                const auto woken = co_await gate.wait();
                static_cast<void>(woken);
            });
        bus.emitter<Number>().emit({1});
        io.poll();
    }
    EXPECT_EQ(kept.use_count(), 1);
}

TEST_F(AConcurrentHandler, IsRefusedWhereItCannotBe) {
    const auto refused = [&](auto subscribe) {
        try {
            subscribe();
            return std::string("nothing");
        } catch (const std::invalid_argument& error) {
            return std::string(error.what());
        }
    };
    using testing::HasSubstr;
    EXPECT_THAT(refused([&] { static_cast<void>(bus_.subscribe<Number>({.concurrency = 2})); }),
                HasSubstr("share() a subscription"));
    EXPECT_THAT(refused([&] { static_cast<void>(bus_.subscribe<Number>({.concurrency = 0}, [](const Number&) {})); }),
                HasSubstr("at least 1"));
    EXPECT_THAT(refused([&] {
                    static_cast<void>(bus_.subscribe<Number>({.concurrency = 2}, event::once, [](const Number&) {}));
                }),
                HasSubstr("once is one run"));
    EXPECT_EQ(bus_.report().subscriptions.size(), 0U);
}

}  // namespace concurrency_test
