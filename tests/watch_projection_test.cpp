#include "support.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

/// Watchers of a part of a value, told only when that changes.

namespace watch_projection_test {

using namespace support;

struct Config {
    int level = 0;
    std::string name = {};
    int other = 0;
    [[nodiscard]] bool is_loud() const { return level > 5; }
};
using Levels = event::Watcher<Config, int Config::*>;
using Got = Completion<int>;

class WatchProjection : public testing::Test {
protected:
    void set(int level, int other = 0) { value_->set({.level = level, .other = other}); }

    asio::io_context io_;
    std::optional<event::Value<Config>> value_{std::in_place, io_};
    Levels levels_ = value_->watch(&Config::level);
};

TEST_F(WatchProjection, TellsOfTheFirstValueAndThenOfChanges) {
    EXPECT_EQ(levels_.try_get(), std::nullopt);
    set(0);
    EXPECT_EQ(levels_.try_get(), 0);  // also where it is what a Config{} has
    EXPECT_EQ(levels_.try_get(), std::nullopt);
    set(0, 1);
    EXPECT_EQ(levels_.try_get(), std::nullopt);
    set(1, 1);
    EXPECT_EQ(levels_.try_get(), 1);
    set(2);
    set(1);
    EXPECT_EQ(levels_.try_get(), std::nullopt);  // compared with what it has seen
}

TEST_F(WatchProjection, WaitsForAChange) {
    set(1);
    Got first, second;
    levels_.async_get(first.handler());
    drive(io_);
    EXPECT_EQ(first.value(), 1);
    levels_.async_get(second.handler());
    set(1, 2);
    drive(io_);
    set(1, 3);
    drive(io_);
    EXPECT_TRUE(second.pending());
    set(4, 3);
    drive(io_);
    EXPECT_EQ(second.value(), 4);
}

TEST_F(WatchProjection, IsAwaited) {
    const auto follow = [](Levels levels, std::vector<int>& seen) -> asio::awaitable<void> {
        for (;;) {
            const auto result = co_await levels.async_get(asio::as_tuple(asio::use_awaitable));
            const auto& [error, level] = result;
            if (error) break;
            seen.push_back(level);
        }
    };
    std::vector<int> seen;
    asio::co_spawn(io_, follow(std::move(levels_), seen), asio::detached);
    for (const int level : {1, 1, 2, 2, 3}) {
        set(level);
        drive(io_);
    }
    value_.reset();
    io_.restart();
    io_.run();
    EXPECT_THAT(seen, testing::ElementsAre(1, 2, 3));
}

TEST_F(WatchProjection, SkipsWhatAPredicateRejects) {
    Got got;
    levels_.async_get_if([](int level) { return level > 2; }, got.handler());
    for (const int level : {1, 2}) {
        set(level);
        drive(io_);
    }
    EXPECT_TRUE(got.pending());
    set(3);
    drive(io_);
    EXPECT_EQ(got.value(), 3);
}

TEST_F(WatchProjection, CountsWhatAPredicateRejectsAsSeen) {
    set(1);
    Got got;
    levels_.async_get_if([](int level) { return level > 2; }, got.handler());
    drive(io_);
    levels_.cancel();
    drive(io_);
    EXPECT_EQ(got.error(), asio::error::operation_aborted);
    EXPECT_EQ(levels_.try_get(), std::nullopt);
}

TEST_F(WatchProjection, IsWaitedForAsAState) {
    set(3);
    EXPECT_EQ(levels_.try_get(), 3);
    Got there, not_yet;
    levels_.async_wait_until([](int level) { return level == 3; }, there.handler());
    drive(io_);
    EXPECT_EQ(there.value(), 3);
    levels_.async_wait_until([](int level) { return level == 4; }, not_yet.handler());
    drive(io_);
    EXPECT_TRUE(not_yet.pending());
    set(4);
    drive(io_);
    EXPECT_EQ(not_yet.value(), 4);
    EXPECT_EQ(levels_.try_get(), std::nullopt);
}

TEST_F(WatchProjection, IsReadableOnlyWhenItHasChanged) {
    set(1);
    EXPECT_EQ(levels_.try_get(), 1);
    Completion<bool> readable;
    levels_.async_wait(readable.handler());
    set(1, 1);
    drive(io_);
    EXPECT_TRUE(readable.pending());
    set(2, 1);
    drive(io_);
    EXPECT_TRUE(readable.value());
    EXPECT_EQ(levels_.try_get(), 2);
}

TEST_F(WatchProjection, IsPeekedAt) {
    EXPECT_EQ(levels_.try_peek(), std::nullopt);
    set(1);
    EXPECT_EQ(levels_.try_peek(), 1);
    EXPECT_EQ(levels_.try_get(), 1);
    EXPECT_EQ(levels_.try_peek(), 1);
}

TEST_F(WatchProjection, IsWaitedForWithALimit) {
    Got got;
    levels_.async_get_for(std::chrono::seconds(-1), got.handler());
    io_.restart();
    io_.run();
    EXPECT_EQ(got.error(), asio::error::timed_out);
}

TEST_F(WatchProjection, ConsumesNothingWhenItIsCancelled) {
    set(1);
    asio::cancellation_signal signal;
    Got got;
    levels_.async_get(asio::bind_cancellation_slot(signal.slot(), got.handler()));
    signal.emit(asio::cancellation_type::total);
    drive(io_);
    EXPECT_EQ(got.error(), asio::error::operation_aborted);
    EXPECT_EQ(levels_.try_get(), 1);
}

TEST_F(WatchProjection, EndsWithTheValue) {
    set(1);
    value_.reset();
    Got last, none;
    levels_.async_get(last.handler());
    drive(io_);
    EXPECT_EQ(last.value(), 1);
    levels_.async_get(none.handler());
    drive(io_);
    EXPECT_EQ(none.error(), event::errc::closed);
}

TEST_F(WatchProjection, EndsWithAValueThatHasNotChanged) {
    set(1);
    EXPECT_EQ(levels_.try_get(), 1);
    Got got;
    levels_.async_get(got.handler());
    drive(io_);
    set(1, 1);
    value_.reset();
    drive(io_);
    EXPECT_EQ(got.error(), event::errc::closed);
}

TEST_F(WatchProjection, EndsWhenItIsClosedAndWhereThereIsNothing) {
    levels_.close();
    Got got, moved, of_nothing;
    levels_.async_get(got.handler());
    drive(io_);
    EXPECT_EQ(got.error(), event::errc::closed);
    auto there = std::move(levels_);
    levels_.async_get(moved.handler());  // NOLINT(bugprone-use-after-move)
    drive(io_);
    EXPECT_EQ(moved.error(), event::errc::closed);
    Levels nothing = event::ValueView<Config>().watch(&Config::level);
    nothing.async_get(asio::bind_executor(io_, of_nothing.handler()));
    drive(io_);
    EXPECT_EQ(of_nothing.error(), event::errc::closed);
    EXPECT_EQ(nothing.try_get(), std::nullopt);
}

TEST_F(WatchProjection, MayBeWhateverCanBeCalled) {
    auto names = value_->view().watch(&Config::name);
    auto loud = value_->watch(&Config::is_loud);
    auto sums = value_->watch([](const Config& config) { return config.level + config.other; });
    value_->set({.level = 2, .name = "a", .other = 3});
    EXPECT_EQ(names.try_get(), "a");
    EXPECT_EQ(loud.try_get(), false);
    EXPECT_EQ(sums.try_get(), 5);
    value_->set({.level = 3, .name = "b", .other = 2});
    EXPECT_EQ(names.try_get(), "b");
    EXPECT_EQ(loud.try_get(), std::nullopt);
    EXPECT_EQ(sums.try_get(), std::nullopt);
    static_assert(std::is_same_v<decltype(names)::value_type, std::string>);
    static_assert(std::is_same_v<decltype(names)::snapshot_type, std::string>);
    static_assert(std::is_same_v<Levels::value_type, int>);
}

TEST_F(WatchProjection, OfTheWholeIsToldOfWhatIsNotEqual) {
    event::Value<Number> number{io_, Number{1}};
    auto changes = number.watch(std::identity());
    EXPECT_EQ(changes.try_get(), Number{1});
    number.set({1});
    EXPECT_EQ(changes.try_get(), std::nullopt);
    number.set({2});
    EXPECT_EQ(changes.try_get(), Number{2});
}

TEST_F(WatchProjection, ThrowsWhatTheProjectionThrowsAndWaitsOn) {
    auto throwing = value_->watch([](const Config& config) {
        if (config.level == 1) throw std::runtime_error("1");
        return config.level;
    });
    set(1);
    EXPECT_THROW(static_cast<void>(throwing.try_peek()), std::runtime_error);
    EXPECT_THROW(static_cast<void>(throwing.try_get()), std::runtime_error);
    EXPECT_EQ(throwing.try_get(), std::nullopt);  // it counts as seen
    set(1);
    Completion<bool> readable;
    throwing.async_wait(readable.handler());
    EXPECT_THROW(drive(io_), std::runtime_error);
    drive(io_);
    EXPECT_TRUE(readable.pending());
    set(2);
    drive(io_);
    EXPECT_TRUE(readable.value());
    set(1);
    Got got;
    throwing.async_get(got.handler());
    EXPECT_THROW(drive(io_), std::runtime_error);
    set(3);
    drive(io_);
    EXPECT_EQ(got.value(), 3);
}

TEST_F(WatchProjection, IsCalledWhereTheGetCompletes) {
    asio::thread_pool pool(1);
    std::thread::id called_on;
    auto levels = value_->watch([&](const Config& config) {
        called_on = std::this_thread::get_id();
        return config.level;
    });
    auto got = levels.async_get(asio::bind_executor(pool, asio::use_future));
    std::thread::id pool_is;
    asio::post(pool, [&] { pool_is = std::this_thread::get_id(); });
    set(1);
    EXPECT_EQ(got.get(), 1);
    pool.join();
    EXPECT_EQ(called_on, pool_is);
}

TEST_F(WatchProjection, MaySetTheValueItself) {
    bool is_first = true;
    auto levels = value_->watch([&](const Config& config) {
        if (std::exchange(is_first, false)) set(2);
        return config.level;
    });
    set(1);
    EXPECT_EQ(levels.try_get(), 1);
    EXPECT_EQ(levels.try_get(), 2);
}

TEST_F(WatchProjection, KeepsItsProjectionNoLongerThanItself) {
    auto kept = std::make_shared<int>(1);
    const std::weak_ptr<int> watched = kept;
    asio::cancellation_signal signal;
    {
        auto levels = value_->watch([kept = std::move(kept)](const Config& config) { return config.level; });
        levels.async_get(asio::bind_cancellation_slot(signal.slot(), [](error_code, int) {}));
    }
    drive(io_);
    EXPECT_TRUE(watched.expired());
    signal.emit(asio::cancellation_type::terminal);
}

TEST_F(WatchProjection, IsOneWatcherOfAReport) {
    event::EventBus bus{io_};
    const auto value = bus.value<Config>();
    {
        auto levels = value.watch(&Config::level);
        EXPECT_EQ(bus.report().values.front().watchers, 1U);
    }
    EXPECT_EQ(bus.report().values.front().watchers, 0U);
}

// ---- with a handler ---------------------------------------------------------------------------------------------

TEST_F(WatchProjection, IsHandedToAHandler) {
    std::vector<int> seen;
    set(1);
    auto connection = value_->watch(&Config::level, [&](int level) { seen.push_back(level); });
    for (const int level : {1, 1, 2, 2, 1}) {
        drive(io_);
        set(level);
    }
    drive(io_);
    EXPECT_THAT(seen, testing::ElementsAre(1, 2, 1));
    EXPECT_EQ(connection.stat().delivered, 3U);
    connection.close();
    set(7);
    drive(io_);
    EXPECT_EQ(seen.size(), 3U);
}

TEST_F(WatchProjection, IsHandedToACoroutine) {
    std::vector<std::string> seen;
    const auto connection = value_->view().watch(&Config::name, [&](const std::string& name) -> asio::awaitable<void> {
        co_await asio::post(asio::use_awaitable);
        seen.push_back(name);
    });
    for (const char* name : {"a", "a", "b"}) {
        value_->set({.name = name});
        drive(io_);
    }
    value_.reset();
    io_.restart();
    io_.run();
    EXPECT_THAT(seen, testing::ElementsAre("a", "b"));
}

TEST_F(WatchProjection, ThatThrowsLeavesItsHandlerWaiting) {
    std::vector<int> seen;
    const auto project = [](const Config& config) {
        if (config.level == 1) throw std::runtime_error("1");
        return config.level;
    };
    const auto connection = value_->watch(project, [&](int level) { seen.push_back(level); });
    set(1);
    EXPECT_THROW(drive(io_), std::runtime_error);
    drive(io_);
    set(2);
    drive(io_);
    EXPECT_THAT(seen, testing::ElementsAre(2));
}

/// What cannot be copied, or moved, once too often.
struct ThrowsWhenCopied {
    int operator()(const Config& config) const { return config.level; }
    ThrowsWhenCopied() = default;
    ThrowsWhenCopied(const ThrowsWhenCopied& other) : copies(other.copies - 1) {
        if (copies == 0) throw std::runtime_error("a copy");
    }
    int copies = 1;
};

TEST_F(WatchProjection, ThatCannotBeKeptLeavesNothingBehind) {
    for (int copies = 1; copies < 6; ++copies) {
        ThrowsWhenCopied projection;
        projection.copies = copies;
        try {
            const auto connection = value_->watch(projection, [](int) {});
        } catch (const std::runtime_error&) {
        }
        try {
            auto watcher = value_->watch(projection);
        } catch (const std::runtime_error&) {
        }
    }
    std::vector<int> seen;
    const auto connection = value_->watch(&Config::level, [&](int level) { seen.push_back(level); });
    set(1);
    drive(io_);
    EXPECT_THAT(seen, testing::ElementsAre(1));
}

/// Which cannot always be compared.
struct Touchy {
    int value = 0;
    friend bool operator==(const Touchy& left, const Touchy& right) {
        if (left.value == 2 || right.value == 2) throw std::runtime_error("2");
        return left.value == right.value;
    }
};

TEST_F(WatchProjection, WhoseResultsCannotBeComparedThrowsThatOnce) {
    auto watcher = value_->watch([](const Config& config) { return Touchy{config.level}; });
    event::testing::ManualClock clock(io_);
    set(1);
    EXPECT_EQ(watcher.try_get()->value, 1);
    Completion<bool> wait;
    watcher.async_wait(wait.handler());
    set(2);
    EXPECT_THROW(drive(io_), std::runtime_error);
    EXPECT_EQ(drive(io_), 0U);
    EXPECT_TRUE(wait.pending());
    watcher.cancel();
    drive(io_);

    Completion<Touchy> settled;
    watcher.async_get_settled(std::chrono::seconds(1), settled.handler());
    set(2);
    EXPECT_THROW(drive(io_), std::runtime_error);
    EXPECT_EQ(drive(io_), 0U);
    EXPECT_TRUE(settled.pending());
    set(3);
    drive(io_);
    clock.advance(std::chrono::seconds(1));
    drive(io_);
    EXPECT_EQ(settled.value().value, 3);
}

TEST_F(WatchProjection, MayCloseItsHandler) {
    std::optional<event::Connection> connection;
    int calls = 0;
    connection = value_->watch(
        [&](const Config& config) {
            connection->close();
            return config.level;
        },
        [&](int) { ++calls; });
    set(1);
    drive(io_);
    EXPECT_EQ(calls, 0);
    EXPECT_FALSE(connection->is_open());
}

}  // namespace watch_projection_test
