#pragma once

/// A filter in front of a subscription's queue.

#include <event/detail/requirements.hpp>

#include <type_traits>
#include <utility>

namespace event {

/// What `where` returns: an argument of `EventBus::subscribe`, before or after a handler.
template <class Predicate>
struct Where {
    Predicate predicate;
};

/// Queues only those events for which `predicate(const T&)`, or `predicate(const T&, const Meta&)`, is true; what it
/// rejects takes no slot, and counts in `EmitResult::rejected` and `SubscriptionStat::rejected`, not as lost. One
/// predicate with overloads filters several types; of a type that it cannot be called with, every event is wanted.
/// Behaviours are filtered as `const Base&`, `AnyEvent` as itself. `Meta::missed` is what was lost so far since the
/// last event that was queued. Retained events are filtered as well. `async_emit` does not wait for a queue
/// whose filter rejects the event: it asks when it begins to wait, again when it may go on, and once more when the
/// event is emitted, so that the filter must say the same of the same event each time (what it rejects only when asked
/// first is lost where the queue is full); `Meta::sequence` and `emitted_at` are meanwhile those of an event that would
/// come now.
///
/// It runs on the emitting thread, inside the order: never twice at once for one subscription, and everybody who emits
/// or receives such events waits for it. So it must be quick, and must not use a bus. A `Value` or its view may be
/// read, whoever sets it meanwhile: that finds the newest that was set before the emit began, or a newer one. What is
/// closed or cancelled here, its own subscription too, ends when the emit is done. Everything else that finds a lock
/// which it needs held for a filter, this one or another, gets `boost::system::system_error`
/// (`resource_deadlock_would_occur`) instead of a deadlock; so does what needs to register with a bus while that bus,
/// or another filter, runs one. Out of a context that is run here comes the same exception where a receiver there needs
/// such a lock, and that receiver goes on after the filter; a context may end here as anywhere.
///
/// An exception out of it counts as a rejection, and leaves the emit (or `set`) after everybody was served;
/// `async_emit` lets it out of `run()` of the bus's context, as it does what a callback of `Notify` throws. Of a
/// retained event it leaves `subscribe`, and there is no subscription.
template <class Predicate>
[[nodiscard]] Where<std::decay_t<Predicate>> where(Predicate&& predicate) {
    return {std::forward<Predicate>(predicate)};
}

}  // namespace event
