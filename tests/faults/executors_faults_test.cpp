/// Executors that fail: the post throws, is thrown away, comes late, or runs at once. What waits completes, is
/// destroyed, or waits on for the next occasion; nothing leaks, and the others go on.

#include "scene.hpp"

#include <boost/asio/any_completion_executor.hpp>
#include <boost/asio/execution/blocking.hpp>
#include <boost/asio/execution/context.hpp>

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <deque>

namespace executors_faults_test {

using namespace faults;
using namespace std::chrono_literals;

/// Where functions go that are handed to an executor: to a context, unless it is the turn of one to fail.
struct Line {
    enum class Failure { throws, throws_afterwards, drops };

    asio::io_context io;
    long until_failure = -1;
    long failures = 0;  // in a row
    Failure failure = Failure::throws;

    [[nodiscard]] bool fails() noexcept {
        if (until_failure < 0 || until_failure-- > 0) return false;
        if (--failures > 0) until_failure = 0;
        return true;
    }
};

/// Of a context, or, for those that are only dispatched to, of none.
class Executor {
public:
    explicit Executor(Line& line) noexcept : line_(&line) {}
    template <class Function>
    void execute(Function&& function) const {
        if (!line_->fails()) return asio::post(line_->io, std::forward<Function>(function));
        if (line_->failure == Line::Failure::throws) throw Thrown{};
        std::decay_t<Function> taken(std::forward<Function>(function));
        if (line_->failure == Line::Failure::drops) return;
        asio::post(line_->io, std::move(taken));
        throw Thrown{};
    }
    [[nodiscard]] asio::execution_context& query(asio::execution::context_t) const noexcept { return line_->io; }
    static constexpr asio::execution::blocking_t query(asio::execution::blocking_t) noexcept {
        return asio::execution::blocking.never;
    }
    [[nodiscard]] Executor require(asio::execution::blocking_t::never_t) const noexcept { return *this; }
    bool operator==(const Executor&) const noexcept = default;

private:
    Line* line_;
};

/// One operation of each kind, on one executor, and somebody else who is served all the time.
class Everything {
public:
    template <class On>
    Everything(asio::io_context& home, const On& on) : bus(home) {
        const auto bound = [&](const auto& completion) { return asio::bind_executor(on, completion.handler()); };
        beside.emplace(bus.subscribe<Number>({}, [this](const Number&) { ++heard_beside; }));
        texts.emit({"fills"});
        for (std::size_t i = 0; i < receives.size(); ++i) subscriptions.push_back(bus.subscribe<Number>());
        subscriptions[0].async_receive(bound(receives[0]));
        subscriptions[1].async_receive_for(1h, bound(receives[1]));
        subscriptions[2].async_wait(bound(wait));
        subscriptions[3].async_receive_some(some, bound(receive_some));
        texts.async_emit({"waits"}, bound(emit));
        watcher.async_get(bound(get));
        pushed.emplace(bus.subscribe<Number>(
            {}, asio::bind_executor(on, [this](const Number& number) { heard.push_back(number.value); })));
        ended.async_closed(bound(closed));
    }
    void wake(int number) {
        numbers.emit({number});
        value.set(Letter{'a'});
        static_cast<void>(full.try_receive());
        ++woken;
    }
    void end() { ended.close(); }
    /// Each of them has completed, or was destroyed; nobody waits.
    [[nodiscard]] bool is_over() const {
        return !receives[0].pending() && !receives[1].pending() && !wait.pending() && !receive_some.pending() &&
               !emit.pending() && !get.pending() && !closed.pending();
    }
    [[nodiscard]] std::string look() const {
        return fmt::format("{} {} {} {} {} {} {}", text(receives[0]), text(receives[1]), text(wait), text(receive_some),
                           text(emit), text(get), text(closed));
    }

