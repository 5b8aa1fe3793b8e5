/// On the steady path nothing is allocated. A program of its own, with allocation.cpp, which counts.

#include "allocation.hpp"
#include "support.hpp"

#include <event/retain_by.hpp>
#include <event/where_key.hpp>

#include <array>
#include <atomic>
#include <cstdlib>
#include <thread>

namespace allocation_test {

using namespace support;

constexpr int warm_up = 200;
constexpr int measured = 1'000;

/// Allocations of `measured` calls, once it has been called a while.
template <class F>
long allocations_of(F&& f) {
    for (int i = 0; i < warm_up; ++i) f();
    const long before = allocation::count;
    for (int i = 0; i < measured; ++i) f();
    return allocation::count - before;
}

TEST(Allocations, AreCounted) {
    const long before = allocation::count;
    delete new int(1);
    EXPECT_EQ(allocation::count - before, 1);
    std::free(std::aligned_alloc(64, 64));
    EXPECT_EQ(allocation::count - before, 2);
    EXPECT_NE(allocations_of([] { std::string(100, 'x'); }), 0);
}

TEST(Allocations, NoneToPushOnAThreadThatPolls) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Number>();
    const auto subscription = bus.subscribe<Number>({}, [&](const Number&) { io.stop(); });
    EXPECT_EQ(allocations_of([&] {
                  emitter.emit({1});
                  event::run_polling(io, std::chrono::microseconds(1));
                  io.restart();
              }),
              0);
}

TEST(Allocations, NoneForEmitAndTryReceive) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Number, Letter>();
    std::vector<event::Subscription<Number, Letter>> subscriptions;
    for (const event::Backpressure& policy :
         {event::Backpressure(event::Drop{}), event::Backpressure(event::DropOldest{}),
          event::Backpressure(event::Latest{}), event::Backpressure(event::Wait{})}) {
        // room for all where a loss would be reported, which takes strings
        const std::size_t capacity = std::holds_alternative<event::Wait>(policy) ? 8 : 4;
        subscriptions.push_back(bus.subscribe<Number, Letter>({.capacity = capacity, .on_full = policy}));
    }
    EXPECT_EQ(allocations_of([&] {
                  for (int i = 0; i < 4; ++i) emitter.emit(Number{i});
                  emitter.emit(Letter{'x'});
                  for (auto& subscription : subscriptions) {
                      while (subscription.try_receive()) {
                      }
                  }
              }),
              0);
}

TEST(Allocations, NoneForSharedEvents) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Text>({.retain = true});
    auto one = bus.subscribe<Text>();
    auto two = bus.subscribe<Text>({.on_full = event::Latest{}});
    EXPECT_EQ(allocations_of([&] {
                  for (int i = 0; i < 8; ++i) emitter.emplace("short");
                  while (one.try_receive()) {
                  }
                  while (two.try_receive()) {
                  }
              }),
              0);
}

TEST(Allocations, NoneForWhatIsFilteredMeasuredStampedOrReplacedByKey) {
    asio::io_context io;
    event::EventBus bus{io, {.measure_age = true, .stamp = true}};
    auto emitter = bus.emitter<Number>();
    auto text = bus.emitter<Text>();
    const auto is_odd = [](const Number& number) { return number.value % 2 != 0; };
    const auto key = [](const Number& number) { return number.value / 4; };
    const auto sum = [](const Number& queued, const Number& newer) { return Number{queued.value + newer.value}; };
    auto plain = bus.subscribe<Number>({.capacity = 4, .on_full = event::Drop{}});
    auto odd = bus.subscribe<Number>({.on_full = event::DropOldest{}}, event::where(is_odd));
    auto newest = bus.subscribe<Number>({.capacity = 2, .on_full = event::DropOldest{}}, event::latest_by(key, sum));
    auto texts = bus.subscribe<Text>({}, event::latest_by([](const Text& event) { return event.value.size(); },
                                                          [](const Text&, const Text& newer) { return newer; }));
    EXPECT_EQ(allocations_of([&] {
                  for (int i = 0; i < 16; ++i) {
                      emitter.emit(Number{i});
                      text.emplace(i % 2 == 0 ? "even" : "odd");
                  }
                  for (auto* subscription : {&plain, &odd, &newest}) {
                      while (subscription->try_receive()) {
                      }
                  }
                  while (texts.try_receive()) {
                  }
              }),
              0);
}

