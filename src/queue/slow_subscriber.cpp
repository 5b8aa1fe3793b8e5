#include "queue/slow_subscriber.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <bit>
#include <chrono>
#include <cstdio>
#include <exception>

namespace event::detail {

namespace {

void print(const SlowSubscriber& slow) {
    if (slow.age != std::chrono::nanoseconds(0)) {
        fmt::print(stderr,
                   "event: subscription '{}' is slow: its queue of {} events has not been empty for {} (episode {}, {} "
                   "lost so far)\n",
                   slow.name, slow.capacity, std::chrono::duration_cast<std::chrono::milliseconds>(slow.age),
                   slow.episodes, slow.lost);
        return;
    }
    fmt::print(stderr,
               "event: subscription '{}' is slow: its queue of {} events was full and lost an event of type {} "
               "(episode {}, {} lost so far)\n",
               slow.name, slow.capacity, slow.type, slow.episodes, slow.lost);
}

}  // namespace

void report_slow_subscriber(const SlowSubscriber& slow) noexcept {
    if (!std::has_single_bit(slow.episodes)) return;
    try {
        print(slow);
    } catch (const std::exception&) {  // stderr is closed or full, or there is no memory: no fault of who emits
    }
}

}  // namespace event::detail
