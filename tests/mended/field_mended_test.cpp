/// What others have reported of their libraries, done on this one. Each test names what cannot happen here, and who met
/// it where it does.

#include "../support.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace field_mended_test {

using namespace std::chrono_literals;
using namespace support;

using Receive = Completion<event::Delivery<Number>>;
using Emit = Completion<event::EmitResult>;
using Get = Completion<event::Snapshot<int>>;

void ignore(const event::SlowSubscriber&) {}

const std::vector<event::Backpressure> policies{event::Notify{ignore}, event::Drop{}, event::DropOldest{},
                                                event::Latest{},       event::Kill{}, event::Wait{}};

/// Moving a channel left its waiting sends behind in the old one, and the next receive crashed.
/// chriskohlhoff/asio#1752
TEST(CannotHappen, AMovedHandleLeavesItsWaitingOperationsBehind) {
    asio::io_context io;
    event::EventBus bus(io);
    auto emitter = bus.emitter<Number>();
    std::vector<event::Subscription<Number>> all;
    std::vector<Receive> receives(20);
    for (Receive& receive : receives) {  // the vector grows meanwhile
        all.push_back(bus.subscribe<Number>());
        all.back().async_receive(receive.handler());
    }
    all.erase(all.begin() + 3);
    std::rotate(all.begin(), all.begin() + 5, all.end());
    emitter.emit({1});
    drive(io);
    for (std::size_t i = 0; i < receives.size(); ++i) {
        ASSERT_TRUE(receives[i].done()) << i;
        EXPECT_EQ(receives[i].error(), i == 3 ? error_code(event::errc::closed) : error_code()) << i;
    }

    auto full = bus.subscribe<Number>({.capacity = 1, .on_full = event::Wait{}});
    emitter.emit({2});
    Emit emit;
    emitter.async_emit({3}, emit.handler());
    const auto moved_emitter = std::move(emitter);
    auto moved = std::move(full);
    EXPECT_EQ((*moved.try_receive())->value, 2);
    drive(io);
    EXPECT_TRUE(emit.done());
    EXPECT_EQ((*moved.try_receive())->value, 3);

    event::Value<int> value(io);
    auto watcher = value.watch();
    Get get;
    watcher.async_get(get.handler());
    const auto moved_watcher = std::move(watcher);
    auto moved_value = std::move(value);
    moved_value.set(4);
    drive(io);
    EXPECT_EQ(*get.value(), 4);
}

/// In a channel for one event the mark of its end took the place of the last event. tokio-rs/tokio#2425
TEST(CannotHappen, TheEndOverwritesTheLastEventOfASmallQueue) {
    for (const event::Backpressure& policy : policies) {
        asio::io_context io;
        std::optional<event::EventBus> bus(std::in_place, io);
        auto subscription = bus->subscribe<Number>({.capacity = 1, .on_full = policy});
        bus->emitter<Number>().emit({7});
        bus.reset();
        Receive last, end;
        subscription.async_receive(last.handler());
        drive(io);
        ASSERT_TRUE(last.done());
        ASSERT_FALSE(last.error());
        EXPECT_EQ(last.value()->value, 7);
        EXPECT_EQ(last.value().missed(), 0U);
        subscription.async_receive(end.handler());
        drive(io);
        EXPECT_EQ(end.error(), event::errc::closed);
    }
}

/// A receiver that was woken for an event found the queue closed when it ran, and lost the event.
/// moonbitlang/async#377
TEST(CannotHappen, ACloseTakesBackWhatAReceiverWasWokenFor) {
    asio::io_context io;
    event::EventBus bus(io);
    auto subscription = bus.subscribe<Number>();
    Receive receive;
    subscription.async_receive(receive.handler());
    bus.emitter<Number>().emit({1});
    bus.close();
    event::Value<int> value(io);
    auto watcher = value.watch();
    Get get;
    watcher.async_get(get.handler());
    value.set(2);
    value.close();
    drive(io);
    ASSERT_FALSE(receive.error());
    EXPECT_EQ(receive.value()->value, 1);
    ASSERT_FALSE(get.error());
    EXPECT_EQ(*get.value(), 2);
}

