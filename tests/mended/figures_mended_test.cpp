/// Figures and names: what is counted is counted once, for everybody alike, and what is gone is free.

#include "../stress/scale.hpp"
#include "../support.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <barrier>
#include <chrono>
#include <latch>
#include <map>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string_view>
#include <thread>

namespace figures_mended_test {

using namespace support;

struct Base {
    int base = 0;
};
/// What implements a behaviour: small, and large.
struct Small : Base {
    using event_interfaces = event::Interfaces<Base>;
    int value = 0;
};
struct Large : Base {
    using event_interfaces = event::Interfaces<Base>;
    std::string value;
};

// ---- D10: emitters that pass by -------------------------------------------------------------------------------------

class AnEmitterThatPassesBy : public testing::Test {
protected:
    /// As another bus has emitted it.
    template <class T>
    event::AnyEvent any(T event) {
        event::EventBus other{io_};
        auto all = other.subscribe<event::AnyEvent>();
        other.emitter<T>().emit(std::move(event));
        return **all.try_receive();
    }
    [[nodiscard]] std::size_t counted() const { return **count_.try_get(); }
    void expect_equal(std::size_t emitters) {
        EXPECT_EQ(counted(), emitters);
        EXPECT_EQ(bus_.stat<Number>().emitters, emitters);
    }

    asio::io_context io_;
    event::EventBus bus_{io_, {.on_slow_subscriber = [](const event::SlowSubscriber&) {}}};
    event::ValueView<std::size_t> count_ = bus_.emitter_count<Number>();
};

TEST_F(AnEmitterThatPassesBy, LeavesTheCountAsItWas) {
    // D10
    const auto subscription = bus_.subscribe<Number>();
    expect_equal(0);
    EXPECT_EQ(bus_.emit(any(Number{1})).delivered, 1U);
    expect_equal(0);
    const auto own = bus_.emitter<Number>();
    EXPECT_EQ(bus_.emit(any(Number{1})).delivered, 1U);
    expect_equal(1);
}

TEST_F(AnEmitterThatPassesBy, LeavesTheCountRightWhereACallbackRegistersMeanwhile) {
    // D10
    std::optional<event::Emitter<Number>> own;
    const auto subscription =
        bus_.subscribe<Number>({.capacity = 1, .on_full = event::Notify{[&](const event::SlowSubscriber&) {
                                                   if (!own) own.emplace(bus_.emitter<Number>());
                                               }}});
    bus_.emit(any(Number{1}));
    bus_.emit(any(Number{2}));
    EXPECT_TRUE(own);
    expect_equal(1);
    own.reset();
    expect_equal(0);
}

TEST_F(AnEmitterThatPassesBy, LeavesTheCountRightWhereACallbackClosesMeanwhile) {
    // D10: the other way round
    std::optional<event::Emitter<Number>> own(bus_.emitter<Number>());
    const auto subscription = bus_.subscribe<Number>(
        {.capacity = 1, .on_full = event::Notify{[&](const event::SlowSubscriber&) { own.reset(); }}});
    bus_.emit(any(Number{1}));
    bus_.emit(any(Number{2}));
    EXPECT_FALSE(own);
    expect_equal(0);
}

TEST_F(AnEmitterThatPassesBy, IsCountedAlikeInTheMiddle) {
    // D10: what a callback sees while it passes by
    bool was_called = false;
    const auto own = bus_.emitter<Number>();
    const auto subscription =
        bus_.subscribe<Number>({.capacity = 1, .on_full = event::Notify{[&](const event::SlowSubscriber&) {
                                                   was_called = true;
                                                   EXPECT_EQ(counted(), bus_.stat<Number>().emitters);
                                               }}});
    bus_.emit(any(Number{1}));
    bus_.emit(any(Number{2}));
    EXPECT_TRUE(was_called);
    expect_equal(1);
}

TEST_F(AnEmitterThatPassesBy, IsCountedAlikeForAFilterAndAReport) {
    // D10: a type that nobody else emits
    std::optional<std::size_t> seen, reported;
    const auto subscription =
        bus_.subscribe<Number>({.capacity = 1, .on_full = event::Notify{[&](const event::SlowSubscriber&) {
                                                   seen = counted();
                                                   for (const auto& topic : bus_.report().topics) {
                                                       if (topic.subscribers == 1) reported = topic.emitters;
                                                   }
                                               }}});
    bus_.emit(any(Number{1}));
    bus_.emit(any(Number{2}));
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen, reported);
    expect_equal(0);
}

