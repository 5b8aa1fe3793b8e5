/// Waiting for each other: nobody waits for ever, nobody is overtaken for ever, and a turn that nobody takes passes on.

#include "../stress/scale.hpp"
#include "../support.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <barrier>
#include <latch>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>

namespace waiting_mended_test {

using namespace support;

template <int I>
struct Numbered {
    int value = 0;
};
using A = Numbered<0>;
using B = Numbered<1>;
using C = Numbered<2>;
using D = Numbered<3>;

template <class... F>
struct Overloaded : F... {
    using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

void ignore(const event::SlowSubscriber&) {}

/// Two events, of which the second finds the queue full.
template <class T>
void overflow(const event::Emitter<T>& emitter) {
    emitter.emit(T{1});
    emitter.emit(T{2});
}

// ---- D3: callbacks that close each other's subscriptions ------------------------------------------------------------

/// As many subscriptions of as many types, each with a callback that runs on a thread of its own; all callbacks run at
/// once when `then(i)` is called by the i-th of them.
template <class... Ts>
class Ring {
public:
    explicit Ring(std::function<void(Ring&, std::size_t)> then) : then_(std::move(then)) {
        make(std::index_sequence_for<Ts...>{});
    }
    /// Returns when every emit has.
    void overflow_all() { start(std::index_sequence_for<Ts...>{}); }

    void close(std::size_t which) {
        each(which, [](auto& subscription) { subscription->close(); });
    }
    void destroy(std::size_t which) {
        each(which, [](auto& subscription) { subscription.reset(); });
    }
    void drain(std::size_t which) {
        each(which, [](auto& subscription) { subscription->close_after_drain(); });
    }
    static constexpr std::size_t size = sizeof...(Ts);

    asio::io_context io;
    event::EventBus bus{io};
    std::array<std::atomic<int>, sizeof...(Ts)> calls{};

private:
    template <std::size_t... Is>
    void make(std::index_sequence<Is...>) {
        (std::get<Is>(subscriptions_)
             .emplace(bus.subscribe<Ts>({.capacity = 1, .on_full = event::Notify{[this](const event::SlowSubscriber&) {
                                                            if (++calls[Is] != 1) return;
                                                            all_.arrive_and_wait();
                                                            then_(*this, Is);
                                                        }}})),
         ...);
    }
    template <std::size_t... Is>
    void start(std::index_sequence<Is...>) {
        std::vector<std::thread> threads;
        (threads.emplace_back([this] { overflow(bus.emitter<Ts>()); }), ...);
        for (auto& thread : threads) thread.join();
    }
    template <class F>
    void each(std::size_t which, F f) {
        std::size_t i = 0;
        std::apply([&](auto&... subscription) { ((i++ == which ? f(subscription) : void()), ...); }, subscriptions_);
    }

    const std::function<void(Ring&, std::size_t)> then_;
    std::barrier<> all_{sizeof...(Ts)};
    std::tuple<std::optional<event::Subscription<Ts>>...> subscriptions_;
};

TEST(CallbacksOnSeveralThreads, CloseEachOthersSubscription) {
    // D3: two
    using Two = Ring<A, B>;
    Two ring([](Two& all, std::size_t i) { all.close(1 - i); });
    ring.overflow_all();
    EXPECT_EQ(ring.bus.stat<A>().subscribers, 0U);
    EXPECT_EQ(ring.bus.stat<B>().subscribers, 0U);
}

TEST(CallbacksOnSeveralThreads, CloseAllSubscriptions) {
    // D3: each its own and the others', in the same and in the opposite order
    using Three = Ring<A, B, C>;
    for (const bool is_reversed : {false, true}) {
        Three ring([&](Three& all, std::size_t self) {
            for (std::size_t i = 0; i < Three::size; ++i) {
                all.close(is_reversed && self == 1 ? Three::size - 1 - i : i);
            }
        });
        ring.overflow_all();
        EXPECT_TRUE(ring.bus.report().subscriptions.empty());
    }
}

TEST(CallbacksOnSeveralThreads, CloseTheNextInARing) {
    // D3: three, each waits for the next
    using Three = Ring<A, B, C>;
    Three ring([](Three& all, std::size_t i) { all.close((i + 1) % Three::size); });
    ring.overflow_all();
    EXPECT_TRUE(ring.bus.report().subscriptions.empty());
}

TEST(CallbacksOnSeveralThreads, DestroyTheNextInARing) {
    // D3: destructors, while the callback of what is destroyed runs
    using Three = Ring<A, B, C>;
    for (int i = 0; i < stress::rounds(20); ++i) {
        Three ring([](Three& all, std::size_t self) { all.destroy((self + 1) % Three::size); });
        ring.overflow_all();
        EXPECT_TRUE(ring.bus.report().subscriptions.empty());
    }
}

TEST(CallbacksOnSeveralThreads, CloseTheBusAndWhatIsLeft) {
    // D3: one closes the bus, the others each other
    using Three = Ring<A, B, C>;
    Three ring([](Three& all, std::size_t i) {
        if (i == 0) all.bus.close();
        all.drain(i);
        all.close((i + 1) % Three::size);
    });
    ring.overflow_all();
    EXPECT_TRUE(ring.bus.report().subscriptions.empty());
}

TEST(CallbacksOnSeveralThreads, CloseEachOtherFromWithinWhatTheyEmit) {
    // D3, F02: a chain: the first emits what calls the second, which closes a third that closes the first
    asio::io_context io;
    event::EventBus bus{io};
    std::barrier both(2);
    std::optional<event::Subscription<A>> first;
    std::optional<event::Subscription<B>> second;
    std::optional<event::Subscription<C>> third;
    const auto b = bus.emitter<B>();
    first.emplace(bus.subscribe<A>(
        {.capacity = 1, .on_full = event::Notify{[&](const event::SlowSubscriber&) { overflow(b); }}}));
    second.emplace(bus.subscribe<B>({.capacity = 1, .on_full = event::Notify{[&](const event::SlowSubscriber&) {
                                                        both.arrive_and_wait();
                                                        third->close();
                                                    }}}));
    third.emplace(bus.subscribe<C>({.capacity = 1, .on_full = event::Notify{[&](const event::SlowSubscriber&) {
                                                       both.arrive_and_wait();
                                                       first->close();
                                                   }}}));
    std::thread other([&] { overflow(bus.emitter<C>()); });
    overflow(bus.emitter<A>());
    other.join();
    EXPECT_EQ(bus.stat<A>().subscribers, 0U);
    EXPECT_EQ(bus.stat<C>().subscribers, 0U);
}

/// A subscription to A whose callback runs on another thread until `release`.
class ARunningCallback : public testing::Test {
protected:
    /// Its callback runs now.
    void start(event::EventBus& bus) {
        running_.emplace(
            bus.subscribe<A>({.capacity = 1, .on_full = event::Notify{[this](const event::SlowSubscriber&) {
                                                 entered_.count_down();
                                                 released_.wait();
                                                 has_ended_ = true;
                                             }}}));
        thread_ = std::thread([&bus] { overflow(bus.emitter<A>()); });
        entered_.wait();
    }
    /// Closes it where somebody else's callback runs, which must not wait.
    void close_inside() {
        running_->close();
        EXPECT_FALSE(has_ended_);
        released_.count_down();
    }
    void TearDown() override { thread_.join(); }