/// A handler that enqueued events of the type which it was handling moved its event away from under itself.
/// skypjack/entt#1303
TEST(CannotHappen, AHandlersEventGoesWhileItEmitsOthersOfItsType) {
    for (const event::Backpressure& policy : policies) {
        asio::io_context io;
        event::EventBus bus(io, {.on_slow_subscriber = ignore});
        auto texts = bus.emitter<Text>();
        auto numbers = bus.emitter<Number>();
        int handled = 0;
        auto subscription = bus.subscribe<Text, Number>({.capacity = 3, .on_full = policy}, [&](const auto& event) {
            const auto before = event.value;
            for (int i = 0; i < 100 && handled < 20; ++i) {
                texts.emit({std::string(100, 'x')});
                numbers.emit({i});
            }
            EXPECT_EQ(event.value, before);
            ++handled;
        });
        texts.emit({"first"});
        numbers.emit({0});
        drive(io);
        EXPECT_GE(handled, 1);
    }
}

struct Base {
    int value = 0;
};
struct Derived : Base {
    using event_interfaces = event::Interfaces<Base>;
    explicit Derived(int number) : Base{number} {}
    std::string text;
};

/// One of two ways to emit forgot the subscribers that iterate. sindresorhus/emittery#126
TEST(CannotHappen, AWayToEmitForgetsAWayToHear) {
    asio::io_context io;
    event::EventBus bus(io), source(io);
    auto emitter = bus.emitter<Derived>();
    auto value = bus.value<Derived>();
    auto source_emitter = source.emitter<Derived>();
    auto source_log = source.subscribe<event::AnyEvent>();
    const std::vector<std::function<void()>> ways{
        [&] { emitter.emit(Derived(1)); },
        [&] { emitter.emplace(1); },
        [&] { emitter.emit_all(std::vector<Derived>{Derived(1)}); },
        [&] { emitter.async_emit(Derived(1), asio::detached); },
        [&] { emitter.async_emplace(asio::detached, 1); },
        [&] {
            source_emitter.emplace(1);
            bus.emit(**source_log.try_receive());
        },
        [&] { value.set(Derived(1)); },
        [&] { value.emplace(1); },
        [&] { value.update([](const Derived& old) { return Derived(old.value); }); },
    };

    auto one = bus.subscribe<Derived>();
    auto two = bus.subscribe<Derived, Number>();
    auto everything = bus.subscribe<event::AnyEvent>();
    auto behaviour = bus.subscribe<event::Implements<Base>>();
    auto filtered = bus.subscribe<Derived>({}, event::where([](const Derived&) { return true; }));
    auto by_key = bus.subscribe<Derived>({}, event::latest_by(&Derived::value));
    auto latest = bus.subscribe<Derived>({.on_full = event::Latest{}});
    auto waited_for = bus.subscribe<Derived>({.on_full = event::Wait{}});
    int pushed = 0;
    const auto push = bus.subscribe<Derived>({}, [&](const Derived&) { ++pushed; });
    auto watcher = bus.watch<Derived>();
    for (std::size_t i = 0; i < ways.size(); ++i) {
        SCOPED_TRACE(i);
        pushed = 0;
        ways[i]();
        drive(io);
        const auto heard = [](auto& subscription) { return take_all(subscription).size(); };
        EXPECT_EQ(heard(one), 1U);
        EXPECT_EQ(heard(two), 1U);
        EXPECT_EQ(heard(everything), 1U);
        EXPECT_EQ(heard(behaviour), 1U);
        EXPECT_EQ(heard(filtered), 1U);
        EXPECT_EQ(heard(by_key), 1U);
        EXPECT_EQ(heard(latest), 1U);
        EXPECT_EQ(heard(waited_for), 1U);
        EXPECT_EQ(pushed, 1);
        EXPECT_TRUE(watcher.try_get());
    }
}

