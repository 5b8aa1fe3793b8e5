#pragma once

/// Follows the latest values, and tells people when they change, or do not.

#include "console.hpp"
#include "state.hpp"
#include "tasks.hpp"

#include <event/value.hpp>

#include <chrono>
#include <string>

namespace host {

struct MonitorOptions {
    std::chrono::milliseconds limit{30'000};  ///< without a change for so long, that is told too
};

/// Ownership: it ends with the values that it follows, and is destroyed when its tasks have finished. Threads:
/// everything happens on its own strand.
class Monitor {
public:
    Monitor(const asio::any_io_executor& executor, Tasks& tasks, Console& console, std::string host,
            event::ValueView<Reachability> reachability, event::ValueView<ConnectionCount> count,
            const MonitorOptions& options = {});

private:
    [[nodiscard]] asio::awaitable<void> follow_reachability();
    [[nodiscard]] asio::awaitable<void> follow_trimming();

    Console& console_;
    const std::string host_;
    const MonitorOptions options_;
    event::Watcher<Reachability> reachability_;
    event::Watcher<ConnectionCount> count_;
};

}  // namespace host
