#pragma once

#include <event/detail/queue/mailbox.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <type_traits>

/// How a receiver takes the next event of its queue. Its one rule: from a ring no lock is taken. `inline` is for the
/// compiler's estimate: without it, a receive costs a call more.

namespace event::detail {

template <class F>
inline Look Mailbox::take(QueueSpot& spot, F&& f, std::size_t most) {
    if (!is_simple_.load(std::memory_order_seq_cst)) [[unlikely]] {  // after the handler has begun: see Handling
        if (state_.load(std::memory_order_seq_cst) >= State::closed) return Look::ended;
        if (linked_ || timings_ || is_shared()) {
            std::remove_reference_t<F> taker(f);  // only its address is in other hands, then
            return take_otherwise(spot, TakeFromSlot::by(taker, most));
        }
    }
    return take_from_ring([&](Slot& slot) { return f(slot, Moment()); });
}

template <class F>
inline Look Mailbox::take_from_ring(F&& f) {
    const std::uint64_t head = reader_.own_count();
    if (head == seen_tail_) {
        const State before = state();  // first: where it drains then, nothing comes that is not seen
        chaos(Point::between_looks, this);
        seen_tail_ = writer_.count.load(std::memory_order_acquire);
        if (head == seen_tail_) return before == State::draining ? drained() : Look::empty;
    }
    if (!f(reader_.slot())) return Look::ended;  // meanwhile
    reader_.advance(slots_);
    if (head + 1 != seen_tail_) {
        reader_.count_one();
    } else {
        // Against a close_after_drain() elsewhere: it stores the state, then looks at the count; here vice versa.
        reader_.count_one(std::memory_order_seq_cst);
        if (state_.load(std::memory_order_seq_cst) == State::draining) finish_draining();
        if (tells_.load(std::memory_order_seq_cst)) [[unlikely]]
            tell_progress();
    }
    return Look::readable;
}

}  // namespace event::detail
