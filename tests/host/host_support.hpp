#pragma once

/// What the tests of examples/host share: a context that is driven until something has happened, and hosts on it whose
/// time is the test's.

#include "host.hpp"

#include <event/testing.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace host_support {

using namespace host;
using namespace std::chrono_literals;
using event::testing::drive;
using event::testing::take_all;

/// Runs the context, one handler after the other, until the condition holds. False if it does not for far too long: no
/// test waits for this time to pass.
template <class Condition>
[[nodiscard]] bool run_until(asio::io_context& io, Condition&& holds) {
    const auto deadline = std::chrono::steady_clock::now() + 30s;
    while (!holds()) {
        io.restart();
        if (io.run_one_until(deadline) == 0) return false;
    }
    return true;
}

/// The lines of a log.
class Log {
public:
    Console& console() { return console_; }
    [[nodiscard]] std::vector<std::string> lines() const {
        const std::lock_guard lock(mutex_);
        return lines_;
    }
    [[nodiscard]] bool contains(std::string_view text) const {
        const auto all = lines();
        return std::any_of(all.begin(), all.end(),
                           [&](const std::string& line) { return line.find(text) != std::string::npos; });
    }

private:
    mutable std::mutex mutex_;
    std::vector<std::string> lines_;
    Console console_{[this](std::string_view line) {
        const std::lock_guard lock(mutex_);
        lines_.emplace_back(line);
    }};
};

inline const tcp::endpoint any_port(asio::ip::address_v4::loopback(), 0);

/// No heartbeat: the test says what time it is. No traffic but what the test asks for.
inline HostOptions quiet_options(std::string name) {
    HostOptions options;
    options.name = std::move(name);
    options.heartbeat = 0ms;
    options.echo.window = 0;
    options.dialer = {.first_pause = 1ms, .longest_pause = 4ms};
    return options;
}

/// Hosts that are stopped, and seen to leave nothing behind, at the end of the test.
struct HostTest : testing::Test {
    asio::io_context io;
    Log log;

    std::unique_ptr<Host> make(const HostOptions& options) {
        return std::make_unique<Host>(io.get_executor(), log.console(), options);
    }
    void stop(Host& host) {
        bool has_stopped = false;
        asio::co_spawn(io, host.stop(), [&](const std::exception_ptr& failure) {
            EXPECT_FALSE(failure);
            has_stopped = true;
        });
        ASSERT_TRUE(run_until(io, [&] { return has_stopped; }));
        EXPECT_EQ(host.running(), 0U);
        EXPECT_FALSE(host.failure().try_get()) << **host.failure().try_get();
        EXPECT_EQ((*host.network().try_get())->connections.size(), 0U);
        EXPECT_EQ((*host.connections().try_get())->open, 0U);
    }
    void TearDown() override {
        if (HasFailure())
            for (const std::string& line : log.lines()) fmt::print(stderr, "{}\n", line);
        io.restart();
        io.run_for(60s);
        EXPECT_TRUE(io.stopped()) << "something is left that does not end";
    }
};

/// Says what time it is on that host.
class Clock {
public:
    explicit Clock(Host& host) : ticks_(host.bus().emitter<Tick>()) {}
    void advance(std::chrono::milliseconds time) { ticks_.emit({.now = now_ += time}); }

private:
    event::Emitter<Tick> ticks_;
    std::chrono::steady_clock::time_point now_ = std::chrono::steady_clock::now();
};

inline std::size_t open_connections(const Host& host) { return (*host.network().try_get())->connections.size(); }

}  // namespace host_support
