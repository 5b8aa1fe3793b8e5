/// What go-libp2p's p2p/host/eventbus asserts (basic_test.go, basic_synctest_test.go), in its strong form: where the
/// original no longer tests its point since subscriptions are buffered by default, the queue here is really full. Tests
/// bear the original's names. The wildcard tests come with the wildcard.

#include "support.hpp"

#include <atomic>
#include <thread>

namespace go_libp2p_eventbus_test {

using namespace support;

struct EventA {};
struct EventB {
    int value = 0;
};

TEST(GoLibp2pEventBus, TestDefaultSubIsBuffered) {
    asio::io_context io;
    event::EventBus bus{io};
    auto subscription = bus.subscribe<EventA>();
    EXPECT_GT(subscription.stat().capacity, 0U);
}

TEST(GoLibp2pEventBus, TestEmit) {
    asio::io_context io;
    event::EventBus bus{io};
    auto subscription = bus.subscribe<EventA>();
    auto emitter = bus.emitter<EventA>();
    Completion<event::Delivery<EventA>> received;
    subscription.async_receive(received.handler());
    emitter.emit({});
    drive(io);
    EXPECT_TRUE(received.done());
    EXPECT_FALSE(received.error());
}

TEST(GoLibp2pEventBus, TestSub) {
    asio::io_context io;
    event::EventBus bus{io};
    auto subscription = bus.subscribe<EventB>();
    Completion<event::Delivery<EventB>> received;
    subscription.async_receive(received.handler());
    bus.emitter<EventB>().emit({7});
    drive(io);
    EXPECT_EQ(received.value()->value, 7);
}

TEST(GoLibp2pEventBus, TestEmitNoSubNoBlock) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<EventA>();
    const event::EmitResult result = emitter.emit({});
    EXPECT_EQ(result.error, event::errc{});
    EXPECT_EQ(result.subscribers, 0U);
}

TEST(GoLibp2pEventBus, TestEmitOnClosed) {
    asio::io_context io;
    event::EventBus bus{io};
    auto subscription = bus.subscribe<EventA>();
    auto emitter = bus.emitter<EventA>();
    emitter.close();
    EXPECT_EQ(emitter.emit({}).error, event::errc::closed);
    EXPECT_FALSE(subscription.try_receive());
}

TEST(GoLibp2pEventBus, TestClosingRaces) {
    asio::io_context io;
    event::EventBus bus{io};
    constexpr int rounds = 1'000;
    std::atomic<bool> go{false};
    std::thread subscribers([&] {
        while (!go) std::this_thread::yield();
        for (int i = 0; i < rounds; ++i) bus.subscribe<EventA>().close();
    });
    std::thread emitters([&] {
        while (!go) std::this_thread::yield();
        for (int i = 0; i < rounds; ++i) bus.emitter<EventA>({.retain = i % 7 == 0}).close();
    });
    go = true;
    subscribers.join();
    emitters.join();
    const event::TopicStat stat = bus.stat<EventA>();
    EXPECT_EQ(stat.emitters, 0U);
    EXPECT_EQ(stat.subscribers, 0U);
    EXPECT_FALSE(stat.retained) << "the topic is gone";
}

TEST(GoLibp2pEventBus, TestSubMany) {
    asio::io_context io;
    event::EventBus bus{io};
    constexpr std::size_t many = 50'000;
    std::vector<event::Subscription<EventB>> subscriptions;
    subscriptions.reserve(many);
    for (std::size_t i = 0; i < many; ++i) subscriptions.push_back(bus.subscribe<EventB>({.capacity = 1}));
    auto emitter = bus.emitter<EventB>();
    EXPECT_EQ(emitter.emit({7}).delivered, many);
    for (auto& subscription : subscriptions) ASSERT_EQ((*subscription.try_receive())->value, 7);
}

asio::awaitable<void> emit_many(event::EventBus& bus, int messages, long& emitted) {
    auto emitter = bus.emitter<EventB>();
    for (int i = 0; i < messages; ++i) {
        const event::EmitResult result = co_await emitter.async_emplace(asio::use_awaitable, i);
        EXPECT_EQ(result.lost(), 0U);
        emitted += static_cast<long>(result.delivered);
    }
}

