/// What Metropolis' osbase/event/memory asserts of its value (memory_test.go, example_test.go), in its strong form.
/// Tests bear the original's names.

#include "support.hpp"

#include <atomic>
#include <thread>

namespace metropolis_value_test {

using namespace support;

TEST(MetropolisValue, TestAsync) {
    asio::io_context io;
    event::Value<int> value(io, 0);
    auto watcher = value.watch();
    EXPECT_EQ(**watcher.try_get(), 0);
    for (int i = 1; i <= 100; ++i) value.set(i);
    Completion<event::Snapshot<int>> get;
    watcher.async_get(get.handler());
    drive(io);
    EXPECT_EQ(*get.value(), 100);
}

TEST(MetropolisValue, TestMultipleGets) {
    asio::io_context io;
    event::Value<int> value(io);
    auto watcher = value.watch();
    Completion<event::Snapshot<int>> first;
    Completion<event::Snapshot<int>> second;
    watcher.async_get(first.handler());
    watcher.async_get(second.handler());
    drive(io);
    EXPECT_EQ(second.error(), event::errc::concurrent_receive);
    EXPECT_TRUE(first.pending());
    value.set(1);
    drive(io);
    EXPECT_EQ(*first.value(), 1) << "the other still gets the value";
}

/// `pace`: how often others get a turn between two gets.
asio::awaitable<void> follow(event::Watcher<int> watcher, int last, int pace, std::atomic<int>& finished,
                             bool& monotone) {
    for (int before = -1; before != last;) {
        const auto snapshot = co_await watcher.async_get(asio::use_awaitable);
        if (*snapshot <= before) monotone = false;
        before = *snapshot;
        for (int i = 0; i < pace; ++i) co_await asio::post(asio::use_awaitable);
    }
    ++finished;
}

TEST(MetropolisValue, TestConcurrency) {
    constexpr int watchers = 100;
    constexpr int last = 2'000;
    asio::thread_pool pool(2);
    event::Value<int> value(pool, 0);
    std::atomic<int> finished{0};
    std::array<bool, watchers> monotone{};
    monotone.fill(true);
    for (int i = 0; i < watchers; ++i) {
        asio::co_spawn(asio::make_strand(pool),
                       follow(value.watch(), last, i % 10, finished, monotone[static_cast<std::size_t>(i)]),
                       asio::detached);
    }
    for (int i = 1; i <= last; ++i) value.set(i);
    pool.join();
    EXPECT_EQ(finished, watchers) << "all reach the final value";
    EXPECT_THAT(monotone, testing::Each(true));
}

TEST(MetropolisValue, TestCanceling) {
    asio::io_context io;
    event::Value<int> value(io);
    auto watcher = value.watch();
    Completion<event::Snapshot<int>> cancelled;
    watcher.async_get(cancelled.handler());
    watcher.cancel();
    drive(io);
    EXPECT_EQ(cancelled.error(), asio::error::operation_aborted);
    Completion<event::Snapshot<int>> next;
    watcher.async_get(next.handler());
    value.set(1);
    drive(io);
    EXPECT_EQ(*next.value(), 1);
}

TEST(MetropolisValue, TestSetAfterWatch) {
    asio::io_context io;
    event::Value<int> value(io, 0);
    auto watcher = value.watch();
    value.set(1);
    value.set(2);
    EXPECT_EQ(**watcher.try_get(), 2);
    EXPECT_FALSE(watcher.try_get());
}

TEST(MetropolisValue, TestWatchersList) {
    // the original bounds a list that only a set sweeps; here a watcher leaves nothing behind when it closes
    asio::io_context io;
    event::EventBus bus{io};
    auto value = bus.value<int>();
    value.set(1);
    const auto watchers = [&] { return bus.report().values.at(0).watchers; };
    std::vector<event::Watcher<int>> live;
    for (int i = 0; i < 100; ++i) live.push_back(value.watch());
    std::vector<Completion<event::Snapshot<int>>> abandoned(10'000);
    for (auto& get : abandoned) {
        auto watcher = value.watch();
        EXPECT_TRUE(watcher.try_get());
        watcher.async_get(get.handler());
    }
    EXPECT_EQ(watchers(), 100U) << "before any set";
    EXPECT_EQ(drive(io), abandoned.size()) << "each is told that it was closed";
    value.set(2);
    EXPECT_EQ(drive(io), 0U) << "and none is left to wake";
    EXPECT_EQ(watchers(), 100U);
    for (auto& watcher : live) EXPECT_EQ(**watcher.try_get(), 2);
}

struct NetworkStatus {
    std::string address;
};

asio::awaitable<void> dns_updater(event::Watcher<NetworkStatus> watcher, std::vector<std::string>& records) {
    for (;;) {
        const auto result = co_await watcher.async_get(asio::as_tuple(asio::use_awaitable));
        if (std::get<0>(result)) co_return;
        const auto& status = std::get<1>(result);
        if (status->address.empty()) continue;
        records.push_back(status->address);
    }
}

TEST(MetropolisValue, ExampleValue_full) {
    asio::io_context io;
    event::Value<NetworkStatus> status(io);
    std::vector<std::string> records;
    asio::co_spawn(io, dns_updater(status.watch(), records), asio::detached);
    drive(io);
    EXPECT_TRUE(records.empty()) << "no data yet is not empty data";
    status.set({""});
    drive(io);
    status.set({"1.2.3.4"});
    drive(io);
    asio::co_spawn(io, dns_updater(status.watch(), records),
                   asio::detached);  // restarted: gets the current one at once
    drive(io);
    status.set({"5.6.7.8"});
    drive(io);
    EXPECT_EQ(records, (std::vector<std::string>{"1.2.3.4", "1.2.3.4", "5.6.7.8", "5.6.7.8"}));
}

TEST(MetropolisValue, TestSync) {
    // a value is not a log; whoever needs every item takes a subscription that is waited for
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Number>();
    auto subscription = bus.subscribe<Number>({.capacity = 1, .on_full = event::Wait{}});
    std::vector<Completion<event::EmitResult>> emits(100);
    for (std::size_t i = 0; i < emits.size(); ++i) emitter.async_emit({static_cast<int>(i)}, emits[i].handler());
    for (int i = 0; i < 100; ++i) {
        drive(io);
        auto delivery = subscription.try_receive();
        ASSERT_TRUE(delivery);
        EXPECT_EQ((*delivery)->value, i);
    }
}

TEST(MetropolisValue, TestSyncBlocks) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Number>();
    auto quick = bus.subscribe<Number>({.capacity = 1, .on_full = event::Wait{}});
    auto slow = bus.subscribe<Number>({.capacity = 1, .on_full = event::Wait{}});
    emitter.emit({0});
    Completion<event::EmitResult> emit;
    emitter.async_emit({1}, emit.handler());
    EXPECT_TRUE(quick.try_receive());
    drive(io);
    EXPECT_TRUE(emit.pending()) << "until all of them have taken the one before";
    EXPECT_TRUE(slow.try_receive());
    drive(io);
    EXPECT_TRUE(emit.done());
}

}  // namespace metropolis_value_test
