/// Several receivers of one queue, each on a thread of its own, that come, are cancelled and go: each event is
/// received once, in the order of the queue, and nothing waits while somebody would receive it.

#include "chaos/operations.hpp"
#include "chaos/records.hpp"
#include "chaos/rounds.hpp"

#include <event/fmt.hpp>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/error_code.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <utility>
#include <vector>

namespace chaos {
namespace {

using Handle = event::Subscription<Small, Shared>;

/// What was taken from the queue, by whomever.
class Taken {
public:
    /// Of the newest event that was noted until now.
    [[nodiscard]] std::uint64_t newest() const noexcept { return newest_.load(std::memory_order_relaxed); }
    /// Received by who began when `newest()` was `before`.
    void note(const event::Delivery<Small, Shared>& delivery, std::uint64_t before) {
        const std::uint64_t sequence = delivery.sequence();
        EXPECT_GT(sequence, before) << "what comes later was emitted later";
        for (std::uint64_t seen = newest(); seen < sequence && !newest_.compare_exchange_weak(seen, sequence);) {
        }
        const std::lock_guard guard(mutex_);
        EXPECT_TRUE(all_.insert(sequence).second) << "each comes to one of them";
        missed_ += delivery.missed();
    }
    [[nodiscard]] std::uint64_t count() const { return all_.size(); }
    [[nodiscard]] std::uint64_t missed() const { return missed_; }

private:
    std::atomic<std::uint64_t> newest_{0};
    std::mutex mutex_;
    std::set<std::uint64_t> all_;  // guarded by mutex_
    std::uint64_t missed_ = 0;     // guarded by mutex_
};

/// One handle, and who receives by it, in all ways.
class Worker : public std::enable_shared_from_this<Worker> {
    using error_code = boost::system::error_code;

public:
    /// A steady one receives to the end.
    Worker(Handle handle, asio::io_context& home, Taken& taken, bool is_steady)
        : home_(home), taken_(taken), is_steady_(is_steady), handle_(std::move(handle)) {}

    void begin() {
        asio::post(home_, [self = shared_from_this(), token = Token(Kind::receive)]() mutable {
            self->receive_next();
            token.complete();
        });
    }
    void cancel() noexcept { handle_.cancel(); }
    void leave() {
        asio::post(home_, [self = shared_from_this()] {
            self->has_left_ = true;
            self->handle_ = Handle();
        });
    }

private:
    struct Received {
        std::shared_ptr<Worker> self;
        Token token;
        std::uint64_t before;
        void operator()(error_code error, const event::Delivery<Small, Shared>& delivery) {
            if (!error) self->taken_.note(delivery, before);
            (*this)(error);
        }
        void operator()(error_code error, std::size_t count) {
            for (std::size_t i = 0; i < count; ++i) self->taken_.note(self->some_[i], before);
            (*this)(error);
        }
        void operator()(error_code error) {
            self->go_on(error);
            token.complete();  // last: until then something is pending
        }
    };
    struct Seen {
        Received received;
        void operator()(error_code error) {
            Worker& worker = *received.self;
            // it may look, and receive no more: what it saw is for the others
            if (!error && !worker.is_steady_ && Disturbed::random().one_in(4)) return received.token.complete();
            if (!error && !worker.has_left_) {
                const std::uint64_t before = worker.taken_.newest();
                if (const auto delivery = worker.handle_.try_receive()) worker.taken_.note(*delivery, before);
            }
            received(error);
        }
    };

    void go_on(error_code error) {
        if (has_left_) return;
        if (!error || error == asio::error::operation_aborted) return receive_next();
        EXPECT_EQ(error, event::errc::closed);
    }
    void receive_next() {
        const auto on_home = [this](auto&& handler) {
            return asio::bind_executor(Flaky(home_), std::forward<decltype(handler)>(handler));
        };
        const auto received = [this](Kind kind) { return Received{shared_from_this(), Token(kind), taken_.newest()}; };
        switch (Disturbed::random().below(6)) {
            case 0:
                return handle_.async_receive_some(std::span(some_), on_home(received(Kind::receive_some)));
            case 1:
                return handle_.async_wait(on_home(Seen{received(Kind::wait)}));
            default:
                return handle_.async_receive(on_home(received(Kind::receive)));
        }
    }

    asio::io_context& home_;
    Taken& taken_;
    const bool is_steady_;
    Handle handle_;
    std::array<event::Delivery<Small, Shared>, 3> some_;
    bool has_left_ = false;
};

class Round {
public:
    explicit Round(Random& random)
        : waits_(random.one_in(2)),
          bus_(homes_[0].io(), {.on_slow_subscriber = [](const event::SlowSubscriber&) {}}),
          first_(bus_.subscribe<Small, Shared>(options(random, waits_))) {}

