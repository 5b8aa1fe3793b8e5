#pragma once

#include <cstdint>

/// Where a test build disturbs the threads. A library that is compiled with EVENTBUS_CHAOS calls a function of the test
/// program wherever another thread could come in between; in any other there is nothing. The two cannot be mixed:
/// `ThisConfiguration`.

namespace event::detail {

/// A step that a thread is about to make, or has just made, and of what. Of locks, of callbacks and of contexts that
/// are kept from dying it is told who waits and who holds: so who waits in a circle can be found.
enum class Point : std::uint8_t {
    before_lock,
    locked,
    not_locked,  // it was only tried
    unlocked,
    before_publish,  // of a queue's count of what went in, or out
    published,
    began,  // an operation
    parked,
    claimed,
    between_looks,  // of a receiver: at how it is with its queue, and at what is in it
    before_wake,
    woken,  // and maybe gone by now
    cancelled,
    ended,
    let_go,  // by its last owner
    turn_offered,
    turn_passed_on,
    before_rehoming,  // of a topic, to another domain
    rehomed,
    before_registering,  // with a context, or no longer
    registered,
    pinned,  // a context, which waits with its death
    unpinned,
    before_death,  // of a context: waits for all pins
    death,
    before_callback,  // of a slow subscriber
    after_callback,
    awaits_callback,
    callback_is_over,
};

#if defined(EVENTBUS_CHAOS)
/// Defined by the test program.
void at_point(Point point, const void* what) noexcept;

inline void chaos(Point point, const void* what) noexcept { at_point(point, what); }
#else
[[gnu::always_inline]] inline void chaos(Point, const void*) noexcept {}
#endif

}  // namespace event::detail
