#pragma once

/// The coroutines of one host: how many still run, and what became of those that failed.

#include "asio.hpp"

#include <event/value.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace host {

/// Threads: every function from any thread at once.
class Tasks {
public:
    /// `on_failure` is called on the executor of a coroutine that has ended with an exception.
    Tasks(const asio::any_io_executor& executor,
          std::function<void(std::string_view component, std::string_view what)> on_failure);

    /// Starts a coroutine on the executor.
    void spawn(const asio::any_io_executor& executor, std::string component, asio::awaitable<void> coroutine);

    /// Completes when none is running any more.
    [[nodiscard]] asio::awaitable<void> finished() const;
    [[nodiscard]] std::size_t running() const;

private:
    struct State;
    const std::shared_ptr<State> state_;  // shared with the coroutines, which may outlive the host with their context
};

}  // namespace host
