#pragma once

/// Ends the program when nothing goes on any more.

#include <fmt/format.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>

namespace soak {

class Watchdog {
public:
    /// `progress` grows as long as anything goes on; `state` is printed if it does not.
    Watchdog(std::function<std::uint64_t()> progress, std::function<std::string()> state)
        : progress_(std::move(progress)), state_(std::move(state)) {}

private:
    static constexpr std::chrono::seconds patience{120};  // beyond that with which a quiet moment is waited for

    void run(const std::stop_token& stop) const {
        std::mutex mutex;
        std::unique_lock lock(mutex);
        std::condition_variable_any condition;
        for (std::uint64_t last = 0;;) {
            condition.wait_for(lock, stop, patience, [] { return false; });
            if (stop.stop_requested()) return;
            const std::uint64_t now = progress_();
            if (now == last) {
                fmt::print("FAULT: nothing has happened for {} s; the buses say:\n", patience.count());
                std::fflush(stdout);
                fmt::print("{}\n", state_());
                std::fflush(stdout);
                std::_Exit(1);
            }
            last = now;
        }
    }

    const std::function<std::uint64_t()> progress_;
    const std::function<std::string()> state_;
    std::jthread thread_{[this](const std::stop_token& stop) { run(stop); }};
};

}  // namespace soak
