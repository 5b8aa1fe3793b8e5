#pragma once

/// What the program's two forms have in common: threads, signals, and the check that at the end nothing is left.

#include "asio.hpp"
#include "console.hpp"

#include <event/value.hpp>

#include <boost/asio/io_context.hpp>

#include <functional>

namespace host {

/// Set, to the signal's number, when the program is to end.
using Interrupted = event::ValueView<int>;

/// Runs `body`, on two threads, until it has returned and nothing is left to do; then what it returned is the exit
/// status. Ctrl-C and SIGTERM set `Interrupted`; a second one ends the program at once. If the body does not end then
/// within some seconds, or something is left after it, that is said and the exit status is 1.
[[nodiscard]] int run_program(Console& console,
                              std::function<asio::awaitable<int>(asio::io_context&, Interrupted)> body);

}  // namespace host