TEST(Allocations, NoneForWhatIsRetainedByKeyOnceTheKeysAreThere) {
    asio::io_context io;
    event::EventBus bus{io};
    auto number = bus.emitter<Number>({}, event::retain_by([](const Number& event) { return event.value % 4; }));
    auto text = bus.emitter<Text>({}, event::retain_by(&Text::value, {.keys = 2, .forget_oldest = true}));
    auto last = bus.emitter<Letter>({.retain = true, .retain_last = 3});
    auto all = bus.subscribe<Number, Text, Letter>({.capacity = 32});
    EXPECT_EQ(allocations_of([&] {
                  for (int i = 0; i < 8; ++i) {
                      number.emit({i});
                      text.emplace(i % 2 == 0 ? "even" : i % 3 == 0 ? "third" : "odd");
                      last.emit({'a'});
                  }
                  bus.forget<Number>(1);
                  bus.forget<Text>("even");
                  while (all.try_receive()) {
                  }
              }),
              0);
}

/// Emits, and posts itself again, all within one run of the context: Asio's recycled memory lives as long as that.
struct Chain {
    asio::io_context& io;
    event::Emitter<Number>& emitter;
    long& counted;
    int left = warm_up + measured;
    void operator()() {
        if (left == measured) counted = -allocation::count;
        if (left == 0) {
            counted += allocation::count;
            return;
        }
        --left;
        emitter.emit({1});
        asio::post(io, std::move(*this));
    }
};

TEST(Allocations, NoneForFindingWhoChoseAKey) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Text, Number>();
    const std::string here = "a room whose name is too long to lie in the string";
    auto in_room = bus.subscribe<Text>(event::where_key(&Text::value, here, "another"));
    auto by_view = bus.subscribe<Text>(
        event::where_key([](const Text& text) { return std::string_view(text.value).substr(2); }, here.substr(2)));
    auto number = bus.subscribe<Number>({.on_full = event::Wait{}}, event::where_key(&Number::value, 1));
    std::vector<event::Subscription<Number>> others;
    for (int i = 2; i < 100; ++i) others.push_back(bus.subscribe<Number>(event::where_key(&Number::value, i)));
    const Text elsewhere{std::string(here.size(), 'x')};
    Text text{here};
    EXPECT_EQ(allocations_of([&] {
                  emitter.emit(std::move(text));
                  const auto received = in_room.try_receive();
                  if (!received || !by_view.try_receive()) std::abort();
                  text.value = std::move(const_cast<Text&>(**received).value);  // NOLINT: the event allocates nothing
                  emitter.emit<Number>({1});
                  if (!number.try_receive()) std::abort();
              }),
              0);
    EXPECT_EQ(emitter.emit(elsewhere).subscribers, 0U);
}

TEST(Allocations, NoneForPush) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Number>();
    int calls = 0;
    auto on_bus = bus.subscribe<Number>({}, [&](const Number&) { ++calls; });
    auto on_typed = bus.subscribe<Number>({}, asio::bind_executor(io.get_executor(), [&](const Number&) { ++calls; }));
    auto on_strand =
        bus.subscribe<Number>({}, asio::bind_executor(asio::make_strand(io), [&](const Number&) { ++calls; }));
    long counted = -1;
    asio::post(io, Chain{io, emitter, counted});
    drive(io);
    EXPECT_EQ(counted, 0);
    EXPECT_EQ(calls, 3 * (warm_up + measured));
}

asio::awaitable<void> consume(event::Subscription<Number>& subscription, std::atomic<int>& received, int total) {
    while (received < total) {
        const auto delivery = co_await subscription.async_receive(asio::use_awaitable);
        received += delivery->value;
    }
}

asio::awaitable<void> emit_and_receive(event::Emitter<Number>& emitter, event::Subscription<Number>& subscription,
                                       event::Value<int>& value, event::Watcher<int>& watcher, long& counted) {
    for (int i = 0; i < warm_up + measured; ++i) {
        if (i == warm_up) counted = -allocation::count;
        emitter.emplace(i);
        const auto ready = co_await subscription.async_receive(asio::use_awaitable);
        emitter.emplace(i);
        co_await subscription.async_wait(asio::use_awaitable);
        std::array<event::Delivery<Number>, 2> batch;
        const std::size_t count = co_await subscription.async_receive_some(batch, asio::use_awaitable);
        value.set(i);
        const auto snapshot = co_await watcher.async_get(asio::use_awaitable);
        EXPECT_EQ(ready->value, *snapshot);
        EXPECT_EQ(count, 1U);
    }
    counted += allocation::count;
}