/// Where coroutines wait: all that there is to wait for.
class ACoroutineAtAnAwait : public testing::TestWithParam<int> {
protected:
    static constexpr int emits = 8;

    /// Fills the queue first, where an emit shall wait.
    [[nodiscard]] asio::awaitable<error_code> wait() {
        constexpr auto token = asio::as_tuple(asio::use_awaitable);
        error_code error;
        switch (GetParam()) {
            case 0: {
                const auto result = co_await subscription_->async_receive(token);
                error = std::get<0>(result);
                break;
            }
            case 1: {
                const auto result = co_await subscription_->async_receive_some(into_, token);
                error = std::get<0>(result);
                break;
            }
            case 2: {
                const auto result = co_await subscription_->async_receive_for(1h, token);
                error = std::get<0>(result);
                break;
            }
            case 3: {
                const auto result = co_await subscription_->async_wait(token);
                error = std::get<0>(result);
                break;
            }
            case 4: {
                const auto result = co_await watcher_->async_get(token);
                error = std::get<0>(result);
                break;
            }
            case 5: {
                const auto accepts = [kept = token_](int value) { return kept && value == 1; };
                const auto result = co_await watcher_->async_get_if(accepts, token);
                error = std::get<0>(result);
                break;
            }
            case 6: {
                const auto result = co_await watcher_->async_get_for(1h, token);
                error = std::get<0>(result);
                break;
            }
            case 7: {
                const auto result = co_await watcher_->async_wait(token);
                error = std::get<0>(result);
                break;
            }
            default: {
                emitter_->emit({1});
                emitter_->emit({2});
                const auto result = co_await emitter_->async_emplace(token, 3);
                error = std::get<0>(result);
                break;
            }
        }
        co_return error;
    }

    std::optional<asio::io_context> io_{std::in_place};
    std::optional<event::EventBus> bus_{std::in_place, *io_};
    std::optional<event::Emitter<Number>> emitter_{bus_->emitter<Number>()};
    std::optional<event::Subscription<Number>> subscription_{
        bus_->subscribe<Number>({.capacity = 2, .on_full = event::Wait{}})};
    std::optional<event::Value<int>> value_{std::in_place, *io_};
    std::optional<event::Watcher<int>> watcher_{value_->watch()};
    std::array<event::Delivery<Number>, 2> into_;
    std::shared_ptr<int> token_ = std::make_shared<int>();
};
INSTANTIATE_TEST_SUITE_P(All, ACoroutineAtAnAwait, testing::Range(0, 9));

/// A cancellation that came while the completion was already on its way was ignored, or took the result with it.
/// boostorg/redis#321, typelevel/cats-effect#4571
TEST_P(ACoroutineAtAnAwait, LosesNothingToItsCancellation) {
    for (const auto type :
         {asio::cancellation_type::terminal, asio::cancellation_type::partial, asio::cancellation_type::total}) {
        for (const bool is_woken : {false, true}) {
            take_all(*subscription_);
            static_cast<void>(watcher_->try_get());
            asio::cancellation_signal signal;
            std::optional<error_code> ended;
            const auto body = [&]() -> asio::awaitable<void> {
                co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
                co_await asio::this_coro::throw_if_cancelled(false);
                ended = co_await wait();
            };
            asio::co_spawn(*io_, body(), asio::bind_cancellation_slot(signal.slot(), asio::detached));
            drive(*io_);
            ASSERT_FALSE(ended);
            asio::post(*io_, [&] {
                if (is_woken && GetParam() == emits) static_cast<void>(subscription_->try_receive());
                if (is_woken && GetParam() < emits) emitter_->emit({1});
                if (is_woken) value_->set(1);
                signal.emit(type);
            });
            drive(*io_);
            EXPECT_EQ(ended, error_code(asio::error::operation_aborted));
            const std::size_t before = GetParam() == emits ? 2 : 0;
            const std::size_t change = is_woken ? 1 : 0;
            EXPECT_EQ(take_all(*subscription_).size(), GetParam() == emits ? before - change : change);
            EXPECT_EQ(watcher_->try_get().has_value(), is_woken);
        }
    }
}

