#pragma once

/// For threads that would rather poll for a while than sleep.

#include <event/detail/requirements.hpp>

#include <event/detail/configuration.hpp>

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstddef>

namespace event {

namespace detail {
std::size_t run_polling(boost::asio::io_context& context, std::chrono::steady_clock::duration poll_for,
                        ThisConfiguration);
}

/// Runs `context` on the calling thread as `context.run()` does, except that a thread with nothing to do looks for work
/// for `poll_for` before it sleeps. To wake a thread that sleeps takes tens of microseconds, and the thread that wakes
/// it pays some of them; one that polls is reached in one or two, at the price of a core that it keeps busy meanwhile.
/// With `poll_for` zero or less it is `context.run()`.
///
/// Cost: the memory that Asio recycles lasts as long as one look, so an operation that is awaited in a coroutine
/// allocates for each wait; push subscriptions do not. Where another thread sleeps in `run()` of the same context, each
/// post wakes that one, too.
///
/// Returns how many handlers ran, once the context is out of work or was stopped. What a handler throws leaves it, and
/// it may be called again. Any number of threads may run the same context, in this way or with `run()`.
inline std::size_t run_polling(boost::asio::io_context& context, std::chrono::steady_clock::duration poll_for) {
    return detail::run_polling(context, poll_for, {});
}

}  // namespace event