    asio::io_context io_;
    std::optional<event::Subscription<A>> running_;
    std::latch entered_{1}, released_{1};
    std::atomic<bool> has_ended_{false};
    std::thread thread_;
};

TEST_F(ARunningCallback, IsNotWaitedForByAFilter) {
    // D3: of another bus
    event::EventBus bus{io_}, other{io_};
    start(bus);
    bool closed = false;
    const auto filtered = other.subscribe<B>({}, event::where([&](const B&) {
                                                 if (!std::exchange(closed, true)) close_inside();
                                                 return true;
                                             }));
    EXPECT_EQ(other.emitter<B>().emit({1}).delivered, 1U);
    EXPECT_TRUE(closed);
}

TEST_F(ARunningCallback, IsNotWaitedForByAFilterOfItsBus) {
    // D3, F27
    event::EventBus bus{io_};
    start(bus);
    bool closed = false;
    const auto filtered = bus.subscribe<B>({}, event::where([&](const B&) {
                                               if (!std::exchange(closed, true)) close_inside();
                                               return true;
                                           }));
    EXPECT_EQ(bus.emitter<B>().emit({1}).delivered, 1U);
    EXPECT_TRUE(closed);
    EXPECT_EQ(bus.emitter<A>().emit({1}).subscribers, 0U);
}

TEST_F(ARunningCallback, IsNotWaitedForByOnSlowSubscriber) {
    // D3
    bool closed = false;
    event::EventBus bus{io_, {.on_slow_subscriber = [&](const event::SlowSubscriber&) {
                            if (!std::exchange(closed, true)) close_inside();
                        }}};
    start(bus);
    const auto slow = bus.subscribe<B>({.capacity = 1});
    overflow(bus.emitter<B>());
    EXPECT_TRUE(closed);
}

TEST_F(ARunningCallback, IsNotWaitedForByTheDestructorInAnother) {
    // D3
    event::EventBus bus{io_};
    start(bus);
    bool destroyed = false;
    const auto slow = bus.subscribe<B>({.capacity = 1, .on_full = event::Notify{[&](const event::SlowSubscriber&) {
                                                           if (std::exchange(destroyed, true)) return;
                                                           running_.reset();
                                                           EXPECT_FALSE(has_ended_);
                                                           released_.count_down();
                                                       }}});
    overflow(bus.emitter<B>());
    EXPECT_TRUE(destroyed);
}

TEST_F(ARunningCallback, IsNotWaitedForByAKey) {
    // D3
    event::EventBus bus{io_}, other{io_};
    start(bus);
    bool closed = false;
    const auto keyed = other.subscribe<B>({}, event::latest_by([&](const B& b) {
                                              if (!std::exchange(closed, true)) close_inside();
                                              return b.value;
                                          }));
    other.emitter<B>().emit({1});
    EXPECT_TRUE(closed);
}

TEST_F(ARunningCallback, IsNotWaitedForByAMerge) {
    // D3
    event::EventBus bus{io_}, other{io_};
    start(bus);
    bool merged = false;
    const auto keyed = other.subscribe<B>({}, event::latest_by([](const B&) { return 0; },
                                                               [&](const B&, const B& newer) {
                                                                   if (!std::exchange(merged, true)) close_inside();
                                                                   return newer;
                                                               }));
    const auto emitter = other.emitter<B>();
    emitter.emit({1});
    emitter.emit({2});
    EXPECT_TRUE(merged);
}

TEST_F(ARunningCallback, IsWaitedForOutside) {
    // D3: as before
    event::EventBus bus{io_};
    start(bus);
    std::thread releases([&] { released_.count_down(); });
    running_->close();
    EXPECT_TRUE(has_ended_);
    releases.join();
}

// ---- D5: merging while others emit ----------------------------------------------------------------------------------

/// Two threads that emit batches of a type each, in a loop, until the end of the scope.
class TwoBusyEmitters {
public:
    explicit TwoBusyEmitters(event::EventBus& bus) : a_(bus.emitter<A>()), b_(bus.emitter<B>()) {
        threads_[0] = std::thread([this] { run(a_, batches_of_a); });
        threads_[1] = std::thread([this] { run(b_, batches_of_b); });
        // both run
        while (batches_of_a < 2 || batches_of_b < 2) std::this_thread::yield();
    }
    TwoBusyEmitters(const TwoBusyEmitters&) = delete;
    TwoBusyEmitters& operator=(const TwoBusyEmitters&) = delete;
    ~TwoBusyEmitters() {
        stop_ = true;
        for (auto& thread : threads_) thread.join();
    }
    std::atomic<int> batches_of_a{0}, batches_of_b{0};

private:
    template <class T>
    void run(event::Emitter<T>& emitter, std::atomic<int>& batches) {
        const std::vector<T> batch(2'000);
        while (!stop_) {
            emitter.emit_all(batch);
            ++batches;
        }
    }

    event::Emitter<A> a_;
    event::Emitter<B> b_;
    std::atomic<bool> stop_{false};
    std::array<std::thread, 2> threads_;
};

/// Twice what a scheduler may let pass, and some tenths of a second where nobody gives way.
constexpr int batches_that_may_pass = 1'000;

TEST(MergingWhileOthersEmit, GetsItsTurn) {
    // D5
    for (int i = 0; i < stress::rounds(3); ++i) {
        asio::io_context io;
        event::EventBus bus{io};
        const auto a = bus.subscribe<A>({.on_full = event::Drop{}});
        const auto b = bus.subscribe<B>({.on_full = event::Drop{}});
        const TwoBusyEmitters busy(bus);
        const int before = busy.batches_of_a + busy.batches_of_b;
        const auto both = bus.subscribe<A, B>({.on_full = event::Drop{}});
        EXPECT_LE(busy.batches_of_a + busy.batches_of_b - before, batches_that_may_pass);
    }
}

TEST(MergingWhileOthersEmit, GetsItsTurnForAWildcardAndForRetention) {
    // D5: what merges, too
    asio::io_context io;
    event::EventBus bus{io};
    const auto a = bus.subscribe<A>({.on_full = event::Drop{}});
    const auto b = bus.subscribe<B>({.on_full = event::Drop{}});
    const TwoBusyEmitters busy(bus);
    const int before = busy.batches_of_a + busy.batches_of_b;
    const auto retained_a = bus.emitter<A>({.retain = true});
    const auto retained_b = bus.emitter<B>({.retain = true});
    const auto all = bus.subscribe<event::AnyEvent>({.on_full = event::Drop{}});
    EXPECT_LE(busy.batches_of_a + busy.batches_of_b - before, 2 * batches_that_may_pass);
}

TEST(MergingWhileOthersEmit, LeavesTheBusToOthers) {
    // D5: unrelated subscriptions come and go meanwhile
    asio::io_context io;
    event::EventBus bus{io};
    const auto a = bus.subscribe<A>({.on_full = event::Drop{}});
    const auto b = bus.subscribe<B>({.on_full = event::Drop{}});
    const TwoBusyEmitters busy(bus);
    std::atomic<bool> merged{false};
    std::thread merging([&] {
        const auto both = bus.subscribe<A, B>({.on_full = event::Drop{}});
        merged = true;
    });
    do {
        auto unrelated = bus.subscribe<C>();
        unrelated.close();
    } while (!merged);
    merging.join();
}

TEST(MergingWhileOthersEmit, DoesNotHoldTheBusWhileItWaits) {
    // D5: somebody's filter takes as long as it takes for many others to come and go
    asio::io_context io;
    event::EventBus bus{io};
    std::latch entered{1}, released{1};
    bool is_first = true;
    const auto a = bus.subscribe<A>({.on_full = event::Drop{}}, event::where([&](const A&) {
                                        if (!std::exchange(is_first, false)) return true;
                                        entered.count_down();
                                        released.wait();
                                        return true;
                                    }));
    const auto b = bus.subscribe<B>({.on_full = event::Drop{}});
    std::thread emitting([&, emitter = bus.emitter<A>()] { emitter.emit({1}); });
    entered.wait();
    std::atomic<bool> begins{false};
    std::thread merging([&] {
        begins = true;
        const auto both = bus.subscribe<A, B>({.on_full = event::Drop{}});
    });
    while (!begins) std::this_thread::yield();
    for (int i = 0; i < 20'000; ++i) {
        auto unrelated = bus.subscribe<C>({.capacity = 1});
        unrelated.close();
    }
    released.count_down();
    merging.join();
    emitting.join();
}

// ---- D19: filters that wait for each other's bus --------------------------------------------------------------------

/// Each filter of a ring of buses does something to the next bus, all at once, and says what it got.
template <std::size_t N, class Action>
std::array<int, N> filters_in_a_ring(Action action) {
    asio::io_context io;
    std::array<std::optional<event::EventBus>, N> buses;
    for (auto& bus : buses) bus.emplace(io, event::BusOptions{.on_slow_subscriber = ignore});
    std::array<int, N> errors{};
    std::barrier all(N);
    std::vector<event::Subscription<A>> subscriptions;
    for (std::size_t i = 0; i < N; ++i) {
        subscriptions.push_back(buses[i]->template subscribe<A>({}, event::where([&, i, calls = 0](const A&) mutable {
                                                                    if (++calls != 1) return true;
                                                                    all.arrive_and_wait();
                                                                    try {
                                                                        action(*buses[(i + 1) % N]);
                                                                        errors[i] = -1;
                                                                    } catch (const boost::system::system_error& error) {
                                                                        errors[i] = error.code().value();
                                                                    }
                                                                    all.arrive_and_wait();
                                                                    return true;
                                                                })));
    }
    std::vector<std::thread> threads;
    for (auto& bus : buses) threads.emplace_back([&bus] { bus->template emitter<A>().emit({1}); });
    for (auto& thread : threads) thread.join();
    return errors;
}

constexpr int deadlock = boost::system::errc::resource_deadlock_would_occur;

TEST(FiltersOfTwoBuses, ThatSubscribeOnEachOthersGetAnException) {
    // D19
    const auto errors = filters_in_a_ring<2>([](event::EventBus& bus) { auto s = bus.subscribe<A, B>(); });
    EXPECT_THAT(errors, testing::Each(deadlock));
}

TEST(FiltersOfTwoBuses, ThatSubscribeToOneTypeOnEachOthersGetAnException) {
    // D19
    const auto errors = filters_in_a_ring<2>([](event::EventBus& bus) { auto s = bus.subscribe<A>(); });
    EXPECT_THAT(errors, testing::Each(deadlock));
}

TEST(FiltersOfTwoBuses, ThatSubscribeToEverythingOfEachOthersGetAnException) {
    // D19: wildcards and retention merge, too
    EXPECT_THAT(filters_in_a_ring<2>([](event::EventBus& bus) { auto s = bus.subscribe<event::AnyEvent>(); }),
                testing::Each(deadlock));
    EXPECT_THAT(filters_in_a_ring<2>([](event::EventBus& bus) { auto s = bus.emitter<A>({.retain = true}); }),
                testing::Each(deadlock));
}

TEST(FiltersOfThreeBuses, ThatSubscribeInARingGetAnException) {
    // D19
    const auto errors = filters_in_a_ring<3>([](event::EventBus& bus) { auto s = bus.subscribe<A, B, C>(); });
    EXPECT_THAT(errors, testing::Each(deadlock));
}

TEST(FiltersOfTwoBuses, LeaveBothBusesUsable) {
    // D19: what was refused left nothing
    asio::io_context io;
    event::EventBus one{io}, two{io};
    std::barrier both(2);
    int refused = 0;
    std::mutex mutex;
    const auto other_bus = [&](event::EventBus& other) {
        return event::where([&, calls = 0](const A&) mutable {
            if (++calls != 1) return true;
            both.arrive_and_wait();
            try {
                auto s = other.subscribe<A, B>();
            } catch (const boost::system::system_error&) {
                const std::scoped_lock lock(mutex);
                ++refused;
            }
            both.arrive_and_wait();
            return true;
        });
    };
    auto first = one.subscribe<A>({}, other_bus(two));
    auto second = two.subscribe<A>({}, other_bus(one));
    std::thread other([&, emitter = one.emitter<A>()] { emitter.emit({1}); });
    two.emitter<A>().emit({1});
    other.join();
    EXPECT_EQ(refused, 2);
    EXPECT_EQ(one.report().subscriptions.size(), 1U);
    auto after = one.subscribe<A, B>();
    EXPECT_EQ(one.emitter<B>().emit({1}).delivered, 1U);
    EXPECT_EQ(one.emitter<A>().emit({2}).delivered, 2U);
}

// ---- D6: one Wait queue of several types ----------------------------------------------------------------------------

class AWaitQueueOfSeveralTypes : public testing::Test {
protected:
    asio::io_context io_;
    event::EventBus bus_{io_, {.on_slow_subscriber = ignore}};
    event::Emitter<A> a_ = bus_.emitter<A>();
    event::Emitter<B> b_ = bus_.emitter<B>();
    event::Emitter<C> c_ = bus_.emitter<C>();
};

TEST_F(AWaitQueueOfSeveralTypes, DoesNotLetAsyncEmitsOfAnotherTypeOvertakeForEver) {
    // D6: B takes each room that there is, by its handler, until A is done
    int bs = 0;
    bool a_done = false;
    auto subscription = bus_.subscribe<A, B>({.capacity = 1, .on_full = event::Wait{}},
                                             Overloaded{[](const A&) {},
                                                        [&](const B&) {
                                                            ++bs;
                                                            if (!a_done && bs < 10'000)
                                                                b_.async_emit(B{bs}, asio::detached);
                                                        }});
    b_.emit({0});
    a_.async_emit(A{1}, [&](error_code, event::EmitResult) { a_done = true; });
    drive(io_);
    EXPECT_TRUE(a_done);
    EXPECT_LE(bs, 3);
    subscription.close();
}

TEST_F(AWaitQueueOfSeveralTypes, IsInTheOrderOfArrivalWhereBothEmitAsync) {
    // D6: at most one B, the one that was there before, overtakes
    int bs = 0, bs_before_a = -1;
    auto subscription = bus_.subscribe<A, B>({.capacity = 1, .on_full = event::Wait{}},
                                             Overloaded{[&](const A&) { bs_before_a = bs; },
                                                        [&](const B&) {
                                                            if (++bs < 100) b_.async_emit(B{bs}, asio::detached);
                                                        }});
    b_.emit({0});
    a_.async_emit(A{1}, asio::detached);
    drive(io_);
    EXPECT_EQ(bs_before_a, 1);
    subscription.close();
}

TEST_F(AWaitQueueOfSeveralTypes, DoesNotLetPlainEmitsOfAnotherTypeOvertake) {
    // D6
    int bs = 0, bs_before_a = -1;
    std::size_t refused = 0;
    auto subscription = bus_.subscribe<A, B>({.capacity = 1, .on_full = event::Wait{}},
                                             Overloaded{[&](const A&) { bs_before_a = bs; },
                                                        [&](const B&) {
                                                            if (++bs < 100) refused += b_.emit({bs}).refused;
                                                        }});
    b_.emit({0});
    a_.async_emit(A{1}, asio::detached);
    drive(io_);
    EXPECT_EQ(bs_before_a, 1);
    EXPECT_EQ(refused, 1U);
    subscription.close();
}

TEST_F(AWaitQueueOfSeveralTypes, RefusesAPlainEmitOfAnotherTypeWhileATurnIsOffered) {
    // D6: the room is the waiting one's, also before it has run; with a batch, and for the wildcard
    for (const bool is_wildcard : {false, true}) {
        std::optional<event::Subscription<A, B>> listed;
        std::optional<event::Subscription<event::AnyEvent>> all;
        const event::SubscriptionOptions options{.capacity = 1, .on_full = event::Wait{}};
        if (is_wildcard) {
            all.emplace(bus_.subscribe<event::AnyEvent>(options));
        } else {
            listed.emplace(bus_.subscribe<A, B>(options));
        }
        const auto take = [&] {
            return is_wildcard ? all->try_receive().has_value() : listed->try_receive().has_value();
        };
        b_.emit({0});
        Completion<event::EmitResult> a;
        a_.async_emit(A{1}, a.handler());
        EXPECT_TRUE(take());
        EXPECT_EQ(b_.emit({1}).refused, 1U) << is_wildcard;
        EXPECT_EQ(b_.emit_all(std::vector<B>(2)).refused, 2U) << is_wildcard;
        drive(io_);
        EXPECT_TRUE(a.done()) << is_wildcard;
        EXPECT_EQ(a.value().delivered, 1U) << is_wildcard;
    }
}

TEST_F(AWaitQueueOfSeveralTypes, IsFirstComeFirstServedAmongThree) {
    // D6: whatever the capacity
    for (const std::size_t capacity : {1U, 2U, 5U}) {
        auto subscription = bus_.subscribe<A, B, C>({.capacity = capacity, .on_full = event::Wait{}});
        for (std::size_t i = 0; i < capacity; ++i) a_.emit({-1});
        int next = 0;
        for (const char type : std::string("CABBACCCABACBBAC")) {
            if (type == 'A') a_.async_emit(A{next}, asio::detached);
            if (type == 'B') b_.async_emit(B{next}, asio::detached);
            if (type == 'C') c_.async_emit(C{next}, asio::detached);
            ++next;
        }
        std::vector<int> seen;
        // taken one by one, and several before anybody has run
        for (int i = 0; i < 100; ++i) {
            drive(io_);
            for (int taken = 0; taken <= i % 3; ++taken) {
                if (const auto delivery = subscription.try_receive())
                    delivery->visit([&](const auto& event) { seen.push_back(event.value); });
            }
        }
        std::erase(seen, -1);
        std::vector<int> expected;
        for (int i = 0; i < next; ++i) expected.push_back(i);
        EXPECT_EQ(seen, expected) << capacity;
    }
}

TEST_F(AWaitQueueOfSeveralTypes, WhoComesWhileOthersWaitQueuesBehindThemThoughThereIsRoom) {
    // D6: a new async_emit of another type does not slip in between the taking and the turn
    auto subscription = bus_.subscribe<A, B>({.capacity = 1, .on_full = event::Wait{}});
    b_.emit({0});
    Completion<event::EmitResult> a, b;
    a_.async_emit(A{1}, a.handler());
    EXPECT_TRUE(subscription.try_receive());
    b_.async_emit(B{2}, b.handler());
    drive(io_);
    EXPECT_TRUE(a.done());
    EXPECT_TRUE(b.pending());
    const auto first = subscription.try_receive();
    ASSERT_TRUE(first);
    EXPECT_NE(first->get_if<A>(), nullptr);
    drive(io_);
    EXPECT_TRUE(b.done());
}

TEST_F(AWaitQueueOfSeveralTypes, HoldsForEachOfSeveralQueues) {
    // D6: A waits for two queues, of which only one gets room; B came later to that one, and waits behind A
    auto left = bus_.subscribe<A, B>({.capacity = 1, .on_full = event::Wait{}});
    auto right = bus_.subscribe<A, C>({.capacity = 1, .on_full = event::Wait{}});
    b_.emit({0});
    c_.emit({0});
    Completion<event::EmitResult> a, b, c;
    a_.async_emit(A{1}, a.handler());
    b_.async_emit(B{2}, b.handler());
    c_.async_emit(C{3}, c.handler());
    EXPECT_TRUE(left.try_receive());
    drive(io_);
    EXPECT_TRUE(a.pending());
    EXPECT_TRUE(b.pending());
    EXPECT_EQ(b_.emit({4}).refused, 1U);
    EXPECT_TRUE(right.try_receive());
    drive(io_);
    ASSERT_TRUE(a.done());
    EXPECT_EQ(a.value().delivered, 2U);
    EXPECT_TRUE(b.pending());
    EXPECT_TRUE(c.pending());
    EXPECT_TRUE(left.try_receive());
    EXPECT_TRUE(right.try_receive());
    drive(io_);
    EXPECT_TRUE(b.done());
    EXPECT_TRUE(c.done());
}

TEST_F(AWaitQueueOfSeveralTypes, GoesOnWhenTheFirstIsCancelledOrItsQueueEnds) {
    // D6: who waited behind gets the turn
    auto left = bus_.subscribe<A, B>({.capacity = 1, .on_full = event::Wait{}});
    auto right = bus_.subscribe<A>({.capacity = 1, .on_full = event::Wait{}});
    a_.emit({0});
    for (const bool is_cancelled : {true, false}) {
        asio::cancellation_signal signal;
        Completion<event::EmitResult> a, b;
        a_.async_emit(A{1}, asio::bind_cancellation_slot(signal.slot(), a.handler()));
        b_.async_emit(B{2}, b.handler());
        EXPECT_TRUE(left.try_receive());
        drive(io_);
        EXPECT_TRUE(a.pending());
        EXPECT_TRUE(b.pending());
        if (is_cancelled) {
            signal.emit(asio::cancellation_type::terminal);
        } else {
            right.close();
        }
        drive(io_);
        EXPECT_TRUE(a.done());
        if (!is_cancelled) {
            EXPECT_TRUE(left.try_receive());
        }
        drive(io_);
        EXPECT_TRUE(b.done()) << is_cancelled;
    }
}

// ---- D7: a turn that nobody takes -----------------------------------------------------------------------------------

/// How the queue is read.
enum class Reading { by_try_receive, by_async_receive, by_push };

struct Sleepers {
    int count;
    std::size_t capacity;
    Reading reading;
};

class SomebodyWhoseContextNeverRuns : public testing::TestWithParam<Sleepers> {
protected:
    SomebodyWhoseContextNeverRuns() {
        const event::SubscriptionOptions options{.capacity = GetParam().capacity, .on_full = event::Wait{}};
        if (GetParam().reading == Reading::by_push) {
            queue_.emplace(bus_.subscribe<Number>(options, [this](const Number& n) { seen_.push_back(n.value); }));
        } else {
            queue_.emplace(bus_.subscribe<Number>(options));
        }
        // full, before anybody reads
        for (std::size_t i = 0; i < GetParam().capacity; ++i) emitter_.emit({-1});
        for (int i = 0; i < GetParam().count; ++i) {
            auto& emit = sleeping_.emplace_back();
            emitter_.async_emit(Number{i}, asio::bind_executor(asleep_, emit.handler()));
        }
    }
    ~SomebodyWhoseContextNeverRuns() override {
        queue_->close();
        drive(io_);
    }

    /// Everybody awake does what there is to do, for as often as nobody could need it.
    void go_on() {
        for (int i = 0; i < 2'000; ++i) {
            drive(io_);
            read();
        }
    }
    void read() {
        switch (GetParam().reading) {
            case Reading::by_try_receive:
                for (const int value : numbers(*queue_)) seen_.push_back(value);
                break;
            case Reading::by_async_receive:
                if (!std::exchange(is_receiving_, true)) receive();
                break;
            case Reading::by_push:
                break;
        }
    }
    void receive() {
        queue_->async_receive([this](error_code error, const event::Delivery<Number>& delivery) {
            if (error) return;
            seen_.push_back(delivery->value);
            receive();
        });
    }

    asio::io_context io_, asleep_;
    event::EventBus bus_{io_, {.on_slow_subscriber = ignore}};
    event::Emitter<Number> emitter_ = bus_.emitter<Number>();
    std::vector<int> seen_;
    bool is_receiving_ = false;
    std::optional<event::Subscription<Number>> queue_;
    std::vector<Completion<event::EmitResult>> sleeping_;
};

TEST_P(SomebodyWhoseContextNeverRuns, HoldsUpNobodyBehind) {
    // D7
    std::array<Completion<event::EmitResult>, 3> awake;
    for (auto& emit : awake) emitter_.async_emit(Number{1'000}, emit.handler());
    go_on();
    for (auto& emit : awake) EXPECT_TRUE(emit.done());
    EXPECT_EQ(std::count(seen_.begin(), seen_.end(), 1'000), 3);
}

TEST_P(SomebodyWhoseContextNeverRuns, RefusesNoPlainEmitBesideAnEmptyQueue) {
    // D7
    Completion<event::EmitResult> awake;
    emitter_.async_emit(Number{1'000}, awake.handler());
    go_on();
    EXPECT_EQ(queue_->stat().size, 0U);
    const auto result = emitter_.emit({2'000});
    EXPECT_EQ(result.refused, 0U);
    EXPECT_EQ(result.delivered, 1U);
    go_on();
    EXPECT_EQ(seen_.back(), 2'000);
}

TEST_P(SomebodyWhoseContextNeverRuns, LosesNothingWhenItRunsAfterAll) {
    // D7: each of their emits happens then, once
    go_on();
    for (int i = 0; i < 2 * GetParam().count; ++i) {
        drive(asleep_);
        drive(io_);
        read();
        drive(io_);
    }
    for (auto& emit : sleeping_) {
        ASSERT_TRUE(emit.done());
        EXPECT_FALSE(emit.error());
        EXPECT_EQ(emit.value().delivered, 1U);
    }
    std::erase(seen_, -1);
    EXPECT_EQ(seen_.size(), sleeping_.size());
}

INSTANTIATE_TEST_SUITE_P(
    Mended, SomebodyWhoseContextNeverRuns,
    testing::Values(Sleepers{1, 1, Reading::by_try_receive}, Sleepers{1, 4, Reading::by_try_receive},
                    Sleepers{100, 1, Reading::by_try_receive}, Sleepers{100, 4, Reading::by_try_receive},
                    Sleepers{1, 1, Reading::by_async_receive}, Sleepers{100, 4, Reading::by_async_receive},
                    Sleepers{1, 1, Reading::by_push}, Sleepers{100, 1, Reading::by_push},
                    Sleepers{100, 4, Reading::by_push}),
    [](const auto& tested) {
        const Sleepers& sleepers = tested.param;
        const char* const reading = sleepers.reading == Reading::by_push            ? "Push"
                                    : sleepers.reading == Reading::by_async_receive ? "AsyncReceive"
                                                                                    : "TryReceive";
        return std::to_string(sleepers.count) + "BeforeACapacityOf" + std::to_string(sleepers.capacity) + reading;
    });

TEST(SomebodyWhoseStrandIsBlocked, HoldsUpNobodyOfAnotherType) {
    // D7: with D6: the queue takes both types, and nobody of either is held up
    asio::io_context io, asleep;
    event::EventBus bus{io, {.on_slow_subscriber = ignore}};
    auto a = bus.emitter<A>();
    auto b = bus.emitter<B>();
    auto queue = bus.subscribe<A, B>({.capacity = 1, .on_full = event::Wait{}});
    a.emit({0});
    Completion<event::EmitResult> sleeping, same, other;
    a.async_emit(A{1}, asio::bind_executor(asio::make_strand(asleep), sleeping.handler()));
    b.async_emit(B{2}, other.handler());
    a.async_emit(A{3}, same.handler());
    for (int i = 0; i < 1'000; ++i) {
        static_cast<void>(take_all(queue));
        drive(io);
    }
    EXPECT_TRUE(same.done());
    EXPECT_TRUE(other.done());
    EXPECT_EQ(b.emit({4}).refused, 0U);
    EXPECT_TRUE(sleeping.pending());
}

TEST(SomebodyWhoseContextDiesAsleep, PassesItsTurnOn) {
    // D7: the turn was offered, and dies with it
    asio::io_context io;
    event::EventBus bus{io, {.on_slow_subscriber = ignore}};
    auto emitter = bus.emitter<Number>();
    auto queue = bus.subscribe<Number>({.capacity = 1, .on_full = event::Wait{}});
    auto asleep = std::make_unique<asio::io_context>();
    emitter.emit({0});
    Completion<event::EmitResult> sleeping, awake;
    emitter.async_emit(Number{1}, asio::bind_executor(asleep->get_executor(), sleeping.handler()));
    emitter.async_emit(Number{2}, awake.handler());
    EXPECT_TRUE(queue.try_receive());
    asleep.reset();
    drive(io);
    EXPECT_TRUE(sleeping.destroyed());
    EXPECT_TRUE(awake.done());
}

// ---- D14, D15: what an async_emit counts as, and what a waiting one makes others count as ---------------------------

TEST(AnAsyncEmitToNobody, IsNotCounted) {
    // D14: as a plain emit
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Number>();
    auto texts = bus.emitter<Text>();
    Completion<event::EmitResult> small, large;
    emitter.async_emit(Number{1}, small.handler());
    texts.async_emplace(large.handler(), "large");
    drive(io);
    ASSERT_TRUE(small.done());
    EXPECT_FALSE(small.error());
    EXPECT_EQ(small.value().subscribers, 0U);
    ASSERT_TRUE(large.done());
    EXPECT_EQ(bus.stat<Number>().emitted, 0U);
    EXPECT_EQ(bus.stat<Number>().last_sequence, 0U);
    EXPECT_EQ(bus.stat<Text>().emitted, 0U);
    auto subscription = bus.subscribe<Number>();
    emitter.async_emit(Number{2}, asio::detached);
    drive(io);
    EXPECT_EQ(bus.stat<Number>().emitted, 1U);
}

TEST(AnAsyncEmitToNobody, IsNotCountedWhereTheLastOneLeftWhileItWaited) {
    // D14: it waited, and then there was nobody any more
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Number>();
    {
        auto subscription = bus.subscribe<Number>({.capacity = 1, .on_full = event::Wait{}});
        emitter.emit({1});
        emitter.async_emit(Number{2}, asio::detached);
    }
    drive(io);
    EXPECT_EQ(bus.stat<Number>().emitted, 1U);
}

TEST(AnAsyncEmitToNobody, IsCountedWhereAPlainOneIs) {
    // D14: the unheard are asked for; the topic is retained
    asio::io_context io;
    event::EventBus counting{io, {.count_unheard = true}}, bus{io};
    counting.emitter<Number>().async_emit(Number{1}, asio::detached);
    auto kept = counting.emitter<Number>();
    kept.async_emit(Number{2}, asio::detached);
    auto retained = bus.emitter<Number>({.retain = true});
    retained.async_emit(Number{3}, asio::detached);
    drive(io);
    EXPECT_GE(counting.stat<Number>().emitted, 1U);
    EXPECT_EQ(bus.stat<Number>().emitted, 1U);
}

class WhatAFilterRejectsWhileAnEmitWaits : public testing::Test {
protected:
    static bool is_odd(const A& a) { return a.value % 2 == 1; }
    template <class S>
    void expect_nothing_lost(const S& subscription) {
        EXPECT_EQ(subscription.stat().lost, 0U);
        EXPECT_EQ(episodes_, 0);
    }

    int episodes_ = 0;
    asio::io_context io_;
    event::EventBus bus_{io_, {.on_slow_subscriber = [this](const event::SlowSubscriber&) { ++episodes_; }}};
    event::Emitter<A> a_ = bus_.emitter<A>();
    event::Emitter<B> b_ = bus_.emitter<B>();
    const event::SubscriptionOptions options_{.capacity = 1, .on_full = event::Wait{}};
};

TEST_F(WhatAFilterRejectsWhileAnEmitWaits, IsRejectedAndNotRefused) {
    // D15
    auto subscription = bus_.subscribe<A>(options_, event::where(is_odd));
    a_.emit({1});
    a_.async_emit(A{3}, asio::detached);
    const auto result = a_.emit({4});
    EXPECT_EQ(result.rejected, 1U);
    EXPECT_EQ(result.refused, 0U);
    EXPECT_EQ(subscription.stat().rejected, 1U);
    expect_nothing_lost(subscription);
    EXPECT_EQ(a_.emit({5}).refused, 1U);
    EXPECT_EQ(episodes_, 1);
}

TEST_F(WhatAFilterRejectsWhileAnEmitWaits, IsRejectedInABatchAndAfterTheTakingToo) {
    // D15
    auto subscription = bus_.subscribe<A>(options_, event::where(is_odd));
    a_.emit({1});
    a_.async_emit(A{3}, asio::detached);
    const auto batch = a_.emit_all(std::vector<A>{{2}, {4}, {6}});
    EXPECT_EQ(batch.rejected, 3U);
    EXPECT_EQ(batch.refused, 0U);
    EXPECT_TRUE(subscription.try_receive());
    EXPECT_EQ(a_.emit({8}).rejected, 1U);
    expect_nothing_lost(subscription);
}

TEST_F(WhatAFilterRejectsWhileAnEmitWaits, IsRejectedThoughTheOtherIsOfAnotherType) {
    // D15, D6
    auto subscription = bus_.subscribe<A, B>(options_, event::where(is_odd));
    b_.emit({1});
    b_.async_emit(B{2}, asio::detached);
    const auto result = a_.emit({2});
    EXPECT_EQ(result.rejected, 1U);
    EXPECT_EQ(result.refused, 0U);
    expect_nothing_lost(subscription);
}

TEST_F(WhatAFilterRejectsWhileAnEmitWaits, IsRejectedByAWildcard) {
    // D15: the shared form, of the same type and of another
    auto subscription = bus_.subscribe<event::AnyEvent>(
        options_, event::where([](const event::AnyEvent& any) { return any.get_if<A>() && is_odd(*any.get_if<A>()); }));
    a_.emit({1});
    a_.async_emit(A{3}, asio::detached);
    const auto same = a_.emit({4}), other = b_.emit({5});
    EXPECT_EQ(same.rejected, 1U);
    EXPECT_EQ(same.refused, 0U);
    EXPECT_EQ(other.rejected, 1U);
    EXPECT_EQ(other.refused, 0U);
    expect_nothing_lost(subscription);
}

TEST_F(WhatAFilterRejectsWhileAnEmitWaits, IsRejectedWhereTheFilterThrows) {
    // D15: an exception is a rejection, and still reaches the caller
    auto subscription = bus_.subscribe<A>(options_, event::where([](const A& a) {
                                              if (a.value == 4) throw std::runtime_error("four");
                                              return true;
                                          }));
    a_.emit({1});
    a_.async_emit(A{3}, asio::detached);
    EXPECT_THROW(a_.emit({4}), std::runtime_error);
    EXPECT_EQ(subscription.stat().rejected, 1U);
    expect_nothing_lost(subscription);
}

// ---- D9: async_get_if beside a value that is set all the time -------------------------------------------------------

/// Enough for any implementation to have given its thread back.
constexpr int far_too_many = 200'000;
/// What a "handful" is at most.
constexpr int handful = 1'000;

/// A value that is set again by whoever looks at it, so that there always is a newer one.
class AGetWhoseValueIsSetAllTheTime : public testing::Test {
public:
    /// Rejects everything, and gives up only where a test would hang otherwise.
    auto restless() {
        return [this](int value) {
            value_.set(value + 1);
            return ++looks_ >= far_too_many;
        };
    }
    /// Handlers one by one, until it is done.
    void run() {
        for (int i = 0; i < 10'000 && !get_.done(); ++i) {
            io_.restart();
            io_.poll_one();
        }
    }
    void expect(error_code error) {
        ASSERT_TRUE(get_.done());
        EXPECT_EQ(get_.error(), error);
        EXPECT_LT(looks_, far_too_many);
    }

    asio::io_context io_;
    event::Value<int> value_{io_, 0};
    event::Watcher<int> watcher_ = value_.watch();
    int looks_ = 0;
    Completion<event::Snapshot<int>> get_;
};

TEST_F(AGetWhoseValueIsSetAllTheTime, IsCancelledBetweenTwoLooks) {
    // D9
    watcher_.async_get_if(restless(), get_.handler());
    asio::post(io_, [&] { watcher_.cancel(); });
    run();
    expect(asio::error::operation_aborted);
}

TEST_F(AGetWhoseValueIsSetAllTheTime, IsCancelledThroughItsSlot) {
    // D9
    asio::cancellation_signal signal;
    watcher_.async_get_if(restless(), asio::bind_cancellation_slot(signal.slot(), get_.handler()));
    asio::post(io_, [&] { signal.emit(asio::cancellation_type::total); });
    run();
    expect(asio::error::operation_aborted);
}

TEST_F(AGetWhoseValueIsSetAllTheTime, EndsWithItsWatcher) {
    // D9
    std::optional<event::Watcher<int>> watcher(value_.watch());
    watcher->async_get_if(restless(), get_.handler());
    asio::post(io_, [&] { watcher.reset(); });
    run();
    expect(event::errc::closed);
}

TEST_F(AGetWhoseValueIsSetAllTheTime, IsCancelledByItsOwnPredicate) {
    // D9: in the middle of a look
    watcher_.async_get_if(
        [&](int value) {
            value_.set(value + 1);
            if (++looks_ == 3) watcher_.cancel();
            return looks_ >= far_too_many;
        },
        get_.handler());
    run();
    expect(asio::error::operation_aborted);
    EXPECT_LE(looks_, 4);
}

TEST_F(AGetWhoseValueIsSetAllTheTime, IsCancelledByAnotherThread) {
    // D9
    std::latch looking{1};
    std::thread other([&] {
        looking.wait();
        watcher_.cancel();
    });
    watcher_.async_get_if(
        [&](int value) {
            if (++looks_ == 1) looking.count_down();
            value_.set(value + 1);
            return looks_ >= 20 * far_too_many;
        },
        get_.handler());
    while (!get_.done()) {
        io_.restart();
        io_.poll_one();
    }
    other.join();
    EXPECT_EQ(get_.error(), asio::error::operation_aborted);
}

TEST_F(AGetWhoseValueIsSetAllTheTime, LetsOtherHandlersRunInBetween) {
    // D9: each of ten that post the next one
    std::vector<int> looks;
    struct Next {
        AGetWhoseValueIsSetAllTheTime& test;
        std::vector<int>& seen;
        void operator()() {
            seen.push_back(test.looks_);
            if (seen.size() < 10) {
                asio::post(test.io_, *this);
            } else {
                test.watcher_.cancel();
            }
        }
    };
    watcher_.async_get_if(restless(), get_.handler());
    asio::post(io_, Next{*this, looks});
    run();
    expect(asio::error::operation_aborted);
    ASSERT_EQ(looks.size(), 10U);
    for (std::size_t i = 1; i < looks.size(); ++i) EXPECT_LE(looks[i] - looks[i - 1], handful);
}

TEST_F(AGetWhoseValueIsSetAllTheTime, LetsATimerRun) {
    // D9: one that is due
    bool ran = false;
    asio::steady_timer timer(io_, std::chrono::seconds(0));
    timer.async_wait([&](error_code) {
        ran = true;
        watcher_.close();
    });
    watcher_.async_get_if(restless(), get_.handler());
    run();
    EXPECT_TRUE(ran);
    expect(event::errc::closed);
}

TEST_F(AGetWhoseValueIsSetAllTheTime, OfABusLetsOthersRunToo) {
    // D9: emitted by anybody
    event::EventBus bus{io_};
    auto emitter = bus.emitter<Number>();
    auto watcher = bus.watch<Number>();
    Completion<event::Snapshot<Number>> get;
    int looks = 0;
    emitter.emit({1});
    watcher.async_get_if(
        [&](const Number& number) {
            emitter.emit({number.value + 1});
            return ++looks >= far_too_many;
        },
        get.handler());
    asio::post(io_, [&] { watcher.cancel(); });
    for (int i = 0; i < 10'000 && !get.done(); ++i) {
        io_.restart();
        io_.poll_one();
    }
    ASSERT_TRUE(get.done());
    EXPECT_EQ(get.error(), asio::error::operation_aborted);
}

TEST_F(AGetWhoseValueIsSetAllTheTime, FindsWhatItWaitsForAfterManyLooks) {
    // D9: giving the thread back loses nothing, and looks at nothing twice
    std::vector<int> seen;
    watcher_.async_get_if(
        [&](int value) {
            seen.push_back(value);
            value_.set(value + 1);
            return value == 5'000;
        },
        get_.handler());
    run();
    ASSERT_TRUE(get_.done());
    EXPECT_EQ(*get_.value(), 5'000);
    EXPECT_EQ(seen.size(), 5'001U);
}

}  // namespace waiting_mended_test
