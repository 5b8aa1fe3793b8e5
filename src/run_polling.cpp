#include <event/detail/order/lock.hpp>
#include <event/run_polling.hpp>

namespace event::detail {
namespace {

/// Runs what there is until there was nothing for so long, or the context was stopped.
std::size_t poll_until_idle(boost::asio::io_context& context, std::chrono::steady_clock::duration limit) {
    using Clock = std::chrono::steady_clock;
    // Each look takes the context's mutex, which those who post need, too.
    constexpr int pauses_between_looks = 32;

    std::size_t handlers = 0;
    for (auto idle_since = Clock::now(); !context.stopped();) {
        if (const std::size_t done = context.poll()) {
            handlers += done;
            idle_since = Clock::now();
            continue;
        }
        if (Clock::now() - idle_since >= limit) break;
        for (int i = 0; i < pauses_between_looks; ++i) relax();
    }
    return handlers;
}

}  // namespace

std::size_t run_polling(boost::asio::io_context& context, std::chrono::steady_clock::duration poll_for,
                        ThisConfiguration) {
    if (poll_for <= std::chrono::steady_clock::duration::zero()) return context.run();
    std::size_t handlers = 0;
    while (!context.stopped()) {
        handlers += poll_until_idle(context, poll_for);
        handlers += context.run_one();
    }
    return handlers;
}

}  // namespace event::detail
