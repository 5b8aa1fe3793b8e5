#pragma once

/// Collects what is measured.

#include "events.hpp"
#include "tasks.hpp"

#include <event/bus.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <random>
#include <vector>

namespace host {

/// Durations, so many that only a fair sample of them is kept.
class Sample {
public:
    void add(std::chrono::nanoseconds duration);
    void add(const Sample& other);

    [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
    /// The duration that this part (0 to 1) of them does not exceed; zero if there are none.
    [[nodiscard]] std::chrono::nanoseconds percentile(double part) const;

private:
    static constexpr std::size_t capacity = 10'000;

    std::uint64_t count_ = 0;
    std::vector<std::chrono::nanoseconds> kept_;
    std::minstd_rand random_;
};

struct Measured {
    Sample pings;
    Sample echoes;
    std::uint64_t echoed_bytes = 0;
    std::uint64_t missed = 0;  ///< measurements that came too fast for the collector

    Measured& operator+=(const Measured& other);
};

/// Ownership: it ends with the bus, and is destroyed when its tasks have finished. Threads: `measured` from any thread;
/// all else happens on its own strand.
class Statistics {
public:
    Statistics(event::EventBus& bus, Tasks& tasks);

    [[nodiscard]] Measured measured() const;
    [[nodiscard]] std::vector<event::SubscriptionStat> stats() const { return {events_.stat()}; }

private:
    [[nodiscard]] asio::awaitable<void> run();

    mutable std::mutex mutex_;
    Measured measured_;  // guarded by mutex_
    event::Subscription<PingMeasured, EchoReturned> events_;
};

}  // namespace host
