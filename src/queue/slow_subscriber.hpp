#pragma once

#include <event/backpressure.hpp>

namespace event::detail {

/// What a bus does about a slow subscriber when it was told nothing else: a line on stderr for the first episode, and
/// then at each doubling of their number. Where that cannot be written, nothing.
void report_slow_subscriber(const SlowSubscriber& slow) noexcept;

}  // namespace event::detail