    event::EventBus bus;
    event::Emitter<Number> numbers = bus.emitter<Number>();
    event::Emitter<Text> texts = bus.emitter<Text>();
    event::Value<Letter> value = bus.value<Letter>();
    event::Watcher<Letter> watcher = bus.watch<Letter>();
    event::Subscription<Text> full = bus.subscribe<Text>({.capacity = 1, .on_full = event::Wait{}});
    event::Subscription<Text> ended = bus.subscribe<Text>();
    std::vector<event::Subscription<Number>> subscriptions;
    std::optional<event::Subscription<Number>> beside, pushed;
    std::array<Completion<event::Delivery<Number>>, 4> receives;
    std::array<event::Delivery<Number>, 2> some;
    Completion<std::size_t> receive_some;
    Completion<bool> wait, closed;
    Completion<event::EmitResult> emit;
    Completion<event::Snapshot<Letter>> get;
    std::vector<int> heard;
    int heard_beside = 0;
    int woken = 0;
};

/// Whether the library posts to an executor, or has the home context dispatch to it, where what is thrown comes out.
enum class Way { posted, relayed };

/// The k-th post of the executor fails so many times, in that way, for each k.
template <class Make>
void fails_at_each_post(Line::Failure failure, long times, Make make, Way way = Way::posted) {
    long n = 0;
    for (bool has_failed = true; has_failed; ++n) {
        ASSERT_LT(n, 1'000) << "never ends";
        SCOPED_TRACE(fmt::format("post {} fails {} times", n, times));
        const long live = allocation::live;
        {
            asio::io_context home;
            Line line;
            {
                Everything all(home, make(line));
                const auto run = [&] {
                    for (int i = 0; i < 4; ++i) {
                        for (asio::io_context* io : {&home, &line.io}) {
                            try {
                                drive(*io);
                            } catch (const Thrown&) {  // elsewhere Asio's own, for the timer of a limit that is over
                                EXPECT_TRUE(io == &line.io || way == Way::relayed);
                            }
                        }
                    }
                };
                run();
                line.failure = failure;
                line.failures = times;
                line.until_failure = n;
                EXPECT_NO_THROW({
                    all.wake(1);
                    run();
                    all.end();
                    run();
                });
                has_failed = line.until_failure < 0;
                line.until_failure = -1;
                EXPECT_EQ(all.heard_beside, all.woken) << "the others go on";
                all.wake(2);  // the next occasion
                run();
                EXPECT_TRUE(all.is_over()) << all.look();
                EXPECT_EQ(all.heard_beside, all.woken);
                if (failure != Line::Failure::drops && way == Way::posted) {
                    // a push subscription goes on; what was queued while its post failed is not lost
                    EXPECT_THAT(all.heard, testing::ElementsAre(1, 2));
                    EXPECT_EQ(all.receives[0].value().missed(), 0U);
                }
                if (failure == Line::Failure::throws && times == 1 && way == Way::posted) {
                    EXPECT_EQ(all.look(), "Success Success Success Success Success Success " +
                                              event::make_error_code(event::errc::closed).message())
                        << "who fails once is asked once more";
                }
                // whoever lost its operation can begin another
                Completion<event::Delivery<Number>> again;
                static_cast<void>(take_all(all.subscriptions[0]));
                all.subscriptions[0].async_receive(again.handler());
                all.wake(3);
                run();
                EXPECT_TRUE(again.done());
            }
            drive(home);
        }
        if (testing::Test::HasFailure()) return;
        ASSERT_EQ(allocation::live, live) << "leaks";
    }
    EXPECT_GT(n, 6) << "each of the operations is posted";
}

constexpr auto as_it_is = [](Line& line) { return Executor(line); };
constexpr auto erased = [](Line& line) { return asio::any_io_executor(Executor(line)); };
constexpr auto relayed = [](Line& line) { return asio::any_completion_executor(Executor(line)); };

TEST(FailingExecutor, ThrowsOnce) {
    fails_at_each_post(Line::Failure::throws, 1, as_it_is);
    fails_at_each_post(Line::Failure::throws, 1, erased);
}

TEST(FailingExecutor, ThrowsAgainWhenAskedOnceMore) {
    fails_at_each_post(Line::Failure::throws, 2, as_it_is);
    fails_at_each_post(Line::Failure::throws, 2, erased);
}

TEST(FailingExecutor, ThrowsThoughItHasTheFunction) {
    fails_at_each_post(Line::Failure::throws_afterwards, 1, as_it_is);
    fails_at_each_post(Line::Failure::throws_afterwards, 1, erased);
}

TEST(FailingExecutor, ThrowsTheFunctionAway) {
    fails_at_each_post(Line::Failure::drops, 1, as_it_is);
    fails_at_each_post(Line::Failure::drops, 1, erased);
}

TEST(FailingExecutor, ThrowsWhenItIsDispatchedTo) {
    // of an executor that the library cannot post to, what is thrown is the home context's, and the operation is gone
    fails_at_each_post(Line::Failure::throws, 1, relayed, Way::relayed);
    fails_at_each_post(Line::Failure::throws_afterwards, 1, relayed, Way::relayed);
    fails_at_each_post(Line::Failure::drops, 1, relayed, Way::relayed);
}

/// What was woken on a context that does not run.
class WokenOn : public testing::Test {
protected:
    void expect_heard() {
        while (drive(home) + drive(*other) != 0) {
        }
        EXPECT_TRUE(all->is_over()) << all->look();
        EXPECT_THAT(all->heard, testing::ElementsAre(1));
    }

    asio::io_context home;
    std::optional<asio::io_context> other{std::in_place};
    std::optional<Everything> all{std::in_place, home, other->get_executor()};
};

TEST_F(WokenOn, AStoppedContextCompletesOnceThatRunsAgain) {
    other->stop();
    home.stop();
    all->wake(1);
    all->end();
    EXPECT_EQ(other->poll(), 0U);
    EXPECT_EQ(home.poll(), 0U);
    EXPECT_TRUE(all->receives[0].pending());
    expect_heard();
    EXPECT_EQ(all->heard_beside, 1);
}

TEST_F(WokenOn, ASlowContextEndsWhatWasClosedMeanwhile) {
    all->wake(1);
    all->subscriptions.clear();
    all->watcher.close();
    all->pushed->close();
    all->ended.close();
    all->texts.close();
    all->bus.close();
    drive(home);
    EXPECT_TRUE(all->receives[0].pending());
    drive(*other);
    EXPECT_TRUE(all->is_over()) << all->look();
    EXPECT_EQ(all->receives[0].error(), event::errc::closed);
    EXPECT_EQ(all->receives[1].error(), event::errc::closed);
    EXPECT_TRUE(all->heard.empty());
    EXPECT_EQ(all->heard_beside, 1);
}

TEST_F(WokenOn, ASlowContextEndsWhatIsGoneMeanwhile) {
    const auto completion = all->receives[0];
    all->wake(1);
    all.reset();
    drive(home);
    EXPECT_TRUE(completion.pending());
    drive(*other);
    EXPECT_EQ(completion.error(), event::errc::closed);
}

TEST_F(WokenOn, AContextThatDiesIsDestroyedWithIt) {
    all->wake(1);
    other.reset();
    EXPECT_TRUE(all->is_over()) << all->look();
    EXPECT_TRUE(all->receives[0].destroyed());
    EXPECT_TRUE(all->heard.empty());
    all->wake(2);
    drive(home);
    EXPECT_EQ(all->heard_beside, 2);
}

}  // namespace executors_faults_test
