#pragma once

/// Conflation: of each key, only the newest event stays queued.

#include <event/detail/requirements.hpp>

#include <type_traits>
#include <utility>

namespace event {

/// The `Merge` of who has none.
struct NoMerge {};

/// What `latest_by` returns: an argument of `EventBus::subscribe`, before or after a handler.
template <class Key, class Merge>
struct LatestBy {
    Key key;
    Merge merge;
};

/// Of each type and key only the newest event stays queued, at its own place in the order. `key(const T&)` returns what
/// has `std::hash` and `==` (C's strings are texts); one with overloads serves several types; types that it cannot be
/// called with are queued as ever. The event that is replaced counts as `displaced`, and in `missed()` of the one that
/// replaces it.
///
/// The capacity is that of the keys that are queued at once: with more of them, the policy decides (`Latest`, which is
/// a policy of this kind itself, is `std::invalid_argument`). `async_emit` waits for room even where it would replace.
/// What replaces a retained event is queued whatever the capacity is, and counts against it from then on.
///
/// `merge(const T& queued, const T& newer)`, if there is one, makes the event that takes the place of both: a `T`, or a
/// `std::optional<T>` that is empty when nothing is left to tell (a peer that joined, and left before anybody looked);
/// the emit then counts as `rejected`. A merge may change the key (a chain of renames): the event is found under the
/// new one then; another of that key that is queued already stays beside it. Behaviours and `AnyEvent` cannot be
/// merged.
///
/// Key, `==`, hash and merge, and the destruction of what they return, happen where and as a filter does (`where`).
/// They must say the same of the same event each time: the key of a queued event is asked for again. Cost: receiving
/// takes the lock of the types, as with `DropOldest`; an emit, a look into a hash table. The memory for all keys is
/// there from the start.
template <class Key>
[[nodiscard]] LatestBy<std::decay_t<Key>, NoMerge> latest_by(Key&& key) {
    return {std::forward<Key>(key), {}};
}
template <class Key, class Merge>
[[nodiscard]] LatestBy<std::decay_t<Key>, std::decay_t<Merge>> latest_by(Key&& key, Merge&& merge) {
    return {std::forward<Key>(key), std::forward<Merge>(merge)};
}

}  // namespace event