/// Frames of coroutines that were waiting when the context went were never freed, or freed twice.
/// cppalliance/corosio#159
TEST_P(ACoroutineAtAnAwait, IsFreedWithItsContext) {
    const std::weak_ptr<int> freed = token_;
    const auto body = [this](std::shared_ptr<int> kept) -> asio::awaitable<void> {
        const auto error = co_await wait();
        ADD_FAILURE() << error.message() << kept.use_count();
    };
    asio::co_spawn(*io_, body(token_), asio::detached);
    drive(*io_);
    token_.reset();
    EXPECT_FALSE(freed.expired());
    io_.reset();
    EXPECT_TRUE(freed.expired());
}

/// A time limit that nobody needed any more kept run() from returning until it was over. Icinga/icinga2#10254
TEST(CannotHappen, ATimeLimitOutlivesWhatItLimits) {
    asio::io_context io;
    event::EventBus bus(io);
    auto emitter = bus.emitter<Number>();
    auto subscription = bus.subscribe<Number>();
    event::Value<int> value(io);
    auto watcher = value.watch();
    const std::vector<std::function<void()>> ends{[&] { emitter.emit({1}); }, [&] { subscription.cancel(); },
                                                  [&] { subscription.close(); }};
    for (const auto& end : ends) {
        Receive receive;
        Get get;
        subscription.async_receive_for(1h, receive.handler());
        watcher.async_get_for(1h, get.handler());
        drive(io);
        EXPECT_FALSE(io.stopped());
        end();
        value.set(1);
        drive(io);
        EXPECT_TRUE(receive.done());
        EXPECT_TRUE(get.done());
        EXPECT_TRUE(io.stopped());
    }
}

/// Counts the blocks that are out.
template <class T>
class CountingAllocator {
public:
    using value_type = T;
    explicit CountingAllocator(int& out) noexcept : out_(&out) {}
    template <class U>
    explicit(false) CountingAllocator(const CountingAllocator<U>& other) noexcept : out_(other.out_) {}
    [[nodiscard]] T* allocate(std::size_t count) {
        ++*out_;
        return std::allocator<T>().allocate(count);
    }
    void deallocate(T* memory, std::size_t count) noexcept {
        --*out_;
        std::allocator<T>().deallocate(memory, count);
    }
    friend bool operator==(const CountingAllocator& left, const CountingAllocator& right) noexcept {
        return left.out_ == right.out_;
    }

private:
    template <class U>
    friend class CountingAllocator;
    int* out_;
};

/// Memory from the handler's allocator was still in use when the handler ran, and the allocator was gone then.
/// boostorg/redis#140, boostorg/beast#215
TEST(CannotHappen, AnOperationKeepsItsHandlersMemoryDuringTheCall) {
    asio::io_context io;
    event::EventBus bus(io);
    auto emitter = bus.emitter<Number>();
    auto subscription = bus.subscribe<Number>({.capacity = 1, .on_full = event::Wait{}});
    event::Value<int> value(io);
    auto watcher = value.watch();
    int out = 0;
    int calls = 0;
    const auto handler = [&] {
        return asio::bind_allocator(CountingAllocator<void>(out), [&](auto&&...) {
            EXPECT_EQ(out, 0);
            ++calls;
        });
    };
    const std::vector<std::function<void()>> operations{
        [&] {
            subscription.async_receive(handler());
            emitter.emit({1});
        },
        [&] {
            subscription.async_receive(handler());
            subscription.cancel();
        },
        [&] { subscription.async_receive_for(0s, handler()); },
        [&] {
            subscription.async_wait(handler());
            emitter.emit({1});
        },
        [&] {
            emitter.async_emit({2}, handler());
            static_cast<void>(subscription.try_receive());
        },
        [&] {
            watcher.async_get(handler());
            value.set(1);
        },
        [&] { watcher.async_get_for(0s, handler()); },
        [&] {
            subscription.async_ready(handler());
            bus.start();
        },
        [&] {
            subscription.async_closed(handler());
            subscription.close();
        },
        [&] { subscription.async_receive(handler()); },
    };
    for (const auto& operation : operations) {
        operation();
        drive(io);
    }
    EXPECT_EQ(calls, static_cast<int>(operations.size()));
    EXPECT_EQ(out, 0);
}

