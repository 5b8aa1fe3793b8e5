/// A thread that polls for a while before it sleeps.

#include "support.hpp"

#include <event/run_polling.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <future>
#include <stdexcept>
#include <thread>

namespace run_polling_test {

using namespace support;
using namespace std::chrono_literals;

struct RunPolling : testing::TestWithParam<std::chrono::steady_clock::duration> {
    asio::io_context io;
};

TEST_P(RunPolling, ReturnsHowManyHandlersRanOnceThereIsNoWorkLeft) {
    EXPECT_EQ(event::run_polling(io, GetParam()), 0);
    EXPECT_TRUE(io.stopped());
    io.restart();
    asio::post(io, [&] { asio::post(io, [] {}); });
    EXPECT_EQ(event::run_polling(io, GetParam()), 2);
    EXPECT_TRUE(io.stopped());
}

TEST_P(RunPolling, DoesNothingToAContextThatWasStopped) {
    bool has_run = false;
    asio::post(io, [&] { has_run = true; });
    io.stop();
    EXPECT_EQ(event::run_polling(io, GetParam()), 0);
    EXPECT_FALSE(has_run);
}

TEST_P(RunPolling, ReturnsWhenAHandlerStopsTheContext) {
    const auto work = asio::make_work_guard(io);
    bool has_run = false;
    asio::post(io, [&] { io.stop(); });
    asio::post(io, [&] { has_run = true; });
    EXPECT_EQ(event::run_polling(io, GetParam()), 1);
    EXPECT_FALSE(has_run);
}

TEST_P(RunPolling, LetsWhatAHandlerThrowsOutAndGoesOnWhenCalledAgain) {
    bool has_run = false;
    asio::post(io, [] { throw std::runtime_error("trouble"); });
    asio::post(io, [&] { has_run = true; });
    EXPECT_THROW(event::run_polling(io, GetParam()), std::runtime_error);
    EXPECT_FALSE(has_run);
    EXPECT_EQ(event::run_polling(io, GetParam()), 1);
    EXPECT_TRUE(has_run);
}

TEST_P(RunPolling, RunsWhatOtherThreadsEmitWhetherItPollsOrSleeps) {
    event::EventBus bus{io};
    auto emitter = bus.emitter<Number>();
    std::promise<void> seen[3];
    auto subscription = bus.subscribe<Number>({}, [&](const Number& number) { seen[number.value].set_value(); });
    std::size_t handlers = 0;
    std::thread runner([&] { handlers = event::run_polling(io, GetParam()); });
    for (int i = 0; i < 3; ++i) {
        emitter.emit({i});
        seen[i].get_future().wait();
    }
    subscription.close();
    runner.join();
    EXPECT_GE(handlers, 1);
}

TEST_P(RunPolling, RunsTimers) {
    asio::steady_timer timer(io, 1us);
    bool has_run = false;
    timer.async_wait([&](const boost::system::error_code& error) { has_run = !error; });
    EXPECT_EQ(event::run_polling(io, GetParam()), 1);
    EXPECT_TRUE(has_run);
}

TEST_P(RunPolling, SharesAContextWithOthersWhoRunIt) {
    auto work = asio::make_work_guard(io);
    std::thread sleeper([&] { io.run(); });
    std::thread poller([&] { event::run_polling(io, GetParam()); });
    std::promise<void> done;
    asio::post(io, [&] { done.set_value(); });
    done.get_future().wait();
    work.reset();
    sleeper.join();
    poller.join();
    EXPECT_TRUE(io.stopped());
}

INSTANTIATE_TEST_SUITE_P(For, RunPolling,
                         testing::Values(-1s, 0s, 1ns, 1us, std::chrono::steady_clock::duration::max()),
                         [](const auto& tested) { return "Case" + std::to_string(tested.index); });

}  // namespace run_polling_test