TEST(Allocations, NoneForACoroutine) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Number>();
    auto subscription = bus.subscribe<Number>();
    event::Value<int> value(io);
    auto watcher = value.watch();
    long counted = -1;
    asio::co_spawn(io, emit_and_receive(emitter, subscription, value, watcher, counted), asio::detached);
    drive(io);
    EXPECT_EQ(counted, 0);
}

/// One emit at a time from a foreign thread, each waking a receiver that has parked.
template <class Context>
long allocations_of_foreign_wakes(Context& context, event::EventBus& bus, std::atomic<int>& received) {
    static_cast<void>(context);
    auto emitter = bus.emitter<Number>();
    long counted = 0;
    std::thread producer([&] {
        for (int i = 0; i < warm_up + measured; ++i) {
            if (i == warm_up) counted = -allocation::count;
            emitter.emit({1});
            while (received <= i) std::this_thread::yield();
        }
        counted += allocation::count;
    });
    producer.join();
    return counted;
}

TEST(Allocations, NoneForAWakeFromAForeignThread) {
    asio::io_context io;
    auto work = asio::make_work_guard(io);
    event::EventBus bus{io};
    std::atomic<int> received{0};
    std::thread runner([&] { io.run(); });
    {
        auto push = bus.subscribe<Number>({}, [&](const Number& number) { received += number.value; });
        EXPECT_EQ(allocations_of_foreign_wakes(io, bus, received), 0) << "push";
    }
    received = 0;
    {
        auto pull = bus.subscribe<Number>();
        auto done = asio::co_spawn(io, consume(pull, received, warm_up + measured), asio::use_future);
        EXPECT_EQ(allocations_of_foreign_wakes(io, bus, received), 0) << "coroutine";
        done.get();
    }
    received = 0;
    {
        auto push = bus.subscribe<Number>(
            {}, asio::bind_executor(asio::make_strand(io), [&](const Number& number) { received += number.value; }));
        EXPECT_LE(allocations_of_foreign_wakes(io, bus, received), measured) << "a strand asks for one block itself";
    }
    work.reset();
    runner.join();
}

TEST(Allocations, NoneForAWakeOfAThreadPool) {
    asio::thread_pool pool(1);
    event::EventBus bus{pool};
    std::atomic<int> received{0};
    {
        auto push = bus.subscribe<Number>({}, [&](const Number& number) { received += number.value; });
        EXPECT_EQ(allocations_of_foreign_wakes(pool, bus, received), 0) << "push";
    }
    received = 0;
    {
        auto pull = bus.subscribe<Number>();
        auto done = asio::co_spawn(pool, consume(pull, received, warm_up + measured), asio::use_future);
        EXPECT_EQ(allocations_of_foreign_wakes(pool, bus, received), 0) << "coroutine";
        done.get();
    }
    pool.join();
}

TEST(Allocations, NoneForSettingAValue) {
    asio::io_context io;
    event::Value<int> small(io);
    event::Value<Text> large(io);
    auto watcher = small.watch();
    auto large_watcher = large.watch();
    EXPECT_EQ(allocations_of([&] {
                  small.set(1);
                  large.set(Text{"short"});
                  EXPECT_TRUE(watcher.try_get());
                  EXPECT_TRUE(large_watcher.try_get());
              }),
              0);
}

struct Frame {
    std::array<char, 4096> bytes;
};

/// What is kept once a burst of frames has been received.
class Burst : public testing::Test {
protected:
    static constexpr long kibibyte = 1024;

    [[nodiscard]] static long kept() { return allocation::payload_bytes; }
    void receive_burst() {
        for (int i = 0; i < 1024; ++i) frames.emit({});
        EXPECT_GE(kept(), 4096 * kibibyte);
        take_all(subscription);
    }

    asio::io_context io;
    event::EventBus bus{io};
    event::Emitter<Frame> frames = bus.emitter<Frame>();
    event::Subscription<Frame> subscription = bus.subscribe<Frame>({.capacity = 1024});
};