/// Emits, receives and sets when its thread ends.
struct LastWords {
    event::Emitter<Text>* emitter = nullptr;
    event::Subscription<Text>* subscription = nullptr;
    event::Value<Text>* value = nullptr;
    ~LastWords() {
        if (emitter == nullptr) return;
        emitter->emit({"bye"});
        static_cast<void>(subscription->try_receive());
        value->set({"bye"});
    }
};

/// Channels that kept something in thread-local storage could not be used by the destructors of other such things.
/// crossbeam-rs/crossbeam-channel#87, Amanieu/parking_lot#37
TEST(CannotHappen, AnEmitFailsWhileItsThreadEnds) {
    asio::io_context io;
    event::EventBus bus(io);
    auto emitter = bus.emitter<Text>();
    auto subscription = bus.subscribe<Text>();
    event::Value<Text> value(io);
    auto watcher = value.watch();
    Completion<event::Snapshot<Text>> get;
    watcher.async_get(get.handler());
    std::thread([&] {
        thread_local LastWords last_words;  // older than anything that the library keeps
        last_words.emitter = &emitter;
        last_words.subscription = &subscription;
        last_words.value = &value;
        emitter.emit({"hello"});
    }).join();
    drive(io);
    EXPECT_EQ(get.value()->value, "bye");
    EXPECT_EQ(subscription.stat().delivered, 1U);
    EXPECT_EQ((*subscription.try_receive())->value, "bye");
}

/// With replay, two collectors of different speed stopped the emitter for ever. Kotlin/kotlinx.coroutines#2320
CO_TEST(CannotHappen, TwoReceiversOfDifferentSpeedStopTheEmitter) {
    event::EventBus bus(io);
    const auto emitter = bus.emitter<Number>({.retain = true});
    emitter.emit({0});
    constexpr std::size_t events = 20;
    auto fast = bus.subscribe<Number>({.capacity = 1, .on_full = event::Wait{}});
    auto slow = bus.subscribe<Number>({.capacity = 1, .on_full = event::Wait{}});
    std::vector<int> by_fast, by_slow;
    const auto receive = [&](event::Subscription<Number>& from, std::vector<int>& into,
                             int pauses) -> asio::awaitable<void> {
        while (into.size() <= events) {
            const auto delivery = co_await from.async_receive(asio::use_awaitable);
            into.push_back(delivery->value);
            for (int i = 0; i < pauses; ++i) co_await asio::post(io, asio::use_awaitable);
        }
    };
    const auto emit = [&]() -> asio::awaitable<void> {
        for (std::size_t i = 0; i < events; ++i) {
            const Number next{static_cast<int>(i) + 1};
            const auto result = co_await emitter.async_emit(next, asio::use_awaitable);
            EXPECT_EQ(result.delivered, 2U);
        }
    };
    using namespace asio::experimental::awaitable_operators;
    co_await (receive(fast, by_fast, 0) && receive(slow, by_slow, 5) && emit());
    EXPECT_EQ(by_fast, by_slow);
    EXPECT_TRUE(std::is_sorted(by_slow.begin(), by_slow.end()));
}

