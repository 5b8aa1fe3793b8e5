/// Pipelines whose stages wait for room: whatever else subscribes to them, and with `Wait`, they go on.

#include "stress/scale.hpp"
#include "support.hpp"

#include <atomic>
#include <exception>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace pipelines_test {

using namespace support;

constexpr auto quietly = asio::as_tuple(asio::use_awaitable);

template <int I>
struct Job {
    int number = 0;
};

asio::awaitable<void> submit(event::Emitter<Job<0>> out, int jobs) {
    for (int i = 0; i < jobs; ++i) {
        const Job<0> job{i};
        co_await out.async_emit(job, quietly);
    }
}

/// Three stages, small queues, and who else looks at them.
class Pipeline {
public:
    explicit Pipeline(asio::any_io_executor executor) : executor_(executor), bus_(executor) {
        first_ = stage<0>();
        second_ = stage<1>();
        last_ = bus_.subscribe<Job<2>>(waits(1), [this](const Job<2>&) { ++done_; });
    }
    /// `then` is called when the last source has ended.
    void run(int sources, int jobs, std::function<void(std::exception_ptr)> then = {}) {
        sources_ = sources;
        for (int i = 0; i < sources; ++i) {
            asio::co_spawn(executor_, submit(bus_.emitter<Job<0>>(), jobs), [this, then](std::exception_ptr failure) {
                if (--sources_ == 0 && then) then(failure);
            });
        }
    }
    template <class... Ts>
    void audit(std::size_t capacity) {
        audits_.push_back(event::Connection(bus_.subscribe<Ts...>(waits(capacity), [this](const auto&) { ++seen_; })));
    }
    template <class... Ts>
    void audit_by_receiving(std::size_t capacity) {
        asio::co_spawn(executor_, receive(bus_.subscribe<Ts...>(waits(capacity)), seen_), asio::detached);
    }
    [[nodiscard]] event::EventBus& bus() { return bus_; }
    [[nodiscard]] int done() const { return done_; }
    [[nodiscard]] int seen() const { return seen_; }

private:
    static event::SubscriptionOptions waits(std::size_t capacity) {
        return {.capacity = capacity, .on_full = event::Wait{}};
    }
    template <class... Ts>
    static asio::awaitable<void> receive(event::Subscription<Ts...> in, std::atomic<int>& seen) {
        for (;;) {
            const auto [error, event] = co_await in.async_receive(quietly);
            if (error) break;
            ++seen;
        }
    }
    template <int I>
    event::Connection stage() {
        return event::Connection(bus_.subscribe<Job<I>>(
            waits(2), [out = bus_.emitter<Job<I + 1>>()](const Job<I>& job) mutable -> asio::awaitable<void> {
                const Job<I + 1> next{job.number};
                co_await out.async_emit(next, quietly);
            }));
    }

    asio::any_io_executor executor_;
    event::EventBus bus_;
    std::atomic<int> sources_{0}, done_{0}, seen_{0};
    event::Connection first_, second_;
    event::Connection last_;
    std::vector<event::Connection> audits_;
};

struct Audit {
    const char* name;
    std::function<void(Pipeline&, std::size_t)> add;
    int share;  // of the events: how many it sees of each job
};
void PrintTo(const Audit& audit, std::ostream* out) { *out << audit.name; }

class APipelineWithAnAudit : public testing::TestWithParam<Audit> {};

INSTANTIATE_TEST_SUITE_P(
    , APipelineWithAnAudit,
    testing::Values(
        Audit{"OfTwoStages", [](Pipeline& line, std::size_t room) { line.audit<Job<0>, Job<1>>(room); }, 2},
        Audit{"OfTheFirstAndLast", [](Pipeline& line, std::size_t room) { line.audit<Job<2>, Job<0>>(room); }, 2},
        Audit{"OfEverything", [](Pipeline& line, std::size_t room) { line.audit<event::AnyEvent>(room); }, 3},
        Audit{"ByReceiving",
              [](Pipeline& line, std::size_t room) { line.audit_by_receiving<Job<0>, Job<1>, Job<2>>(room); }, 3},
        Audit{"OfEverythingByReceiving",
              [](Pipeline& line, std::size_t room) { line.audit_by_receiving<event::AnyEvent>(room); }, 3},
        Audit{"Twice",
              [](Pipeline& line, std::size_t room) {
                  line.audit<event::AnyEvent>(room);
                  line.audit_by_receiving<Job<0>, Job<1>, Job<2>>(room);
              },
              6}),
    [](const auto& audit) { return std::string(audit.param.name); });

TEST_P(APipelineWithAnAudit, GoesOn) {
    for (const std::size_t room : {1U, 2U, 64U}) {
        asio::io_context io;
        Pipeline line(io.get_executor());
        GetParam().add(line, room);
        line.run(5, 20);
        drive(io);
        EXPECT_EQ(line.done(), 100) << room;
        EXPECT_EQ(line.seen(), 100 * GetParam().share) << room;
        line.bus().close();
        drive(io);
    }
}

TEST_P(APipelineWithAnAudit, GoesOnWhereTheAuditCameLast) {
    asio::io_context io;
    Pipeline line(io.get_executor());
    line.run(3, 20);
    for (int i = 0; i < 20; ++i) io.poll_one();
    GetParam().add(line, 1);
    drive(io);
    EXPECT_EQ(line.done(), 60);
    line.bus().close();
    drive(io);
}

