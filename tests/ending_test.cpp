#include "support.hpp"

#include <atomic>
#include <concepts>
#include <future>
#include <latch>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

/// How a component ends while its handler runs elsewhere.

namespace ending_test {

using namespace support;

bool would_deadlock(error_code error) { return error == boost::system::errc::resource_deadlock_would_occur; }

/// A context that a thread of its own runs.
class Runner {
public:
    explicit Runner(asio::io_context& io) : work_(io.get_executor()), thread_([&io] { io.run(); }) {}
    ~Runner() {
        work_.reset();
        thread_.join();
    }

private:
    asio::executor_work_guard<asio::io_context::executor_type> work_;
    std::thread thread_;
};

TEST(CloseAndWait, ReturnsWhenNoHandlerRuns) {
    for (int round = 0; round < 200; ++round) {
        asio::io_context io;
        event::EventBus bus{io};
        auto emitter = bus.emitter<Number>();
        auto used = std::make_unique<int>(0);
        std::latch begun(1);
        auto subscription = bus.subscribe<Number>([&](const Number& number) {
            if (number.value == 0) begun.count_down();
            for (int i = 0; i < 100; ++i) ++*used;
        });
        const Runner runner(io);
        for (int i = 0; i < 20; ++i) emitter.emit({i});
        begun.wait();
        subscription.close_and_wait();
        used.reset();  // seen by the sanitizers if a handler still uses it
    }
}

TEST(CloseAndWait, WaitsForAHandlerThatHasBegun) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Number>();
    std::latch begun(1);
    std::latch let_on(1);
    std::atomic<bool> has_ended = false;
    auto subscription = bus.subscribe<Number>([&](const Number&) {
        begun.count_down();
        let_on.wait();
        has_ended = true;
    });
    const Runner runner(io);
    emitter.emit({1});
    begun.wait();
    auto closed = std::async(std::launch::async, [&] {
        subscription.close_and_wait();
        return has_ended.load();
    });
    let_on.count_down();
    EXPECT_TRUE(closed.get());
}

TEST(CloseAndWait, IsAtOnceWhereNothingRuns) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Number>();
    auto push = bus.subscribe<Number>([](const Number&) {});
    auto pull = bus.subscribe<Number>();
    emitter.emit({1});  // the handler is about to run, and this is the thread that would run it
    push.close_and_wait();
    push.close_and_wait();
    pull.close_and_wait();
    auto moved_to = std::move(pull);
    pull.close_and_wait();  // NOLINT(bugprone-use-after-move)
    EXPECT_EQ(drive(io), 1U);
}

TEST(CloseAndWait, IsRefusedInsideTheHandlerItself) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Number>();
    int handled = 0;
    error_code error;
    event::Subscription<Number> subscription = bus.subscribe<Number>([&](const Number&) {
        ++handled;
        subscription.close_and_wait(error);
    });
    emitter.emit({1});
    emitter.emit({2});
    drive(io);
    EXPECT_TRUE(would_deadlock(error));
    EXPECT_EQ(handled, 1);  // it is closed all the same
    subscription.close_and_wait(error);
    EXPECT_FALSE(error);
}

TEST(CloseAndWait, ThrowsWhereItIsRefused) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Number>();
    event::Subscription<Number> subscription =
        bus.subscribe<Number>([&](const Number&) { subscription.close_and_wait(); });
    emitter.emit({1});
    try {
        drive(io);
        FAIL() << "nothing was thrown";
    } catch (const boost::system::system_error& error) {
        EXPECT_TRUE(would_deadlock(error.code()));
    }
}

TEST(CloseAndWait, IsRefusedInANestedHandlerOfTheSameThread) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Number>();
    auto texts = bus.emitter<Text>();
    error_code error;
    auto outer = bus.subscribe<Number>([&](const Number&) { io.poll(); });
    auto inner = bus.subscribe<Text>([&](const Text&) { outer.close_and_wait(error); });
    emitter.emit({1});
    texts.emit({"1"});
    drive(io);
    EXPECT_TRUE(would_deadlock(error));
}