/// What was always ready kept everything else on its executor from running. ros2/rclcpp#392, #2645
TEST(CannotHappen, ASubscriptionThatIsAlwaysReadyStarvesItsExecutor) {
    asio::io_context io;
    event::EventBus bus(io);
    auto emitter = bus.emitter<Number>();
    int calls = 0;
    bool had_its_turn = false;
    const auto push = bus.subscribe<Number>({.capacity = 4}, [&](const Number&) {
        if (++calls < 10000 && !had_its_turn) emitter.emit({1});
    });
    emitter.emit({1});
    asio::post(io, [&] { asio::post(io, [&] { had_its_turn = true; }); });
    drive(io);
    EXPECT_TRUE(had_its_turn);
    EXPECT_LT(calls, 1000);
}

/// Two queues that an emit waits for, one of which always has room.
class TwoQueuesThatArePolled : public testing::Test {
protected:
    asio::io_context io_;
    event::EventBus bus_{io_};
    event::Emitter<Number> emitter_ = bus_.emitter<Number>();
    event::Subscription<Number> small_ = bus_.subscribe<Number>({.capacity = 1, .on_full = event::Wait{}});
    event::Subscription<Number> large_ = bus_.subscribe<Number>({.capacity = 3, .on_full = event::Wait{}});
};

/// Who takes events once in a frame looks until there are none: libp2p/rust-libp2p#1876. That each of two receivers
/// found its queue empty once was counted as one that found it empty twice, and a waiting emit lost its turn.
TEST_F(TwoQueuesThatArePolled, CannotPassATurnOnAtOneLookEach) {
    asio::io_context first_context, second_context;
    Emit first, second;
    emitter_.emit({0});
    emitter_.async_emit({1}, asio::bind_executor(first_context.get_executor(), first.handler()));
    emitter_.async_emit({2}, asio::bind_executor(second_context.get_executor(), second.handler()));
    EXPECT_EQ(numbers(small_), std::vector{0});
    EXPECT_EQ(numbers(large_), std::vector{0});
    drive(second_context);
    EXPECT_TRUE(second.pending()) << "it has overtaken the first";
    drive(first_context);
    EXPECT_TRUE(first.done());
    EXPECT_EQ(numbers(small_), std::vector{1});
    drive(second_context);
    EXPECT_TRUE(second.done());
    EXPECT_EQ(numbers(small_), std::vector{2});
    EXPECT_EQ(numbers(large_), (std::vector{1, 2}));
}

/// Waiters that were woken for nothing, went back to the end of what they waited in, and made it quadratic.
/// smol-rs/async-channel#13, tokio-rs/tokio#5923
TEST_F(TwoQueuesThatArePolled, CannotWakeTwoEmitsForOneTurn) {
    constexpr std::size_t emits = 100;
    for (std::size_t i = 0; i < emits; ++i) emitter_.async_emit({1}, asio::detached);
    std::size_t handlers = 0;
    std::size_t received = 0;
    for (std::size_t frame = 0; frame < 2 * emits && received < emits; ++frame) {
        handlers += drive(io_);
        received += numbers(small_).size();
        numbers(large_);
    }
    EXPECT_EQ(received, emits);
    EXPECT_LE(handlers, emits + 10);
}

struct Renamed {
    std::string from;
    std::string to;
};

/// Events that are merged into one with another key: renames, notify-rs/notify#480. The merged one was still found
/// under the old key only.
TEST(CannotHappen, TwoEventsOfOneKeyAreQueuedAfterAMerge) {
    asio::io_context io;
    event::EventBus bus(io);
    auto emitter = bus.emitter<Renamed>();
    auto subscription = bus.subscribe<Renamed>(
        {}, event::latest_by(&Renamed::from,
                             [](const Renamed& queued, const Renamed& newer) { return Renamed{queued.to, newer.to}; }));
    emitter.emit({"a", "b"});
    emitter.emit({"a", "c"});  // now there is one from b to c
    emitter.emit({"b", "d"});
    const auto all = take_all(subscription);
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0]->from, "c");
    EXPECT_EQ(all[0]->to, "d");
}

}  // namespace field_mended_test