TEST_P(APipelineWithAnAudit, GoesOnOnSeveralThreads) {
    const int jobs = stress::rounds(100);
    asio::io_context io;
    Pipeline line(io.get_executor());
    GetParam().add(line, 2);
    line.run(4, jobs,
             [&line](std::exception_ptr) { line.bus().async_idle([&line](error_code) { line.bus().close(); }); });
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) threads.emplace_back([&io] { io.run(); });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(line.done(), 4 * jobs);
    EXPECT_EQ(line.seen(), 4 * jobs * GetParam().share);
}

// ---- a queue that starves has no line -------------------------------------------------------------------------------

class AQueueThatStarves : public testing::Test {
protected:
    struct A {
        int number = 0;
    };
    struct B {
        int number = 0;
    };
    static event::SubscriptionOptions waits() { return {.capacity = 1, .on_full = event::Wait{}}; }

    asio::io_context io_;
    event::EventBus bus_{io_};
    event::Emitter<A> a_ = bus_.emitter<A>();
    event::Emitter<B> b_ = bus_.emitter<B>();
    event::Subscription<A> full_ = bus_.subscribe<A>(waits());
    event::Subscription<A, B> starving_ = bus_.subscribe<A, B>(waits());
    using Received = event::Delivery<A, B>;
};

TEST_F(AQueueThatStarves, TakesWhatAnotherEmitsWhileTheFirstWaitsElsewhere) {
    a_.emit({0});
    ASSERT_TRUE(starving_.try_receive());
    Completion<event::EmitResult> first, second;
    a_.async_emit(A{1}, first.handler());  // waits for full_
    b_.async_emit(B{2}, second.handler());
    EXPECT_FALSE(second.done());  // nobody waits for it yet
    EXPECT_FALSE(starving_.try_receive());
    drive(io_);
    EXPECT_TRUE(second.done());
    EXPECT_FALSE(first.done());
    EXPECT_TRUE(starving_.try_receive());
    EXPECT_EQ(b_.emit({3}).delivered, 1U) << "a plain one is not refused either";
}

TEST_F(AQueueThatStarves, IsHeldByNobodyWhoComesLater) {
    a_.emit({0});
    ASSERT_TRUE(starving_.try_receive());
    int received = 0;
    starving_.async_receive([&](error_code, auto delivery) { received += delivery ? 1 : 0; });
    Completion<event::EmitResult> first, second;
    a_.async_emit(A{1}, first.handler());  // waits for full_
    drive(io_);
    b_.async_emit(B{2}, second.handler());
    drive(io_);
    EXPECT_TRUE(second.done());
    EXPECT_EQ(received, 1);
    EXPECT_FALSE(first.done());
}

TEST_F(AQueueThatStarves, IsStillTakenInTheOrderOfArrivalByWhoHasRoomElsewhereAgain) {
    a_.emit({0});
    ASSERT_TRUE(starving_.try_receive());
    Completion<event::EmitResult> first, second, third;
    a_.async_emit(A{1}, first.handler());  // waits for full_
    EXPECT_FALSE(starving_.try_receive());
    b_.async_emit(B{2}, second.handler());
    b_.async_emit(B{3}, third.handler());  // waits for starving_, which is full now
    drive(io_);
    ASSERT_TRUE(second.done());
    ASSERT_TRUE(full_.try_receive());
    drive(io_);
    EXPECT_FALSE(first.done());  // starving_ is full
    ASSERT_TRUE(starving_.try_receive());
    drive(io_);
    EXPECT_TRUE(first.done()) << "it came before the third";
    EXPECT_FALSE(third.done());
    ASSERT_TRUE(starving_.try_receive());
    drive(io_);
    EXPECT_TRUE(third.done());
}

TEST_F(AQueueThatStarves, GoesToTheNextWhenWhoWasOfferedItsTurnIsCancelled) {
    event::Subscription<B> also_full = bus_.subscribe<B>(waits());
    ASSERT_EQ(a_.emit({0}).delivered, 2U);
    ASSERT_TRUE(starving_.try_receive());
    asio::cancellation_signal cancel;
    Completion<event::EmitResult> first, second;
    a_.async_emit(A{1}, asio::bind_cancellation_slot(cancel.slot(), first.handler()));
    b_.async_emit(B{2}, second.handler());
    ASSERT_TRUE(full_.try_receive());  // the first is offered its turn
    cancel.emit(asio::cancellation_type::terminal);
    drive(io_);
    EXPECT_TRUE(first.done());
    EXPECT_TRUE(second.done());
}

TEST_F(AQueueThatStarves, IsIdleThoughSomebodyWaitedForIt) {
    a_.emit({0});
    ASSERT_TRUE(starving_.try_receive());
    asio::cancellation_signal cancel;
    Completion<event::EmitResult> first;
    a_.async_emit(A{1}, asio::bind_cancellation_slot(cancel.slot(), first.handler()));
    bool is_idle = false;
    bus_.async_idle([&](error_code error) { is_idle = !error; });
    drive(io_);
    EXPECT_FALSE(is_idle);
    EXPECT_FALSE(starving_.try_receive());
    cancel.emit(asio::cancellation_type::terminal);
    ASSERT_TRUE(full_.try_receive());
    drive(io_);
    EXPECT_TRUE(is_idle);
}

}  // namespace pipelines_test