TEST_F(Burst, LeavesABoundedAmountBehind) {
    receive_burst();
    EXPECT_LE(kept(), 256 * kibibyte);
    EXPECT_GT(kept(), 250 * kibibyte);
    EXPECT_EQ(allocations_of([&] {
                  frames.emit({});
                  EXPECT_TRUE(subscription.try_receive());
              }),
              0);
}

TEST_F(Burst, LeavesAsMuchBehindAsTheBusIsAskedTo) {
    event::EventBus thrifty(io, {.pooled_bytes = 10 * sizeof(Frame)});
    frames = thrifty.emitter<Frame>();
    subscription = thrifty.subscribe<Frame>({.capacity = 1024});
    receive_burst();
    EXPECT_LE(kept(), 40 * kibibyte);
    EXPECT_GT(kept(), 30 * kibibyte);
}

TEST_F(Burst, LeavesNothingBehindWhenTheTypeIsNoLongerUsed) {
    receive_burst();
    subscription.close();
    EXPECT_GT(kept(), 0) << "it has an emitter";
    frames.close();
    EXPECT_EQ(kept(), 0);
}

TEST_F(Burst, LeavesNothingBehindWhenTheLastToGoIsASubscription) {
    receive_burst();
    frames.close();
    subscription.close();
    EXPECT_EQ(kept(), 0);
}

TEST_F(Burst, LeavesNothingBehindOfEventsThatOutliveTheUseOfTheirType) {
    for (int i = 0; i < 10; ++i) frames.emit({});
    auto held = take_all(subscription);
    receive_burst();
    frames.close();
    subscription.close();
    EXPECT_GE(kept(), 40 * kibibyte);
    EXPECT_LT(kept(), 41 * kibibyte) << "the memory of those that are held";
    held.clear();
    EXPECT_EQ(kept(), 0);
}

TEST_F(Burst, OfATypeThatIsUsedAnewIsPooledAnew) {
    receive_burst();
    subscription.close();
    frames.close();
    frames = bus.emitter<Frame>();
    subscription = bus.subscribe<Frame>({.capacity = 1024});
    receive_burst();
    EXPECT_GT(kept(), 250 * kibibyte);
}

struct Fragile {
    explicit Fragile(bool breaks) {
        if (breaks) throw 1;
    }
    Fragile(const Fragile&) { throw 1; }
};

TEST(Allocations, NoneForAValueThatCannotBeBuilt) {
    asio::io_context io;
    event::Value<Fragile> value(io, std::in_place, false);
    EXPECT_EQ(allocations_of([&] {
                  EXPECT_THROW(value.emplace(true), int);
                  EXPECT_THROW(value.set(**value.try_get()), int);
                  EXPECT_THROW(value.update([](Fragile&) {}), int);
                  EXPECT_THROW(value.update([](const Fragile&) { return Fragile(true); }), int);
              }),
              0)
        << "the memory goes back";
}

struct Said {
    int connection = 0;
    int room = 0;
};

TEST(Allocations, OfAQueueByKeyAreForTheRetainedEventsOfItsKeyAlone) {
    asio::io_context io;
    event::EventBus bus{io};
    const auto said = bus.emitter<Said>({}, event::retain_by(&Said::connection, {.keys = 4096}));
    for (int i = 0; i < 4096; ++i) said.emit({i, i % 512});
    allocation::largest = 0;
    auto room = bus.subscribe<Said>({.capacity = 4}, event::where_key(&Said::room, 7));
    EXPECT_LT(allocation::largest, 4096U);
    const auto all = take_all(room);
    ASSERT_EQ(all.size(), 8U);
    for (int i = 0; const auto& delivery : all) {
        EXPECT_EQ(delivery->connection, 7 + 512 * i++);
        EXPECT_TRUE(delivery.replayed());
    }
    said.emit({0, 7});  // and those that come are not in the way of who comes late
    EXPECT_EQ(take_all(room).size(), 1U);
}

TEST(Allocations, OfAQueueByKeyGrowWithWhatIsOfItsKey) {
    asio::io_context io;
    event::EventBus bus{io};
    const auto said = bus.emitter<Said>({}, event::retain_by(&Said::connection, {.keys = 4096}));
    for (int i = 0; i < 4096; ++i) said.emit({i, i % 2});
    auto room = bus.subscribe<Said>({.capacity = 1}, event::where_key(&Said::room, 1));
    EXPECT_EQ(take_all(room).size(), 2048U);
}

}  // namespace allocation_test
