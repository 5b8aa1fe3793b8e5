/// Waiting as Asio's users expect it: tokens, associated executor, allocator and cancellation slot, `||`, and what
/// happens when a context dies.

#include "support.hpp"

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/experimental/parallel_group.hpp>

#include <chrono>
#include <memory>
#include <new>
#include <thread>

namespace waiting_test {

using namespace support;
using namespace std::chrono_literals;
using namespace asio::experimental::awaitable_operators;

struct Tokens : testing::Test {
    asio::io_context io;
    event::EventBus bus{io};
    event::Emitter<Number> emitter = bus.emitter<Number>();
    event::Subscription<Number> subscription = bus.subscribe<Number>();
};

TEST_F(Tokens, Future) {
    std::future<event::Delivery<Number>> future = subscription.async_receive(asio::use_future);
    emitter.emit({1});
    drive(io);
    EXPECT_EQ(future.get()->value, 1);
    auto failing = subscription.async_receive(asio::use_future);
    subscription.close();
    drive(io);
    EXPECT_THROW(failing.get(), boost::system::system_error);
}

TEST_F(Tokens, DeferredStartsWhenItIsInvoked) {
    auto operation = subscription.async_receive(asio::deferred);
    Completion<event::Delivery<Number>> first;
    subscription.async_receive(first.handler());
    emitter.emit({1});
    drive(io);
    EXPECT_TRUE(first.done()) << "what was only prepared is not in the way";
    emitter.emit({2});
    Completion<event::Delivery<Number>> second;
    std::move(operation)(second.handler());
    drive(io);
    EXPECT_EQ(second.value()->value, 2);
}

TEST_F(Tokens, DeferredOutlivesItsSubscription) {
    auto operation = bus.subscribe<Number>().async_receive(asio::deferred);
    Completion<event::Delivery<Number>> once;
    Completion<event::Delivery<Number>> again;
    operation(once.handler());
    drive(io);
    EXPECT_EQ(once.error(), event::errc::closed);
    std::move(operation)(again.handler());
    drive(io);
    EXPECT_EQ(again.error(), event::errc::closed);
}

/// A handler that cannot be moved any number of times.
struct Fragile {
    explicit Fragile(int& moves, int& calls) : moves_left(&moves), called(&calls) {}
    Fragile(Fragile&& other) : moves_left(other.moves_left), called(other.called) {
        if (--*moves_left < 0) throw std::runtime_error("fragile");
    }
    void operator()(error_code error, const event::Delivery<Number>&) const {
        EXPECT_NE(error, event::errc::concurrent_receive);
        ++*called;
    }

    int* moves_left;
    int* called;
};

TEST_F(Tokens, AnOperationThatCannotBeMadeHasNotBegun) {
    asio::cancellation_signal signal;
    int calls = 0;
    int failures = 0;
    int moves = 0;
    for (bool is_made = false; !is_made; ++failures) {
        moves = failures;
        try {
            auto operation = bus.subscribe<Number>().async_receive(asio::deferred);  // holds the only reference
            std::move(operation)(asio::bind_cancellation_slot(signal.slot(), Fragile(moves, calls)));
            subscription.async_receive(Fragile(moves, calls));
            is_made = true;
        } catch (const std::runtime_error&) {
            signal.emit(asio::cancellation_type::all);
            EXPECT_FALSE(subscription.stat().waiting);
        }
        moves = 100;
        drive(io);
        ASSERT_LT(failures, 100);
    }
    EXPECT_GT(failures, 4) << "there is no other way in which this test could fail";
    emitter.emit({1});
    drive(io);
    EXPECT_GE(calls, 2);
}

TEST_F(Tokens, AnyCompletionHandler) {
    Completion<event::Delivery<Number>> completion;
    asio::any_completion_handler<void(error_code, event::Delivery<Number>)> handler(completion.handler());
    subscription.async_receive(std::move(handler));
    emitter.emit({1});
    drive(io);
    EXPECT_EQ(completion.value()->value, 1);
}

/// The queue has held some, and so does not look at each event that comes.
void fill_and_empty(event::Emitter<Number>& emitter, event::Subscription<Number>& subscription) {
    for (int round = 0; round < 2; ++round) {
        for (int i = 0; i < 5; ++i) emitter.emit({i});
        while (subscription.try_receive()) {
        }
    }
}

TEST_F(Tokens, AReceiveIsWokenByTheNextEventHoweverManyWereThereBefore) {
    fill_and_empty(emitter, subscription);
    Completion<event::Delivery<Number>> completion;
    subscription.async_receive(completion.handler());
    emitter.emit({1});
    drive(io);
    EXPECT_EQ(completion.value()->value, 1);

    std::vector<int> handled;
    const auto pushed = bus.subscribe<Number>({}, [&](const Number& number) { handled.push_back(number.value); });
    for (int i = 0; i < 5; ++i) emitter.emit({i});
    drive(io);
    emitter.emit({5});
    drive(io);
    EXPECT_THAT(handled, testing::ElementsAre(0, 1, 2, 3, 4, 5));
}

/// An executor without memory, now and then.
struct Balky {
    asio::io_context* io;
    const bool* refuses;