TEST_F(AnEmitterThatPassesBy, LeavesTheCountRightBesideOthersThatComeAndGo) {
    // D10: on two threads, looked at whenever both are done
    const auto subscription = bus_.subscribe<Number>({.on_full = event::Drop{}});
    const event::AnyEvent event = any(Number{1});
    const int rounds = stress::rounds(2'000);
    int wrong = 0;
    std::barrier both(2);
    std::thread other([&] {
        for (int i = 0; i < rounds; ++i) {
            both.arrive_and_wait();
            {
                const auto emitter = bus_.emitter<Number>();
            }
            both.arrive_and_wait();
        }
    });
    for (int i = 0; i < rounds; ++i) {
        both.arrive_and_wait();
        for (int k = 0; k < 5; ++k) bus_.emit(event);
        both.arrive_and_wait();
        if (counted() != bus_.stat<Number>().emitters) ++wrong;
    }
    other.join();
    EXPECT_EQ(wrong, 0);
    expect_equal(0);
}

TEST_F(AnEmitterThatPassesBy, WakesWhoWaitsForOneOrLeavesNoTrace) {
    // D10: like any other emitter
    Completion<bool> wait;
    bus_.async_wait_emitter<Number>(wait.handler());
    const auto subscription = bus_.subscribe<Number>();
    drive(io_);
    bus_.emit(any(Number{1}));
    drive(io_);
    expect_equal(0);
    const auto own = bus_.emitter<Number>();
    drive(io_);
    EXPECT_TRUE(wait.done());
}

// ---- D27: one subscription that an event reaches in two ways --------------------------------------------------------

/// `subscribe<T, Implements<Base>>`: each event is delivered once for each.
template <class T>
class TheQueueOfTwoWays : public testing::Test {
protected:
    void expect_sums(const event::EmitResult& result) {
        EXPECT_EQ(result.subscribers, result.delivered + result.rejected + result.refused + result.killed);
    }

    asio::io_context io_;
    event::EventBus bus_{io_, {.on_slow_subscriber = [](const event::SlowSubscriber&) {}}};
    event::Emitter<T> emitter_ = bus_.emitter<T>();
};
using Implementing = testing::Types<Small, Large>;
class NameOfSize {
public:
    template <class T>
    static std::string GetName(int) {
        return std::is_same_v<T, Small> ? "Small" : "Large";
    }
};
TYPED_TEST_SUITE(TheQueueOfTwoWays, Implementing, NameOfSize);

TYPED_TEST(TheQueueOfTwoWays, IsKilledOnceWhereTheFirstFillsIt) {
    // D27: of what was discarded, nothing counts as delivered
    for (const bool listed_first : {true, false}) {
        std::optional<event::Subscription<TypeParam, event::Implements<Base>>> one;
        std::optional<event::Subscription<event::Implements<Base>, TypeParam>> two;
        const event::SubscriptionOptions options{.capacity = 1, .on_full = event::Kill{}};
        if (listed_first) {
            one.emplace(this->bus_.template subscribe<TypeParam, event::Implements<Base>>(options));
        } else {
            two.emplace(this->bus_.template subscribe<event::Implements<Base>, TypeParam>(options));
        }
        const auto result = this->emitter_.emplace();
        EXPECT_EQ(result.killed, 1U);
        EXPECT_EQ(result.delivered, 0U);
        EXPECT_EQ(result.subscribers, 1U);
        this->expect_sums(result);
        EXPECT_EQ(this->emitter_.emplace().subscribers, 0U);
    }
}

TYPED_TEST(TheQueueOfTwoWays, IsKilledOnceWhereItWasFullAlready) {
    // D27
    const auto subscription =
        this->bus_.template subscribe<TypeParam, event::Implements<Base>>({.capacity = 2, .on_full = event::Kill{}});
    const auto first = this->emitter_.emplace(), second = this->emitter_.emplace();
    EXPECT_EQ(first.delivered, 2U);
    this->expect_sums(first);
    EXPECT_EQ(second.killed, 1U);
    EXPECT_EQ(second.delivered, 0U);
    this->expect_sums(second);
}

struct Keyed : Base {
    using event_interfaces = event::Interfaces<Base>;
    explicit Keyed(int of) : key(of) {}
    int key;
};

TEST(TheKeyedQueueOfTwoWays, IsKilledOnce) {
    // D27: found by the model; two of its three places are taken
    asio::io_context io;
    event::EventBus bus{io};
    const auto emitter = bus.emitter<Keyed>();
    const auto key = event::latest_by([](const Keyed& event) { return event.key; });
    const auto subscription =
        bus.subscribe<Keyed, event::Implements<Base>>({.capacity = 3, .on_full = event::Kill{}}, key);
    emitter.emit(Keyed(1));
    const auto result = emitter.emit(Keyed(2));
    EXPECT_EQ(result.killed, 1U);
    EXPECT_EQ(result.delivered, 0U);
    EXPECT_EQ(result.subscribers, 1U);
}

TEST(ABatch, CountsNoEventThatNobodyHeardAfterItKilledTheLast) {
    // found by the model
    asio::io_context io;
    event::EventBus bus{io};
    const auto emitter = bus.emitter<Number>();
    const auto subscription = bus.subscribe<Number>({.capacity = 1, .on_full = event::Kill{}});
    const auto result = emitter.emit_all(std::vector<Number>{{1}, {2}, {3}, {4}});
    EXPECT_EQ(result.killed, 1U);
    EXPECT_EQ(result.subscribers, 2U);
    EXPECT_EQ(bus.stat<Number>().emitted, 2U);
}

TYPED_TEST(TheQueueOfTwoWays, IsKilledOnceBesideOthersThatAreNot) {
    // D27
    const auto subscription =
        this->bus_.template subscribe<TypeParam, event::Implements<Base>>({.capacity = 1, .on_full = event::Kill{}});
    auto listed = this->bus_.template subscribe<TypeParam>();
    auto behaviour = this->bus_.template subscribe<event::Implements<Base>>();
    auto all = this->bus_.template subscribe<event::AnyEvent>();
    const auto result = this->emitter_.emplace();
    EXPECT_EQ(result.killed, 1U);
    EXPECT_EQ(result.delivered, 3U);
    EXPECT_EQ(result.subscribers, 4U);
    this->expect_sums(result);
    EXPECT_TRUE(listed.try_receive());
    EXPECT_TRUE(behaviour.try_receive());
    EXPECT_TRUE(all.try_receive());
}

TYPED_TEST(TheQueueOfTwoWays, IsKilledOnceInABatch) {
    // D27: the batch says the same as its events one by one
    for (const std::size_t capacity : {1U, 2U, 3U, 4U}) {
        const event::SubscriptionOptions options{.capacity = capacity, .on_full = event::Kill{}};
        event::EmitResult sum;
        {
            const auto subscription = this->bus_.template subscribe<TypeParam, event::Implements<Base>>(options);
            for (int i = 0; i < 4; ++i) {
                const auto result = this->emitter_.emplace();
                sum.subscribers += result.subscribers;
                sum.delivered += result.delivered;
                sum.killed += result.killed;
            }
        }
        const auto subscription = this->bus_.template subscribe<TypeParam, event::Implements<Base>>(options);
        const auto result = this->emitter_.emit_all(std::vector<TypeParam>(4));
        this->expect_sums(result);
        EXPECT_EQ(result.killed, 1U) << capacity;
        EXPECT_EQ(result.delivered, capacity / 2 * 2) << capacity;
        EXPECT_EQ(result.subscribers, sum.subscribers) << capacity;
        EXPECT_EQ(result.delivered, sum.delivered) << capacity;
        EXPECT_EQ(result.killed, sum.killed) << capacity;
    }
}

TYPED_TEST(TheQueueOfTwoWays, AddsUpUnderEveryOtherPolicyAndWithAFilter) {
    // D27: subscribers == delivered + rejected + refused + killed
    for (const event::Backpressure& policy :
         {event::Backpressure(event::Drop{}), event::Backpressure(event::DropOldest{}),
          event::Backpressure(event::Notify{}), event::Backpressure(event::Wait{}),
          event::Backpressure(event::Kill{})}) {
        for (const std::size_t capacity : {1U, 2U, 3U}) {
            auto plain = this->bus_.template subscribe<TypeParam, event::Implements<Base>>(
                {.capacity = capacity, .on_full = policy});
            auto filtered = this->bus_.template subscribe<TypeParam, event::Implements<Base>>(
                {.capacity = capacity, .on_full = policy}, event::where([](const TypeParam&) { return false; }));
            for (int i = 0; i < 3; ++i) this->expect_sums(this->emitter_.emplace());
        }
    }
}

// ---- D23: on_slow_subscriber never runs twice at once ---------------------------------------------------------------

/// Notes who was told to be slow, and how many such calls there were at once.
class OnSlowSubscriber : public testing::Test {
protected:
    void slow(const event::SlowSubscriber& who) {
        const int now = ++inside_;
        int most = most_;
        while (now > most && !most_.compare_exchange_weak(most, now)) {
        }
        {
            const std::scoped_lock lock(mutex_);
            ++told_[who.name];
            auto& episodes = episodes_[who.name];
            EXPECT_GE(who.episodes, episodes) << "told in their order";
            episodes = std::max(episodes, who.episodes);
        }
        if (meanwhile_) meanwhile_(who);
        --inside_;
    }
    [[nodiscard]] event::BusOptions options() {
        return {.on_slow_subscriber = [this](const event::SlowSubscriber& who) { slow(who); }};
    }

    std::atomic<int> inside_{0}, most_{0};
    std::mutex mutex_;
    std::map<std::string, int> told_;                // guarded by mutex_
    std::map<std::string, std::uint64_t> episodes_;  // guarded by mutex_
    std::function<void(const event::SlowSubscriber&)> meanwhile_;
    asio::io_context io_;
};

TEST_F(OnSlowSubscriber, IsCalledForASecondOneByTheThreadThatIsAlreadyCalling) {
    // D23, F19
    event::EventBus bus{io_, options()};
    const auto numbers_queue = bus.subscribe<Number>({.capacity = 1, .name = "numbers"});
    const auto letters_queue = bus.subscribe<Letter>({.capacity = 1, .name = "letters"});
    const auto number = bus.emitter<Number>();
    const auto letter = bus.emitter<Letter>();
    std::latch entered{1}, emitted{1};
    std::atomic<bool> is_first{true};
    std::set<std::thread::id> callers;  // guarded by mutex_
    meanwhile_ = [&](const event::SlowSubscriber&) {
        {
            const std::scoped_lock lock(mutex_);
            callers.insert(std::this_thread::get_id());
        }
        if (!is_first.exchange(false)) return;
        entered.count_down();
        emitted.wait();  // until the other emit, whose episode opens meanwhile, has returned
    };
    std::thread other([&] {
        entered.wait();
        letter.emit({'a'});
        EXPECT_EQ(letter.emit({'b'}).refused, 1U);
        emitted.count_down();
    });
    number.emit({1});
    number.emit({2});
    other.join();
    EXPECT_EQ(most_, 1);
    EXPECT_EQ(told_, (std::map<std::string, int>{{"letters", 1}, {"numbers", 1}}));
    EXPECT_EQ(callers.size(), 1U);
}

TEST_F(OnSlowSubscriber, TellsEachOfManyThatBecomeSlowMeanwhile) {
    // D23: five, of which four wait for the first call to end, and none twice
    event::EventBus bus{io_, options()};
    std::vector<event::Subscription<Number>> queues;
    std::vector<event::Subscription<Letter>> others;
    for (int i = 0; i < 4; ++i)
        others.push_back(bus.subscribe<Letter>({.capacity = 1, .name = "l" + std::to_string(i)}));
    queues.push_back(bus.subscribe<Number>({.capacity = 1, .name = "n"}));
    const auto number = bus.emitter<Number>();
    const auto letter = bus.emitter<Letter>();
    std::latch entered{1}, emitted{1};
    std::atomic<bool> is_first{true};
    meanwhile_ = [&](const event::SlowSubscriber&) {
        if (!is_first.exchange(false)) return;
        entered.count_down();
        emitted.wait();
    };
    std::thread other([&] {
        entered.wait();
        letter.emit({'a'});
        EXPECT_EQ(letter.emit({'b'}).refused, 4U);
        emitted.count_down();
    });
    number.emit({1});
    number.emit({2});
    other.join();
    EXPECT_EQ(most_, 1);
    EXPECT_EQ(told_.size(), 5U);
    for (const auto& [name, times] : told_) EXPECT_EQ(times, 1) << name;
}

TEST_F(OnSlowSubscriber, IsNotCalledForOneThatWasClosedMeanwhile) {
    // D23: after close() has returned it will not start for that one
    event::EventBus bus{io_, options()};
    const auto numbers_queue = bus.subscribe<Number>({.capacity = 1, .name = "numbers"});
    auto letters_queue = bus.subscribe<Letter>({.capacity = 1, .name = "letters"});
    const auto number = bus.emitter<Number>();
    const auto letter = bus.emitter<Letter>();
    std::latch entered{1}, emitted{1};
    std::atomic<bool> is_first{true};
    meanwhile_ = [&](const event::SlowSubscriber&) {
        if (!is_first.exchange(false)) return;
        entered.count_down();
        emitted.wait();
    };
    std::atomic<int> told_before_close{-1};
    std::thread other([&] {
        entered.wait();
        letter.emit({'a'});
        letter.emit({'b'});
        letters_queue.close();
        const std::scoped_lock lock(mutex_);
        told_before_close = told_["letters"];
        emitted.count_down();
    });
    number.emit({1});
    number.emit({2});
    other.join();
    EXPECT_EQ(most_, 1);
    EXPECT_EQ(told_["letters"], told_before_close);
}

TEST_F(OnSlowSubscriber, MayMakeAnotherOneSlowItself) {
    // D23: on the same thread: not inside its own call, but afterwards
    event::EventBus bus{io_, options()};
    const auto numbers_queue = bus.subscribe<Number>({.capacity = 1, .name = "numbers"});
    const auto letters_queue = bus.subscribe<Letter>({.capacity = 1, .name = "letters"});
    const auto letter = bus.emitter<Letter>();
    meanwhile_ = [&](const event::SlowSubscriber& who) {
        if (who.name != "numbers") return;
        letter.emit({'a'});
        letter.emit({'b'});
    };
    const auto number = bus.emitter<Number>();
    number.emit({1});
    number.emit({2});
    EXPECT_EQ(most_, 1);
    EXPECT_EQ(told_, (std::map<std::string, int>{{"letters", 1}, {"numbers", 1}}));
}

TEST_F(OnSlowSubscriber, IsOneCallForLossAndForAge) {
    // D23: under slow_after, too
    auto with_age = options();
    with_age.measure_age = true;
    with_age.slow_after = std::chrono::nanoseconds(0);
    event::EventBus bus{io_, std::move(with_age)};
    const auto numbers_queue = bus.subscribe<Number>({.capacity = 1, .name = "numbers"});
    const auto letters_queue = bus.subscribe<Letter>({.capacity = 8, .name = "letters"});
    const auto number = bus.emitter<Number>();
    const auto letter = bus.emitter<Letter>();
    std::latch entered{1}, emitted{1};
    std::atomic<bool> is_first{true};
    meanwhile_ = [&](const event::SlowSubscriber&) {
        if (!is_first.exchange(false)) return;
        entered.count_down();
        emitted.wait();
    };
    std::thread other([&] {
        entered.wait();
        letter.emit({'a'});
        letter.emit({'b'});
        emitted.count_down();
    });
    number.emit({1});
    number.emit({2});
    other.join();
    EXPECT_EQ(most_, 1);
    EXPECT_GE(told_["letters"], 1);
}

TEST_F(OnSlowSubscriber, IsToldOfEveryEpisodeOfTwoThatAreEmittedToByTwoThreads) {
    // D23: each, or a later one in its place
    meanwhile_ = [](const event::SlowSubscriber&) { std::this_thread::yield(); };
    event::EventBus bus{io_, options()};
    const int rounds = stress::rounds(500);
    const auto run = [&]<class T>(T event, const char* name) {
        auto queue = bus.subscribe<T>({.capacity = 1, .name = name});
        const auto emitter = bus.emitter<T>();
        for (int i = 0; i < rounds; ++i) {
            emitter.emit(event);
            emitter.emit(event);
            EXPECT_TRUE(queue.try_receive());
            EXPECT_FALSE(queue.try_receive());
        }
        // the other thread may still have to tell it
        const auto last = [&] {
            const std::scoped_lock lock(mutex_);
            return episodes_[name];
        };
        while (last() != static_cast<std::uint64_t>(rounds)) std::this_thread::yield();
    };
    std::thread other([&] { run(Letter{'a'}, "letters"); });
    run(Number{1}, "numbers");
    other.join();
    EXPECT_EQ(most_, 1);
}

TEST_F(OnSlowSubscriber, ThatThrowsIsCalledForTheNextOneAllTheSame) {
    // D23: the exception leaves the emit of the thread that calls, after everybody was told
    event::EventBus bus{io_, {.on_slow_subscriber = [this](const event::SlowSubscriber& who) {
                            slow(who);
                            throw std::runtime_error(who.name);
                        }}};
    const auto numbers_queue = bus.subscribe<Number>({.capacity = 1, .name = "numbers"});
    const auto second_queue = bus.subscribe<Number>({.capacity = 1, .name = "others"});
    const auto number = bus.emitter<Number>();
    number.emit({1});
    EXPECT_THROW(number.emit({2}), std::runtime_error);
    EXPECT_EQ(told_, (std::map<std::string, int>{{"numbers", 1}, {"others", 1}}));
    const auto third_queue = bus.subscribe<Number>({.capacity = 1, .name = "third"});
    number.emit({3});
    EXPECT_THROW(number.emit({4}), std::runtime_error);
    EXPECT_EQ(told_["third"], 1);
}

// ---- D26: a name whose type is gone ---------------------------------------------------------------------------------

/// Undeclared, so named as the compiler spells it.
struct Ping {
    int value = 0;
};
struct Declared {
    static constexpr std::string_view event_name = "figures_mended_test::Ping";
    double value = 0;
};
struct AlsoDeclared {
    static constexpr std::string_view event_name = "figures_mended_test::Ping";
    std::array<double, 3> values{};
};

class ANameWhoseTypeIsGone : public testing::Test {
protected:
    ANameWhoseTypeIsGone() { EXPECT_EQ(event::name_of<Ping>(), Declared::event_name) << "what the tests rest on"; }
    void expect_free() {
        EXPECT_TRUE(bus_.report().topics.empty());
        error_code error;
        const auto emitter = bus_.emitter<Declared>({}, error);
        EXPECT_FALSE(error) << error.message();
        if (error) return;
        const auto report = bus_.report();
        ASSERT_EQ(report.topics.size(), 1U);
        EXPECT_EQ(report.topics.front().name, Declared::event_name);
    }

    asio::io_context io_;
    event::EventBus bus_{io_};
};

TEST_F(ANameWhoseTypeIsGone, CanBeDeclaredAfterAnEmitter) {
    // D26
    {
        const auto emitter = bus_.emitter<Ping>();
    }
    expect_free();
}

TEST_F(ANameWhoseTypeIsGone, CanBeDeclaredAfterASubscriber) {
    // D26
    {
        const auto subscription = bus_.subscribe<Ping>();
    }
    expect_free();
}

TEST_F(ANameWhoseTypeIsGone, CanBeDeclaredAfterAPassingEvent) {
    // D26
    event::AnyEvent any;
    {
        event::EventBus other{io_};
        auto all = other.subscribe<event::AnyEvent>();
        other.emitter<Ping>().emit({1});
        any = **all.try_receive();
    }
    bus_.emit(any);
    expect_free();
}

TEST_F(ANameWhoseTypeIsGone, CanBeDeclaredAfterARetainedEventThatWasForgotten) {
    // D26
    {
        const auto value = bus_.value<Ping>();
        auto watcher = bus_.watch<Ping>();
        bus_.emitter<Ping>().emit({1});
    }
    bus_.forget<Ping>();
    expect_free();
}

TEST_F(ANameWhoseTypeIsGone, CanBeDeclaredAfterTwoOfThemWereMadeUnique) {
    // D26: the undeclared one comes back beside the declared one, under a label of its own, and goes again
    for (int i = 0; i < 3; ++i) {
        {
            const auto emitter = bus_.emitter<Ping>();
        }
        error_code error;
        auto declared = bus_.emitter<Declared>({}, error);
        ASSERT_FALSE(error) << error.message();
        auto back = bus_.emitter<Ping>({}, error);
        ASSERT_FALSE(error) << error.message();
        const auto report = bus_.report();
        ASSERT_EQ(report.topics.size(), 2U);
        EXPECT_NE(report.topics[0].name, report.topics[1].name);
        auto queue = bus_.subscribe<Ping>();
        EXPECT_EQ(back.emit({1}).delivered, 1U);
        EXPECT_EQ(declared.emit({1.0}).subscribers, 0U);
    }
}

TEST_F(ANameWhoseTypeIsGone, CanBeDeclaredByEachOfTwoAfterTheOther) {
    // D26: declared ones as well, and subscribed to as well as emitted
    {
        const auto emitter = bus_.emitter<Ping>();
    }
    {
        const auto subscription = bus_.subscribe<Declared>();
    }
    {
        const auto emitter = bus_.emitter<AlsoDeclared>();
    }
    expect_free();
}

TEST_F(ANameWhoseTypeIsGone, IsStillTakenWhileItIsThere) {
    // D26: two that declare it
    const auto there = bus_.emitter<AlsoDeclared>();
    error_code error;
    const auto emitter = bus_.emitter<Declared>({}, error);
    EXPECT_EQ(error, event::errc::name_clash);
}

}  // namespace figures_mended_test
