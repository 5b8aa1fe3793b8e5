/// Emits that are out of patience with some of those whom they wait for, on several threads: nothing is lost where
/// nobody is out of patience, each keeps its emitter's order, and the figures add up.

#include "../support.hpp"
#include "scale.hpp"

#include <boost/asio/thread_pool.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace patience_stress_test {

using namespace support;
using namespace std::chrono_literals;

constexpr int emitters = 3;

struct Step {
    int emitter = 0;
    int number = 0;
};

class Crew {
public:
    explicit Crew(int each) : each_(each) {}

    asio::awaitable<void> emit(event::Emitter<Step> to, int number) {
        for (int i = 1; i <= each_; ++i) {
            const event::EmitResult result = co_await to.async_emplace<Step>(asio::use_awaitable, number, i);
            refused_ += result.refused;
            ++done_;
        }
    }
    /// Until it is closed; each that came is the next of its emitter, unless some may be lost.
    asio::awaitable<void> receive(event::Subscription<Step> from, bool may_lose, std::uint64_t& lost) {
        std::array<int, emitters> last{};
        for (;;) {
            const auto received = co_await from.async_receive(asio::as_tuple(asio::use_awaitable));
            if (std::get<0>(received)) break;
            const Step& step = *std::get<1>(received);
            int& before = last[static_cast<std::size_t>(step.emitter)];
            EXPECT_TRUE(may_lose ? step.number > before : step.number == before + 1);
            before = step.number;
        }
        lost = from.stat().lost;
    }
    [[nodiscard]] std::uint64_t refused() const { return refused_; }
    [[nodiscard]] bool is_done() const { return done_ == emitters * each_; }

private:
    const int each_;
    std::atomic<std::uint64_t> refused_{0};
    std::atomic<int> done_{0};
};

TEST(PatienceStress, LosesOnlyWhereItIsOver) {
    asio::thread_pool pool(3);
    event::EventBus bus{pool.get_executor(), {.on_slow_subscriber = [](const event::SlowSubscriber&) {}}};
    Crew crew(stress::rounds(300));
    std::array<std::uint64_t, 2> lost{};
    const auto listen = [&](event::Wait policy, std::size_t capacity) {
        return bus.subscribe<Step>({.capacity = capacity, .on_full = policy});
    };
    const auto start = [&](auto&& coroutine) {
        asio::co_spawn(asio::make_strand(pool), std::move(coroutine), asio::detached);
    };
    start(crew.receive(listen({}, 2), false, lost[0]));
    start(crew.receive(listen({.limit = 30us}, 1), true, lost[1]));
    auto never = listen({.limit = 100us}, 1);
    for (int i = 0; i < emitters; ++i) start(crew.emit(bus.emitter<Step>(), i));
    std::uint64_t passing = 0;
    while (!crew.is_done()) {  // others come and go meanwhile
        auto one = listen({.limit = 50us}, 1);
        auto other = listen({}, 1);
        static_cast<void>(other.try_receive());
        std::this_thread::yield();
        other.close();
        while (one.try_receive()) {
        }
        one.close();
        passing += one.stat().lost + other.stat().lost;
    }
    never.close();
    const std::uint64_t stood_still = never.stat().lost;
    bus.close();
    pool.join();
    EXPECT_EQ(lost[0], 0U);
    EXPECT_EQ(crew.refused(), lost[1] + stood_still + passing);
    EXPECT_GT(stood_still, 0U);
}

/// A thread that runs what it is given: a GUI's. As an executor it has no context.
class Loop {
public:
    class Executor {
    public:
        explicit Executor(Loop& loop) noexcept : loop_(&loop) {}
        template <class Function>
        void execute(Function&& function) const {
            const auto shared = std::make_shared<std::decay_t<Function>>(std::forward<Function>(function));
            const std::lock_guard guard(loop_->mutex_);
            loop_->queue_.push_back([shared] { (*shared)(); });
            loop_->changed_.notify_one();
        }
        static constexpr asio::execution::blocking_t query(asio::execution::blocking_t) noexcept {
            return asio::execution::blocking.never;
        }
        [[nodiscard]] Executor require(asio::execution::blocking_t::never_t) const noexcept { return *this; }
        bool operator==(const Executor&) const noexcept = default;

    private:
        Loop* loop_;
    };

    Loop() : thread_([this] { run(); }) {}
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;
    ~Loop() {
        {
            const std::lock_guard guard(mutex_);
            is_over_ = true;
            changed_.notify_one();
        }
        thread_.join();
    }
    [[nodiscard]] Executor executor() noexcept { return Executor(*this); }

private:
    void run() {
        std::unique_lock lock(mutex_);
        for (;;) {
            changed_.wait(lock, [this] { return is_over_ || !queue_.empty(); });
            if (queue_.empty()) return;
            const auto next = std::move(queue_.front());
            queue_.pop_front();
            lock.unlock();
            next();
            lock.lock();
        }
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    // guarded by mutex_
    std::deque<std::function<void()>> queue_;
    bool is_over_ = false;

    std::thread thread_;  // last: it uses the others
};

TEST(PatienceStress, OfHandlersWithoutAContextEndsBesideTheBusesContext) {
    for (int round = 0; round < stress::rounds(100); ++round) {
        std::atomic<int> done{0};
        Loop loop;
        std::optional<asio::io_context> home(std::in_place);
        event::EventBus bus{*home, {.on_slow_subscriber = [](const event::SlowSubscriber&) {}}};
        const auto emitter = bus.emitter<Step>();
        std::vector<event::Subscription<Step>> full;
        for (int k = 1; k <= 8; ++k)
            full.push_back(bus.subscribe<Step>({.capacity = 1, .on_full = event::Wait{.limit = 40us * k}}));
        emitter.emit({});
        for (int i = 0; i < 6; ++i)
            emitter.async_emit(
                Step{}, asio::bind_executor(loop.executor(), [&](error_code, const event::EmitResult&) { ++done; }));
        home->run_for(std::chrono::microseconds(30 + round * 37 % 400));
        home.reset();  // while alarms pass, and emits look again on the other thread
        EXPECT_LE(done, 6);
    }
}

}  // namespace patience_stress_test
