#include "slow_subscriber.hpp"

#include <fmt/format.h>

#include <bit>
#include <cstdio>

namespace event::detail {

void report_slow_subscriber(const SlowSubscriber& slow) {
    if (!std::has_single_bit(slow.episodes)) return;
    fmt::print(stderr,
               "event: subscription '{}' is slow: its queue of {} events was full and lost an event of type {} "
               "(episode {}, {} lost so far)\n",
               slow.name, slow.capacity, slow.type, slow.episodes, slow.lost);
}

}  // namespace event::detail