    asio::execution_context& query(asio::execution::context_t) const noexcept { return *io; }
    static constexpr asio::execution::blocking_t query(asio::execution::blocking_t) noexcept {
        return asio::execution::blocking.never;
    }
    [[nodiscard]] Balky require(asio::execution::blocking_t::never_t) const noexcept { return *this; }
    template <class Function>
    void execute(Function function) const {
        if (*refuses) throw std::bad_alloc{};
        asio::post(*io, [function = std::move(function)]() mutable { function(); });
    }
    friend bool operator==(const Balky&, const Balky&) = default;
};

TEST_F(Tokens, AReceiveThatCannotBeWokenIsWokenByTheNextEvent) {
    fill_and_empty(emitter, subscription);
    bool refuses = false;
    Completion<event::Delivery<Number>> completion;
    subscription.async_receive(asio::bind_executor(Balky{&io, &refuses}, completion.handler()));
    refuses = true;
    emitter.emit({1});
    refuses = false;
    drive(io);
    EXPECT_TRUE(completion.pending());
    emitter.emit({2});
    drive(io);
    EXPECT_EQ(completion.value()->value, 1);
}

TEST(Polling, IsForThoseWhomOtherThreadsWakeSoon) {
    using event::detail::Woken;
    event::detail::Polling polling;
    EXPECT_FALSE(polling.is_due());
    EXPECT_FALSE(polling.is_timed()) << "a look at the clock costs, too";
    polling.note(Woken::here);
    EXPECT_FALSE(polling.is_timed());
    polling.note(Woken::elsewhere);
    EXPECT_FALSE(polling.is_due()) << "it may have been long";
    EXPECT_TRUE(polling.is_timed());
    polling.note(Woken::soon);
    EXPECT_TRUE(polling.is_due());
    polling.note(Woken::unparked);
    EXPECT_TRUE(polling.is_due()) << "it has found something by looking";
    polling.has_not_paid();
    EXPECT_FALSE(polling.is_due());
    EXPECT_TRUE(polling.is_timed());
    polling.note(Woken::soon);
    polling.note(Woken::here);
    EXPECT_FALSE(polling.is_due());
    EXPECT_FALSE(polling.is_timed());
}

CO_TEST(Coroutine, ReceivesAndFinishes) {
    event::EventBus bus{io};
    auto emitter = bus.emitter<Number, Text>();
    auto subscription = bus.subscribe<Number, Text>();
    emitter.emit(Number{1});
    asio::post(io, [&] { emitter.emit(Text{"two"}); });
    const auto first = co_await subscription.async_receive(asio::use_awaitable);
    EXPECT_EQ(first.get_if<Number>()->value, 1);
    const auto second = co_await subscription.async_receive(asio::use_awaitable);
    EXPECT_EQ(second.get_if<Text>()->value, "two");
    const auto by_deferred = co_await subscription.async_receive_for(0s, asio::as_tuple(asio::deferred));
    EXPECT_EQ(std::get<0>(by_deferred), asio::error::timed_out);
    subscription.close();
    const auto end = co_await subscription.async_receive(asio::as_tuple(asio::use_awaitable));
    EXPECT_EQ(std::get<0>(end), event::errc::closed);
}

CO_TEST(Coroutine, HasADefaultToken) {
    event::EventBus bus{io};
    auto emitter = bus.emitter<Number>();
    auto subscription = asio::use_awaitable_t<>::as_default_on(bus.subscribe<Number>());
    emitter.emit({1});
    const auto delivery = co_await subscription.async_receive();
    EXPECT_EQ(delivery->value, 1);
    emitter.emit({2});
    co_await subscription.async_wait();
    const auto timed = co_await subscription.async_receive_for(1h);
    EXPECT_EQ(timed->value, 2);

    event::Value<int> value(io, 5);
    auto watcher = asio::use_awaitable_t<>::as_default_on(value.watch());
    const auto snapshot = co_await watcher.async_get();
    EXPECT_EQ(*snapshot, 5);
}

// ---- associated executor, allocator, cancellation slot
// ----------------------------------------------------------------

TEST_F(Tokens, CompletesOnTheAssociatedExecutor) {
    asio::io_context other;
    auto strand = asio::make_strand(other);
    bool right = false;
    subscription.async_receive(asio::bind_executor(
        strand, [&](error_code, const event::Delivery<Number>&) { right = strand.running_in_this_thread(); }));
    emitter.emit({1});
    drive(io);
    EXPECT_FALSE(right);
    drive(other);
    EXPECT_TRUE(right);
}

struct Arena {
    int live = 0;
    int ever = 0;
};

template <class T>
struct ArenaAllocator {
    using value_type = T;
    explicit ArenaAllocator(Arena& a) : arena(&a) {}
    template <class U>
    ArenaAllocator(const ArenaAllocator<U>& other) : arena(other.arena) {}
    T* allocate(std::size_t n) {
        ++arena->live;
        ++arena->ever;
        return std::allocator<T>().allocate(n);
    }
    void deallocate(T* p, std::size_t n) {
        --arena->live;
        std::allocator<T>().deallocate(p, n);
    }
    template <class U>
    bool operator==(const ArenaAllocator<U>& other) const {
        return arena == other.arena;
    }
    Arena* arena;
};

TEST_F(Tokens, AllocatesWithTheAssociatedAllocatorAndFreesBeforeTheUpcall) {
    Arena arena;
    int live_in_handler = -1;
    subscription.async_receive(
        asio::bind_allocator(ArenaAllocator<void*>(arena),
                             [&](error_code, const event::Delivery<Number>&) { live_in_handler = arena.live; }));
    EXPECT_EQ(arena.live, 1);
    emitter.emit({1});
    drive(io);
    EXPECT_EQ(arena.ever, 1);
    EXPECT_EQ(live_in_handler, 0);
}

template <class T>
struct NoMemory {
    using value_type = T;
    NoMemory() = default;
    template <class U>
    NoMemory(const NoMemory<U>&) {}
    T* allocate(std::size_t) { throw std::bad_alloc{}; }
    void deallocate(T*, std::size_t) {}
    bool operator==(const NoMemory&) const = default;
};

TEST_F(Tokens, AnInitiationWithoutMemoryLeavesNothingPending) {
    Completion<event::Delivery<Number>> never;
    EXPECT_THROW(subscription.async_receive(asio::bind_allocator(NoMemory<void*>(), never.handler())), std::bad_alloc);
    EXPECT_TRUE(never.destroyed());
    EXPECT_THROW(
        static_cast<void>(bus.subscribe<Number>({}, asio::bind_allocator(NoMemory<void*>(), [](const Number&) {}))),
        std::bad_alloc);
    EXPECT_EQ(bus.stat<Number>().subscribers, 1U) << "nor anything registered";
    Completion<event::Delivery<Number>> receive;
    subscription.async_receive(receive.handler());
    emitter.emit({1});
    drive(io);
    EXPECT_EQ(receive.value()->value, 1);
}

TEST_F(Tokens, HonoursEveryCancellationType) {
    for (auto type :
         {asio::cancellation_type::terminal, asio::cancellation_type::partial, asio::cancellation_type::total}) {
        asio::cancellation_signal signal;
        Completion<event::Delivery<Number>> parked;
        subscription.async_receive(asio::bind_cancellation_slot(signal.slot(), parked.handler()));
        signal.emit(type);
        EXPECT_FALSE(parked.done());
        drive(io);
        EXPECT_EQ(parked.error(), asio::error::operation_aborted);

        Completion<event::Delivery<Number>> posted;
        emitter.emit({7});
        subscription.async_receive(asio::bind_cancellation_slot(signal.slot(), posted.handler()));
        signal.emit(type);
        drive(io);
        EXPECT_EQ(posted.error(), asio::error::operation_aborted) << "effective after the completion was posted";
        EXPECT_EQ(numbers(subscription), (std::vector{7}));
    }
}

TEST_F(Tokens, ALateCancellationIsHarmless) {
    asio::cancellation_signal signal;
    Completion<event::Delivery<Number>> first;
    Completion<event::Delivery<Number>> second;
    emitter.emit({1});
    subscription.async_receive(asio::bind_cancellation_slot(signal.slot(), first.handler()));
    drive(io);
    subscription.async_receive(second.handler());
    signal.emit(asio::cancellation_type::total);  // the slot still holds what belonged to the first
    drive(io);
    EXPECT_TRUE(second.pending());
    event::Subscription<Number> gone = std::move(subscription);
    gone.close();
    drive(io);
    signal.emit(asio::cancellation_type::total);
}

// ---- `||` loses nothing (E22)
// -----------------------------------------------------------------------------------------

asio::awaitable<void> race_two(event::EventBus& bus, int rounds) {
    auto numbers = bus.emitter<Number>();
    auto letters = bus.emitter<Letter>();
    auto a = bus.subscribe<Number>();
    auto b = bus.subscribe<Letter>();
    int received = 0;
    for (int i = 0; i < rounds; ++i) {
        numbers.emplace(i);
        letters.emplace('x');
        const auto either = co_await (a.async_receive(asio::use_awaitable) || b.async_receive(asio::use_awaitable));
        received += either.index() == 0 || either.index() == 1 ? 1 : 0;
        while (a.try_receive()) ++received;
        while (b.try_receive()) ++received;
    }
    EXPECT_EQ(received, 2 * rounds);
}

CO_TEST(Or, LosesNothingWhenBothAreReady) {
    event::EventBus bus{io};
    co_await race_two(bus, 10'000);
}

asio::awaitable<void> race_waiting(asio::io_context& io, event::EventBus& bus, int rounds) {
    auto emitter = bus.emitter<Number>();
    auto a = bus.subscribe<Number>();
    auto b = bus.subscribe<Number>();
    int received = 0;
    for (int i = 0; i < rounds; ++i) {
        asio::post(io, [&] { emitter.emplace(i); });  // wakes both at once
        const auto either = co_await (a.async_receive(asio::use_awaitable) || b.async_receive(asio::use_awaitable));
        EXPECT_EQ(std::visit([](const auto& delivery) { return delivery->value; }, either), i);
        ++received;
        while (a.try_receive()) ++received;
        while (b.try_receive()) ++received;
    }
    EXPECT_EQ(received, 2 * rounds);
}

CO_TEST(Or, LosesNothingWhenBothAreWoken) {
    event::EventBus bus{io};
    co_await race_waiting(io, bus, 1'000);
}

asio::awaitable<void> race_a_timer(asio::io_context& io, event::EventBus& bus, int rounds) {
    auto emitter = bus.emitter<Number>();
    auto subscription = bus.subscribe<Number>();
    asio::steady_timer timer(io);
    int received = 0;
    for (int i = 0; i < rounds; ++i) {
        emitter.emplace(i);
        timer.expires_at(std::chrono::steady_clock::time_point::min());
        if (i % 2 == 0) {
            const auto either =
                co_await (subscription.async_receive(asio::use_awaitable) || timer.async_wait(asio::use_awaitable));
            received += either.index() == 0 ? 1 : 0;
        } else {
            const auto either =
                co_await (timer.async_wait(asio::use_awaitable) || subscription.async_receive(asio::use_awaitable));
            received += either.index() == 1 ? 1 : 0;
        }
        while (subscription.try_receive()) ++received;
    }
    EXPECT_EQ(received, rounds);
}

CO_TEST(Or, LosesNothingAgainstATimer) {
    event::EventBus bus{io};
    co_await race_a_timer(io, bus, 10'000);
}

asio::awaitable<void> race_watchers(event::Value<int>& left, event::Value<int>& right, int rounds) {
    auto a = left.watch();
    auto b = right.watch();
    int seen = 0;
    for (int i = 1; i <= rounds; ++i) {
        left.set(i);
        right.set(i);
        const auto either = co_await (a.async_get(asio::use_awaitable) || b.async_get(asio::use_awaitable));
        seen += either.index() < 2 ? 1 : 0;
        if (a.try_get()) ++seen;
        if (b.try_get()) ++seen;
    }
    EXPECT_EQ(seen, 2 * rounds);
}

CO_TEST(Or, LosesNoValueOfAWatcher) {
    event::Value<int> left(io);
    event::Value<int> right(io);
    co_await race_watchers(left, right, 1'000);
}

TEST(Or, LosesNothingOnAStrandOfAPool) {
    asio::thread_pool pool(2);
    event::EventBus bus{pool};
    auto strand = asio::make_strand(pool);
    auto emitter = bus.emitter<Number>();
    constexpr int rounds = 2'000;
    std::atomic<int> received{0};
    auto a = bus.subscribe<Number>({.capacity = rounds});
    auto b = bus.subscribe<Number>({.capacity = rounds});
    struct Consumer {
        static asio::awaitable<void> run(event::Subscription<Number>& left, event::Subscription<Number>& right,
                                         std::atomic<int>& count) {
            while (count < 2 * rounds) {
                const auto either =
                    co_await (left.async_receive(asio::use_awaitable) || right.async_receive(asio::use_awaitable));
                count += either.index() < 2 ? 1 : 0;
            }
        }
    };
    auto done = asio::co_spawn(strand, Consumer::run(a, b, received), asio::use_future);
    std::thread producer([&] {
        for (int i = 0; i < rounds; ++i) emitter.emit({i});
    });
    producer.join();
    done.get();
    EXPECT_EQ(received, 2 * rounds);
    pool.join();
}

// ---- work and contexts
// ------------------------------------------------------------------------------------------------

TEST_F(Tokens, APendingOperationKeepsRunFromReturning) {
    Completion<event::Delivery<Number>> receive;
    subscription.async_receive(receive.handler());
    io.restart();
    EXPECT_EQ(io.poll(), 0U);
    EXPECT_FALSE(io.stopped());
    subscription.close();
    io.run();
    EXPECT_TRUE(receive.done());
}

TEST(Contexts, PendingOperationsDieWithTheirContext) {
    Completion<event::Delivery<Number>> receive;
    Completion<bool> closed;
    Completion<event::EmitResult> emit;
    Completion<event::Snapshot<int>> get;
    Completion<event::Delivery<Number>> timed;
    std::shared_ptr<int> pushed = std::make_shared<int>(0);
    auto io = std::make_unique<asio::io_context>();
    event::EventBus bus{*io};
    auto emitter = bus.emitter<Number>();
    auto subscription = bus.subscribe<Number>({.capacity = 1, .on_full = event::Wait{}});
    auto other = bus.subscribe<Letter>();
    auto limited = bus.subscribe<Letter>();
    auto push = bus.subscribe<Letter>({}, [pushed](const Letter&) { ++*pushed; });
    event::Value<int> value(*io);
    auto watcher = value.watch();
    emitter.emit({1});
    emitter.async_emit({2}, emit.handler());
    subscription.async_closed(closed.handler());
    Completion<event::Delivery<Letter>> letter;
    other.async_receive(letter.handler());
    Completion<event::Delivery<Letter>> letter_for;
    limited.async_receive_for(1h, letter_for.handler());
    watcher.async_get(get.handler());
    Completion<event::Snapshot<int>> get_for;
    auto limited_watcher = value.watch();
    limited_watcher.async_get_for(1h, get_for.handler());
    EXPECT_TRUE(get_for.pending());
    EXPECT_TRUE(emit.pending() && closed.pending() && letter.pending() && get.pending() && letter_for.pending());
    io.reset();
    EXPECT_TRUE(emit.destroyed());
    EXPECT_TRUE(closed.destroyed());
    EXPECT_TRUE(letter.destroyed());
    EXPECT_TRUE(letter_for.destroyed());
    EXPECT_TRUE(get.destroyed());
    EXPECT_TRUE(get_for.destroyed());
    EXPECT_EQ(pushed.use_count(), 1);

    // the handles live on, without a context
    EXPECT_EQ(numbers(subscription), (std::vector{1}));
    emitter.emit({3});
    EXPECT_EQ(numbers(subscription), (std::vector{3}));
    value.set(4);
    EXPECT_EQ(**watcher.try_get(), 4);
}

TEST(Contexts, PendingOperationsDieWithTheContextOfTheirHandler) {
    asio::io_context home;
    event::EventBus bus{home};
    auto emitter = bus.emitter<Number>();
    auto subscription = bus.subscribe<Number>();
    Completion<event::Delivery<Number>> parked;
    {
        asio::io_context other;
        subscription.async_receive(asio::bind_executor(other, parked.handler()));
        EXPECT_TRUE(parked.pending());
    }
    EXPECT_TRUE(parked.destroyed());
    Completion<event::Delivery<Number>> posted;
    {
        asio::io_context other;
        subscription.async_receive(asio::bind_executor(other, posted.handler()));
        emitter.emit({1});
    }
    EXPECT_TRUE(posted.destroyed());
    EXPECT_EQ(numbers(subscription), (std::vector{1})) << "an event is taken when the completion runs";
    Completion<event::Delivery<Number>> again;
    subscription.async_receive(again.handler());
    emitter.emit({2});
    drive(home);
    EXPECT_EQ(again.value()->value, 2);
}

TEST(Contexts, PendingOperationsDieWithTheBusContextWhereverTheirHandlerRuns) {
    asio::io_context other;
    Completion<event::Delivery<Number>> parked;
    Completion<event::Delivery<Letter>> posted;
    auto home = std::make_unique<asio::io_context>();
    event::EventBus bus{*home};
    auto emitter = bus.emitter<Letter>();
    auto numbers_ = bus.subscribe<Number>();
    auto letters = bus.subscribe<Letter>();
    numbers_.async_receive(asio::bind_executor(other, parked.handler()));
    letters.async_receive(asio::bind_executor(other, posted.handler()));
    emitter.emit({'x'});
    home.reset();
    EXPECT_TRUE(parked.destroyed());
    drive(other);
    EXPECT_TRUE(posted.destroyed());
    EXPECT_TRUE(letters.try_receive());
}

TEST(Contexts, ACoroutineThatOwnsEverythingDiesWithItsContext) {
    struct Owner {
        static asio::awaitable<void> run(asio::io_context& io) {
            event::EventBus bus{io};
            auto emitter = bus.emitter<Text>({.retain = true});
            auto subscription = bus.subscribe<Text>();
            event::Value<int> value(io);
            auto watcher = value.watch();
            emitter.emplace("kept");
            const auto first = co_await subscription.async_receive(asio::use_awaitable);
            EXPECT_TRUE(first);
            const auto never = co_await watcher.async_get(asio::use_awaitable);
            ADD_FAILURE() << *never;
        }
    };
    asio::io_context io;
    asio::co_spawn(io, Owner::run(io), asio::detached);
    drive(io);
}

}  // namespace waiting_test