    void run(Random& random) {
        steady_ = hire(true);
        const bool is_closed_early = random.one_in(4);
        {
            Crew crew;
            for (int i = 0; i < 2; ++i) crew.add("emits", [this](Random& own) { emit(own); });
            for (int i = 0; i < 2; ++i) crew.add("hires and fires", [this](Random& own) { hire_and_fire(own); });
            if (is_closed_early) {
                crew.add("closes", [this](Random& own) {
                    for (std::uint32_t i = own.below(200); i > 0; --i) disturb();
                    first_.close();
                });
            }
        }
        while (books_of(Kind::emit).pending() != 0) std::this_thread::yield();
        bus_.close();
        wait_until_all_have_ended();
        for (Home& home : homes_) home.end();
        EXPECT_EQ(destroyed(), 0U) << "nothing is destroyed while its contexts live";
        expect_conservation(is_closed_early);
    }

private:
    static event::SubscriptionOptions options(Random& random, bool waits) {
        if (waits) return {.capacity = 1 + random.below(4), .on_full = event::Wait{}};
        if (random.one_in(2)) return {.capacity = 1 + random.below(8), .on_full = event::DropOldest{}};
        return {.capacity = 1 + random.below(8), .on_full = event::Drop{}};
    }
    [[nodiscard]] std::shared_ptr<Worker> hire(bool is_steady = false) {
        asio::io_context& home = homes_[Disturbed::random().below(homes_.size())].io();
        const std::lock_guard guard(mutex_);
        auto worker = std::make_shared<Worker>(first_.share(), home, taken_, is_steady);
        worker->begin();
        return worker;
    }
    void emit(Random& random) {
        const auto emitter = bus_.emitter<Small, Shared>();
        for (int i = 0; i < 60; ++i) {
            if (waits_) {
                emitter.async_emit(Small{}, [this, token = Token(Kind::emit)](boost::system::error_code,
                                                                              const event::EmitResult& result) mutable {
                    token.complete();
                    offered_ += result.subscribers;
                });
                if (random.one_in(8)) {
                    while (books_of(Kind::emit).pending() > 4) std::this_thread::yield();
                }
            } else if (random.one_in(2)) {
                offered_ += emitter.emit(Small{}).subscribers;
            } else {
                offered_ += emitter.emit(Shared{}).subscribers;
            }
        }
    }
    void hire_and_fire(Random& random) {
        std::vector<std::shared_ptr<Worker>> workers;
        for (int i = 0; i < 40; ++i) {
            if (workers.size() < 2 || (workers.size() < 4 && random.one_in(3))) {
                workers.push_back(hire());
            } else if (random.one_in(3)) {
                workers.back()->leave();
                workers.pop_back();
            } else {
                workers[random.below(workers.size())]->cancel();
            }
        }
        while (!workers.empty() && random.one_in(2)) {
            workers.back()->leave();
            workers.pop_back();
        }
        const std::lock_guard guard(mutex_);
        staying_.insert(staying_.end(), workers.begin(), workers.end());
    }
    void expect_conservation(bool is_closed_early) const {
        const event::SubscriptionStat figures = first_.stat();
        EXPECT_EQ(taken_.count(), figures.delivered);
        EXPECT_EQ(figures.delivered + figures.lost + figures.discarded, offered_) << fmt::format("{}", figures);
        if (is_closed_early) return;
        EXPECT_EQ(figures.discarded, 0U);
        EXPECT_EQ(taken_.missed() + figures.gap, figures.lost);
        if (waits_) {
            EXPECT_EQ(figures.lost, 0U);
        }
    }

    std::deque<Home> homes_ = [] {
        std::deque<Home> made;
        for (std::uint32_t home = 1; home <= 3; ++home) made.emplace_back(home);
        return made;
    }();
    Taken taken_;
    const bool waits_;
    event::EventBus bus_;
    std::mutex mutex_;
    Handle first_;  // shared under mutex_; nobody receives by it
    std::shared_ptr<Worker> steady_;
    std::vector<std::shared_ptr<Worker>> staying_;  // guarded by mutex_
    std::atomic<std::uint64_t> offered_{0};
};

TEST(Chaos, WhoShareAQueueGetEachEventOnce) {
    run_rounds([](Random& random) { Round(random).run(random); });
}

}  // namespace
}  // namespace chaos