TEST(CloseAndWait, OfEachOtherFromTheirHandlersIsRefusedToOne) {
    for (int round = 0; round < 50; ++round) {
        asio::io_context ios[3];
        event::EventBus bus{ios[0]};
        auto emitter = bus.emitter<Number>();
        std::latch all_run(3);
        std::vector<event::Subscription<Number>> subscriptions;
        std::atomic<int> refused = 0;
        std::atomic<int> ended = 0;
        for (std::size_t i = 0; i < 3; ++i) {
            subscriptions.push_back(bus.subscribe<Number>(asio::bind_executor(ios[i], [&, i](const Number&) {
                all_run.arrive_and_wait();
                error_code error;
                subscriptions[(i + 1) % 3].close_and_wait(error);
                if (error) ++refused;
                ++ended;
            })));
        }
        emitter.emit({1});
        {
            const Runner first(ios[0]);
            const Runner second(ios[1]);
            const Runner third(ios[2]);
        }
        EXPECT_EQ(ended, 3);
        EXPECT_GE(refused, 1);
    }
}

TEST(CloseAndWait, InAFilterEndsWhenTheEmitIsDone) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Number>();
    auto other = bus.subscribe<Number>([](const Number&) {});
    error_code error;
    auto filtered = bus.subscribe<Number>(event::where([&](const Number&) {
        other.close_and_wait(error);
        return true;
    }));
    emitter.emit({1});
    EXPECT_TRUE(would_deadlock(error));
    Completion<bool> closed;
    other.async_closed(closed.handler());
    drive(io);
    EXPECT_TRUE(closed.done());
}

TEST(CloseAndWait, InAFilterDoesNotWaitForWhatWasClosedBefore) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Number>();
    std::latch begun(1);
    std::latch let_on(1);
    auto closed = bus.subscribe<Number>([&](const Number&) {
        begun.count_down();
        let_on.wait();
        emitter.emit({3});  // needs the lock that the filter is run under
    });
    error_code error;
    {
        const Runner runner(io);
        emitter.emit({1});
        begun.wait();
        closed.close();
        auto filtered = bus.subscribe<Number>(event::where([&](const Number& number) {
            if (number.value != 2) return true;
            let_on.count_down();
            closed.close_and_wait(error);
            return true;
        }));
        emitter.emit({2});
    }
    EXPECT_TRUE(would_deadlock(error));
}

TEST(CloseAndWait, InACallbackDoesNotWaitForAHandler) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Number>();
    std::latch begun(1);
    std::latch let_on(1);
    auto slow = bus.subscribe<Number>([&](const Number&) {
        begun.count_down();
        let_on.wait();
    });
    error_code error;
    {
        const Runner runner(io);
        emitter.emit({1});
        begun.wait();
        auto full = bus.subscribe<Number>({.capacity = 1, .on_full = event::Notify{[&](const event::SlowSubscriber&) {
                                                              slow.close_and_wait(error);
                                                          }}});
        emitter.emit({2});
        emitter.emit({3});
        let_on.count_down();
    }
    EXPECT_TRUE(would_deadlock(error));
}

TEST(AsyncClosed, WaitsForTheHandlerThatRunsElsewhere) {
    asio::io_context io;
    asio::io_context other;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Number>();
    std::latch begun(1);
    std::latch let_on(1);
    auto subscription = bus.subscribe<Number>(asio::bind_executor(other, [&](const Number&) {
        begun.count_down();
        let_on.wait();
    }));
    Completion<bool> closed;
    {
        const Runner runner(other);
        emitter.emit({1});
        begun.wait();
        subscription.close();
        subscription.async_closed(asio::bind_executor(io, closed.handler()));
        drive(io);
        EXPECT_TRUE(closed.pending());
        let_on.count_down();
    }
    drive(io);
    EXPECT_EQ(closed.error(), event::errc::closed);
}

TEST(AsyncClosed, AwaitedBeforeTheEndWaitsForTheHandlerToo) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Number>();
    Completion<bool> closed;
    std::vector<bool> seen;
    event::Subscription<Number> subscription = bus.subscribe<Number>([&](const Number&) {
        subscription.close();
        io.poll();  // whatever is ready, while this handler runs
        seen.push_back(closed.done());
    });
    subscription.async_closed(closed.handler());
    emitter.emit({1});
    drive(io);
    EXPECT_THAT(seen, testing::ElementsAre(false));
    EXPECT_TRUE(closed.done());
}

static_assert(!std::copy_constructible<event::Connection>);
static_assert(!std::convertible_to<event::Subscription<Number>&, event::Connection>);

TEST(Connection, IsASubscriptionOfWhateverTypes) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Number, Text>();
    std::vector<std::string> seen;
    event::Connection connection;
    EXPECT_FALSE(connection.is_open());
    connection = bus.subscribe<Number, Text>([&](const auto&) { seen.emplace_back("both"); });
    EXPECT_TRUE(connection.is_open());
    EXPECT_EQ(connection.stat().types.size(), 2U);
    emitter.emit(Number{1});
    drive(io);
    connection = bus.subscribe<Text>([&](const Text&) { seen.emplace_back("text"); });  // the first one is closed
    emitter.emit(Number{2});
    emitter.emit(Text{"3"});
    drive(io);
    EXPECT_THAT(seen, testing::ElementsAre("both", "text"));
    connection.close();
    EXPECT_FALSE(connection.is_open());
    EXPECT_EQ(bus.stat<Text>().subscribers, 0U);
}

