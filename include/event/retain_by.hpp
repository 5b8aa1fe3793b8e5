#pragma once

/// What is retained for who comes later: of each key the newest event.

#include <event/detail/requirements.hpp>

#include <event/detail/order/retaining.hpp>

#include <concepts>
#include <cstddef>
#include <type_traits>
#include <utility>

namespace event {

struct RetainLimits {
    /// How many keys there are at most; at least 1. The memory for all of them is there from the start: 72 bytes each.
    std::size_t keys = 1024;
    /// What an event of one more does: the key whose event is the oldest is forgotten. Otherwise it is refused:
    /// nobody gets it, and `EmitResult::error` is `errc::too_many_keys`.
    bool forget_oldest = false;
};

/// The `Removes` of who never says that a key goes.
struct NothingRemoves {};

/// What `retain_by` returns: an argument of `EventBus::emitter`.
template <class Key, class Removes>
struct RetainBy {
    Key key;
    Removes removes;
    RetainLimits limits;
};

/// Of each key the newest event is retained: a new subscriber's queue holds them all, in their order, before anything
/// newer; who comes late sees every connection that is open. `key(const T&)` returns what has `==` and a `std::hash`: a
/// pointer to a member, say. `removes(const T&)`, if there is one, says of an event that its key is gone with it
/// (`&Closed::…`, or a field of the event): it is delivered, and not retained, and neither is what was retained for
/// that key; so does `EventBus::forget<T>(key)`, without an event. (As a compacted topic of Kafka, where a key's last
/// record stays and one without a value removes it; here compaction is never behind, and a reader begins with no older
/// value.)
///
/// It is a property of the topic, as `EmitterOptions::retain`, whoever emits: of those types that the key can be called
/// with, set by the first who asks, for every emit from then on: an event that was retained before is not among them.
/// Another key or other limits for the type later, and `retain_last` beside it, are `std::invalid_argument`; a function
/// that has state and no `==`, or comes from another shared library, always is another. (A key of several types is a
/// class with several `operator()`; `event::overloaded` is for handlers.) Replayed events do not count against a
/// queue's capacity. `EventBus::watch` and `value` see the newest event of the type, as ever. The key is destroyed with
/// the bus, or when the type, which nobody used any more, is retained by key anew: it must not own what owns the
/// emitter.
///
/// An event whose key is not equal to itself (a NaN) is delivered, and not retained.
///
/// Key, `==`, hash and `removes` run where and as a filter does (where.hpp), once for each emit; they must say the same
/// of the same event each time. If one throws, the event is delivered and not retained, and the exception reaches the
/// emitter. Cost: an emit of the type, and only of the type, builds the event's shared form and looks into a hash
/// table; a subscription takes as long as there are keys, under the lock of all that is retained, and its queue keeps
/// room for as many events beside its capacity, whichever of them it wants.
template <class Key>
[[nodiscard]] RetainBy<std::decay_t<Key>, NothingRemoves> retain_by(Key&& key, RetainLimits limits = {}) {
    return {std::forward<Key>(key), {}, limits};
}
template <class Key, class Removes>
    requires(!std::same_as<std::remove_cvref_t<Removes>, RetainLimits>)
[[nodiscard]] RetainBy<std::decay_t<Key>, std::decay_t<Removes>> retain_by(Key&& key, Removes&& removes,
                                                                           RetainLimits limits = {}) {
    return {std::forward<Key>(key), std::forward<Removes>(removes), limits};
}

}  // namespace event