TEST(GoLibp2pEventBus, TestBothMany) {
    // no loss: every subscriber waits for room, every emitter for every subscriber
    asio::io_context io;
    event::EventBus bus{io};
    constexpr int subscribers = 1'000;
    constexpr int emitters = 50;
    constexpr int messages = 10;
    long received = 0;
    long sum = 0;
    long emitted = 0;
    std::vector<event::Subscription<EventB>> subscriptions;
    for (int i = 0; i < subscribers; ++i) {
        subscriptions.push_back(bus.subscribe<EventB>({.capacity = 2, .on_full = event::Wait{}}, [&](const EventB& b) {
            ++received;
            sum += b.value;
        }));
    }
    for (int i = 0; i < emitters; ++i) asio::co_spawn(io, emit_many(bus, messages, emitted), asio::detached);
    drive(io);
    EXPECT_EQ(emitted, 1L * subscribers * emitters * messages);
    EXPECT_EQ(received, 1L * subscribers * emitters * messages);
    EXPECT_EQ(sum, 1L * subscribers * emitters * (messages * (messages - 1) / 2));
}

TEST(GoLibp2pEventBus, TestNonStateful) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<EventB>();
    auto early = bus.subscribe<EventB>();
    emitter.emit({1});
    EXPECT_TRUE(early.try_receive());
    auto late = bus.subscribe<EventB>();
    EXPECT_FALSE(late.try_receive());
}

TEST(GoLibp2pEventBus, TestStateful) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<EventB>({.retain = true});
    emitter.emit({1});
    emitter.emit({2});
    auto subscription = bus.subscribe<EventB>();
    auto first = subscription.try_receive();
    ASSERT_TRUE(first) << "available as soon as subscribe has returned";
    EXPECT_EQ((*first)->value, 2);
    EXPECT_FALSE(subscription.try_receive());
}

TEST(GoLibp2pEventBus, TestCloseBlocking) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<EventB>();
    auto full = bus.subscribe<EventB>({.capacity = 1, .on_full = event::Wait{}});
    emitter.emit({1});
    Completion<event::EmitResult> blocked;
    emitter.async_emit({2}, blocked.handler());
    drive(io);
    ASSERT_TRUE(blocked.pending()) << "the queue is really full";
    full.close();
    drive(io);
    ASSERT_TRUE(blocked.done()) << "closing the subscription lets the emit return";
    EXPECT_FALSE(blocked.error());
    EXPECT_EQ(blocked.value().delivered, 0U);
}

struct Named {
    static constexpr std::string_view event_name = "conformance.named";
};
struct NamedToo {
    static constexpr std::string_view event_name = "conformance.named";
};

TEST(GoLibp2pEventBus, TestSubFailFully) {
    asio::io_context io;
    event::EventBus bus{io};
    auto holder = bus.emitter<Named>();
    EXPECT_THROW(static_cast<void>(bus.subscribe<EventB, NamedToo>()), boost::system::system_error);
    EXPECT_EQ(bus.stat<EventB>().subscribers, 0U);
    auto emitter = bus.emitter<EventB>();
    EXPECT_EQ(emitter.emit({1}).subscribers, 0U) << "no sink was left behind";
}

TEST(GoLibp2pEventBus, TestSubCloseMultiple) {
    asio::io_context io;
    event::EventBus bus{io};
    auto subscription = bus.subscribe<EventB>();
    subscription.close();
    subscription.close();
    subscription.close_after_drain();
    EXPECT_EQ(bus.stat<EventB>().subscribers, 0U);
}

TEST(GoLibp2pEventBus, TestEmitLogsErrorOnStall) {
    asio::io_context io;
    std::vector<event::SlowSubscriber> told;
    event::EventBus bus{io, {.on_slow_subscriber = [&](const event::SlowSubscriber& slow) { told.push_back(slow); }}};
    auto emitter = bus.emitter<EventB>();
    auto stalled = bus.subscribe<EventB>({.capacity = 1, .name = "stalled"});
    emitter.emit({1});
    EXPECT_TRUE(told.empty());
    emitter.emit({2});
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].name, "stalled");
    EXPECT_EQ(told[0].type, event::name_of<EventB>());
}

TEST(GoLibp2pEventBus, OneSlowSubscriberHurtsOnlyItself) {
    // E01–E03: in the original, a fast subscriber behind a stalled one got nothing
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<EventB>();
    auto stalled = bus.subscribe<EventB>({.capacity = 1, .on_full = event::Drop{}});
    auto fast = bus.subscribe<EventB>({.capacity = 100});
    for (int i = 0; i < 100; ++i) EXPECT_GE(emitter.emit({i}).delivered, 1U);
    EXPECT_EQ(take_all(fast).size(), 100U);
    auto other = bus.subscribe<EventA>();
    EXPECT_EQ(bus.emitter<EventA>().emit({}).delivered, 1U);
}

}  // namespace go_libp2p_eventbus_test
