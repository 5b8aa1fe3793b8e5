#include "support.hpp"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

/// Handlers that are coroutines.

namespace coroutine_handlers_test {

using namespace support;
using Seen = std::vector<std::string>;

/// Somewhere a coroutine waits until it is let on.
class Gate {
public:
    explicit Gate(asio::io_context& io) : timer_(io, asio::steady_timer::time_point::max()) {}
    asio::awaitable<void> pass() {
        const auto [error] = co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
        const auto state = co_await asio::this_coro::cancellation_state;
        if (state.cancelled() != asio::cancellation_type::none) throw boost::system::system_error(error);
    }
    void open() { timer_.cancel(); }

private:
    asio::steady_timer timer_;
};

class CoroutineHandlers : public testing::Test {
protected:
    auto note_both_ends() {
        return [this](const Number& number) -> asio::awaitable<void> {
            seen_.push_back("begin " + std::to_string(number.value));
            co_await gate_.pass();
            seen_.push_back("end " + std::to_string(number.value));
        };
    }
    void emit(int number) { emitter_.emit(Number{number}); }

    asio::io_context io_;
    event::EventBus bus_{io_};
    event::Emitter<Number, Text> emitter_ = bus_.emitter<Number, Text>();
    Gate gate_{io_};
    Seen seen_;
};

TEST_F(CoroutineHandlers, GetTheNextEventWhenTheyHaveEnded) {
    const auto subscription = bus_.subscribe<Number>(note_both_ends());
    emit(1);
    emit(2);
    drive(io_);
    EXPECT_THAT(seen_, testing::ElementsAre("begin 1"));
    gate_.open();
    drive(io_);
    EXPECT_THAT(seen_, testing::ElementsAre("begin 1", "end 1", "begin 2"));
    gate_.open();
    drive(io_);
    EXPECT_THAT(seen_, testing::ElementsAre("begin 1", "end 1", "begin 2", "end 2"));
    emit(3);
    drive(io_);
    EXPECT_THAT(seen_, testing::Contains("begin 3"));
}

TEST_F(CoroutineHandlers, OfWhichSomeTakeMetaAndSomeAreNone) {
    const auto subscription = bus_.subscribe<Number, Text>(
        [&](const Number& number, const event::Meta& meta) -> asio::awaitable<void> {
            seen_.push_back(std::to_string(number.value) + " as " + std::to_string(meta.sequence));
            co_return;
        },
        [&](const Text& text) { seen_.push_back(text.value); });
    emit(10);
    emitter_.emit(Text{"between"});
    emit(20);
    drive(io_);
    EXPECT_THAT(seen_, testing::ElementsAre("10 as 1", "between", "20 as 3"));
}

TEST_F(CoroutineHandlers, KeepTheEventAsLongAsTheyRun) {
    const auto subscription = bus_.subscribe<Number, Text>([&](const auto& event) -> asio::awaitable<void> {
        co_await gate_.pass();
        if constexpr (std::same_as<decltype(event), const Text&>) {
            seen_.push_back(event.value);
        } else {
            seen_.push_back(std::to_string(event.value));
        }
    });
    emitter_.emit(Text{std::string(100, 'x')});
    emit(5);
    for (int i = 0; i < 3; ++i) {
        drive(io_);
        gate_.open();
    }
    drive(io_);
    EXPECT_THAT(seen_, testing::ElementsAre(std::string(100, 'x'), "5"));
}

TEST_F(CoroutineHandlers, LetTheirExceptionsOutOfRun) {
    const auto subscription = bus_.subscribe<Number>([&](const Number& number) -> asio::awaitable<void> {
        seen_.push_back(std::to_string(number.value));
        if (number.value == 1) throw std::runtime_error("at once");
        co_await gate_.pass();
        if (number.value == 2) throw std::runtime_error("later");
    });
    emit(1);
    emit(2);
    emit(3);
    EXPECT_THROW(drive(io_), std::runtime_error);
    drive(io_);
    gate_.open();
    EXPECT_THROW(drive(io_), std::runtime_error);
    drive(io_);
    EXPECT_THAT(seen_, testing::ElementsAre("1", "2", "3"));
}

TEST_F(CoroutineHandlers, AreCancelledWhenTheSubscriptionCloses) {
    auto subscription = bus_.subscribe<Number>(note_both_ends());
    Completion<bool> closed;
    subscription.async_closed(closed.handler());
    emit(1);
    emit(2);
    drive(io_);
    subscription.close();
    drive(io_);
    EXPECT_THAT(seen_, testing::ElementsAre("begin 1"));
    EXPECT_EQ(closed.error(), event::errc::closed);
    io_.restart();
    EXPECT_EQ(io_.run(), 0U);  // no work is left
}

TEST_F(CoroutineHandlers, AreNotCancelledWhereTheSubscriptionIsOnlyDrained) {
    auto subscription = bus_.subscribe<Number>(note_both_ends());
    emit(1);
    emit(2);
    drive(io_);
    bus_.close();
    for (int i = 0; i < 3; ++i) {
        gate_.open();
        drive(io_);
    }
    EXPECT_THAT(seen_, testing::ElementsAre("begin 1", "end 1", "begin 2", "end 2"));
    io_.restart();
    EXPECT_EQ(io_.run(), 0U);  // no work is left, though the subscription is there
}

TEST_F(CoroutineHandlers, AreCancelledWhereADrainedSubscriptionIsClosed) {
    auto subscription = bus_.subscribe<Number>(note_both_ends());
    emit(1);
    drive(io_);
    subscription.close_after_drain();
    drive(io_);
    EXPECT_THAT(seen_, testing::ElementsAre("begin 1"));
    subscription.close();
    io_.restart();
    io_.run();
    EXPECT_THAT(seen_, testing::ElementsAre("begin 1"));
}

TEST_F(CoroutineHandlers, AreCancelledWhereTheSubscriptionIsKilled) {
    auto subscription = bus_.subscribe<Number>({.capacity = 1, .on_full = event::Kill{}}, note_both_ends());
    for (int i = 1; i <= 3; ++i) {
        emit(i);
        drive(io_);
    }
    io_.restart();
    io_.run();
    EXPECT_THAT(seen_, testing::ElementsAre("begin 1"));
}

TEST_F(CoroutineHandlers, AreWaitedForByWhoAwaitsTheEnd) {
    auto subscription = bus_.subscribe<Number>([&](const Number&) -> asio::awaitable<void> {
        co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
        co_await gate_.pass();
        seen_.emplace_back("ended");
    });
    emit(1);
    drive(io_);
    subscription.close();
    Completion<bool> closed;
    subscription.async_closed(closed.handler());
    drive(io_);
    EXPECT_TRUE(closed.pending());
    gate_.open();
    drive(io_);
    EXPECT_THAT(seen_, testing::ElementsAre("ended"));
    EXPECT_EQ(closed.error(), event::errc::closed);
}

TEST_F(CoroutineHandlers, MayCloseTheirOwnSubscription) {
    event::Subscription<Number> subscription = bus_.subscribe<Number>([&](const Number&) -> asio::awaitable<void> {
        subscription.close();
        seen_.emplace_back("closed");
        co_await gate_.pass();
        seen_.emplace_back("never");
    });
    emit(1);
    emit(2);
    drive(io_);
    EXPECT_THAT(seen_, testing::ElementsAre("closed"));
    io_.restart();
    EXPECT_EQ(io_.run(), 0U);
}

TEST_F(CoroutineHandlers, AreRefusedToBeWaitedForOnTheirStrand) {
    event::Subscription<Number> subscription = bus_.subscribe<Number>([&](const Number&) -> asio::awaitable<void> {
        co_await gate_.pass();
        error_code error;
        subscription.close_and_wait(error);
        seen_.push_back(error == boost::system::errc::resource_deadlock_would_occur ? "refused" : "waited");
    });
    emit(1);
    drive(io_);
    gate_.open();
    drive(io_);
    EXPECT_THAT(seen_, testing::ElementsAre("refused"));
}

TEST_F(CoroutineHandlers, GoWithTheirContext) {
    auto alive = std::make_shared<int>(1);
    const std::weak_ptr<int> watched = alive;
    auto io = std::make_unique<asio::io_context>();
    event::EventBus bus{*io};
    auto emitter = bus.emitter<Number>();
    auto subscription = bus.subscribe<Number>([alive = std::move(alive)](const Number&) -> asio::awaitable<void> {
        asio::steady_timer timer(co_await asio::this_coro::executor, asio::steady_timer::time_point::max());
        co_await timer.async_wait(asio::use_awaitable);
    });
    emitter.emit({1});
    drive(*io);
    EXPECT_FALSE(watched.expired());
    io.reset();
    EXPECT_TRUE(watched.expired());
}

TEST_F(CoroutineHandlers, RunOnTheStrandThatTheyBring) {
    auto strand = asio::make_strand(io_);
    const auto subscription =
        bus_.subscribe<Number>(asio::bind_executor(strand, [&](const Number&) -> asio::awaitable<void> {
            const bool at_first = strand.running_in_this_thread();
            co_await asio::post(asio::use_awaitable);
            seen_.push_back(at_first && strand.running_in_this_thread() ? "yes" : "no");
        }));
    emit(1);
    drive(io_);
    EXPECT_THAT(seen_, testing::ElementsAre("yes"));
    EXPECT_EQ(subscription.get_executor(), asio::any_io_executor(strand));
}

TEST_F(CoroutineHandlers, KeepTheirOwnersAliveAsLongAsTheyRun) {
    auto owner = std::make_shared<std::string>("owner");
    const std::weak_ptr<std::string> watched = owner;
    const auto subscription = bus_.subscribe<Number>(event::while_alive(owner),
                                                     [&, name = owner.get()](const Number&) -> asio::awaitable<void> {
                                                         co_await gate_.pass();
                                                         seen_.push_back(*name);
                                                     });
    emit(1);
    emit(2);
    drive(io_);
    owner.reset();
    EXPECT_FALSE(watched.expired());
    gate_.open();
    drive(io_);
    EXPECT_THAT(seen_, testing::ElementsAre("owner"));
    EXPECT_TRUE(watched.expired());
    EXPECT_EQ(subscription.stat().size, 0U);
    io_.restart();
    EXPECT_EQ(io_.run(), 0U);
}

TEST_F(CoroutineHandlers, MayEndWithAnExceptionBeforeTheyHaveWaited) {
    const auto subscription = bus_.subscribe<Text>([&](const Text& text) -> asio::awaitable<void> {
        co_await asio::dispatch(asio::use_awaitable);  // at once: it is on its strand
        if (text.value == "first") throw std::runtime_error("at once");
        co_await gate_.pass();
        seen_.push_back(text.value);
    });
    for (const char* text : {"first", "second", "third"}) emitter_.emit(Text{text});
    EXPECT_THROW(drive(io_), std::runtime_error);
    drive(io_);
    EXPECT_TRUE(seen_.empty());
    for (int i = 0; i < 2; ++i) {
        gate_.open();
        drive(io_);
    }
    EXPECT_THAT(seen_, testing::ElementsAre("second", "third"));
}

TEST_F(CoroutineHandlers, MayEndBeforeTheyHaveWaited) {
    const auto subscription = bus_.subscribe<Number>([&](const Number& number) -> asio::awaitable<void> {
        co_await asio::dispatch(asio::use_awaitable);
        seen_.push_back(std::to_string(number.value));
    });
    for (int i = 0; i < 100; ++i) {
        emit(i);
        drive(io_);
    }
    EXPECT_EQ(seen_.size(), 100U);
}

template <class Token>
auto async_fail(Token&& token) {
    return asio::async_initiate<Token, void()>([](auto&&) { throw std::runtime_error("cannot begin"); }, token);
}

TEST_F(CoroutineHandlers, MayFailToBeginToWait) {
    const auto subscription = bus_.subscribe<Number>([&](const Number& number) -> asio::awaitable<void> {
        if (number.value < 2) co_await async_fail(asio::use_awaitable);
        seen_.push_back(std::to_string(number.value));
    });
    for (int i = 0; i < 4; ++i) {
        emit(i);
        try {
            drive(io_);
        } catch (const std::runtime_error&) {
            seen_.emplace_back("failed");
        }
        drive(io_);
    }
    EXPECT_THAT(seen_, testing::ElementsAre("failed", "failed", "2", "3"));
}

TEST_F(CoroutineHandlers, AreRefusedToBeWaitedForOnTheStrandOfTheBus) {
    event::EventBus bus{asio::make_strand(io_)};
    auto emitter = bus.emitter<Number>();
    event::Subscription<Number> subscription = bus.subscribe<Number>([&](const Number&) -> asio::awaitable<void> {
        co_await asio::post(asio::use_awaitable);
        error_code error;
        subscription.close_and_wait(error);
        seen_.push_back(error == boost::system::errc::resource_deadlock_would_occur ? "refused" : "waited");
    });
    emitter.emit({1});
    drive(io_);
    EXPECT_THAT(seen_, testing::ElementsAre("refused"));
}

TEST_F(CoroutineHandlers, BesideOthersDoNotKeepTheirOwnersAlive) {
    auto owner = std::make_shared<int>(1);
    const std::weak_ptr<int> watched = owner;
    const auto subscription = bus_.subscribe<Number, Text>(
        event::while_alive(owner), [](const Number&) -> asio::awaitable<void> { co_return; },
        [](const Text& text) {
            if (text.value == "throws") throw 7;
        });
    emitter_.emit(Text{"returns"});
    drive(io_);
    EXPECT_EQ(owner.use_count(), 1);
    emitter_.emit(Text{"throws"});
    EXPECT_THROW(drive(io_), int);
    EXPECT_EQ(owner.use_count(), 1);
    emit(1);
    drive(io_);
    EXPECT_EQ(owner.use_count(), 1);
}

/// An operation that only keeps its handler.
struct Keep {
    std::shared_ptr<void>& kept;
    template <class Handler>
    void operator()(Handler&& handler) const {
        kept = std::make_shared<std::decay_t<Handler>>(std::forward<Handler>(handler));
    }
};

TEST_F(CoroutineHandlers, ThatAreThrownAwayCloseTheirSubscription) {
    std::shared_ptr<void> waits;
    const auto subscription = bus_.subscribe<Number>([&](const Number&) -> asio::awaitable<void> {
        const Keep keep{waits};
        co_await asio::async_initiate<const asio::use_awaitable_t<>&, void()>(keep, asio::use_awaitable);
    });
    emit(1);
    drive(io_);
    waits.reset();
    drive(io_);
    EXPECT_EQ(emitter_.emit(Number{2}).subscribers, 0U);
    io_.restart();
    EXPECT_EQ(io_.run(), 0U);
}

TEST_F(CoroutineHandlers, MayThrowThatTheyWereAbortedByOthers) {
    auto subscription = bus_.subscribe<Number>([&](const Number&) -> asio::awaitable<void> {
        co_await asio::post(asio::use_awaitable);
        throw boost::system::system_error(asio::error::operation_aborted);
    });
    emit(1);
    subscription.close_after_drain();
    EXPECT_THROW(drive(io_), boost::system::system_error);
}

TEST_F(CoroutineHandlers, OnAPoolNeverOverlap) {
    asio::thread_pool pool(2);
    event::EventBus bus{pool};
    auto emitter = bus.emitter<Number>();
    int running = 0;  // on the handler's strand alone
    int most = 0;
    std::vector<int> order;
    auto subscription = bus.subscribe<Number>({.capacity = 1000}, [&](const Number& number) -> asio::awaitable<void> {
        most = std::max(most, ++running);
        co_await asio::post(asio::use_awaitable);
        order.push_back(number.value);
        --running;
    });
    for (int i = 0; i < 500; ++i) emitter.emit({i});
    subscription.close_after_drain();
    subscription.async_closed(asio::use_future).wait();
    EXPECT_EQ(most, 1);
    EXPECT_EQ(order.size(), 500U);
    EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
    pool.join();
}

}  // namespace coroutine_handlers_test