TEST(Connection, EndsWhatItHoldsInEveryWay) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Number>();
    int handled = 0;
    const auto count = [&](const Number&) { ++handled; };
    {
        const event::Connection destroyed = bus.subscribe<Number>(count);
        event::Connection drained = bus.subscribe<Number>(count);
        event::Connection from = bus.subscribe<Number>(count);
        event::Connection waited = std::move(from);
        from.close();  // NOLINT(bugprone-use-after-move)
        from.close_and_wait();
        EXPECT_TRUE(waited.is_open());
        emitter.emit({1});
        drained.close_after_drain();
        EXPECT_FALSE(drained.is_open());
        waited.close_and_wait();
        drive(io);
        EXPECT_EQ(handled, 2);
    }
    EXPECT_EQ(bus.stat<Number>().subscribers, 0U);
    auto moved_from = bus.subscribe<Number>(count);
    auto moved_to = std::move(moved_from);
    event::Connection none = std::move(moved_from);  // NOLINT(bugprone-use-after-move)
    EXPECT_FALSE(none.is_open());
    EXPECT_EQ(none.stat().capacity, 0U);
    drive(io);
}

TEST(Connection, IsRefusedToWaitForItself) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Number>();
    error_code error;
    event::Connection connection;
    connection = bus.subscribe<Number>([&](const Number&) { connection.close_and_wait(error); });
    emitter.emit({1});
    drive(io);
    EXPECT_TRUE(would_deadlock(error));
}

struct Component : std::enable_shared_from_this<Component> {
    explicit Component(event::EventBus& bus, std::vector<std::string>& log) : bus_(bus), log_(log) {}
    ~Component() { log_.emplace_back("destroyed"); }
    void start() {
        subscription_ = std::make_unique<event::Subscription<Number>>(
            bus_.subscribe<Number>(event::while_alive(weak_from_this()), [this](const Number& number) {
                log_.push_back(std::to_string(number.value));
                if (on_event) on_event();
            }));
    }
    std::function<void()> on_event;

private:
    event::EventBus& bus_;
    std::vector<std::string>& log_;
    std::unique_ptr<event::Subscription<Number>> subscription_;
};

TEST(WhileAlive, TheHandlerRuns) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Number>();
    std::vector<std::string> log;
    auto component = std::make_shared<Component>(bus, log);
    component->start();
    emitter.emit({1});
    drive(io);
    emitter.emit({2});
    component.reset();
    drive(io);
    EXPECT_THAT(log, testing::ElementsAre("1", "destroyed"));
    io.restart();
    EXPECT_EQ(io.run(), 0U);
}

TEST(WhileAlive, TheOwnerIsKeptAliveByTheHandlerThatRuns) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Number>();
    std::vector<std::string> log;
    auto component = std::make_shared<Component>(bus, log);
    component->start();
    component->on_event = [&] {
        component.reset();
        log.emplace_back("still here");
    };
    emitter.emit({1});
    emitter.emit({2});
    drive(io);
    EXPECT_THAT(log, testing::ElementsAre("1", "still here", "destroyed"));
}

TEST(WhileAlive, WhereTheOwnerIsGoneTheSubscriptionCloses) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Number>();
    auto owner = std::make_shared<int>(0);
    int handled = 0;
    auto subscription = bus.subscribe<Number>([&](const Number&) { ++handled; }, event::while_alive(owner));
    Completion<bool> closed;
    subscription.async_closed(closed.handler());
    owner.reset();
    emitter.emit({1});
    drive(io);
    EXPECT_EQ(handled, 0);
    EXPECT_EQ(closed.error(), event::errc::closed);
    EXPECT_EQ(emitter.emit({2}).subscribers, 0U);
}

TEST(WhileAlive, IsDestroyedOnAnyThreadInAnyOrder) {
    for (int round = 0; round < 200; ++round) {
        asio::io_context io;
        event::EventBus bus{io};
        auto emitter = bus.emitter<Number>();
        std::vector<std::string> log;
        auto component = std::make_shared<Component>(bus, log);
        component->start();
        const Runner runner(io);
        for (int i = 0; i < 5; ++i) emitter.emit({i});
        component.reset();
    }
}

}  // namespace ending_test
