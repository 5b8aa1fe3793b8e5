#pragma once

/// Keys that are chosen at run time: rooms, connections, protocols.

#include <event/detail/requirements.hpp>

#include <event/detail/queue/choose.hpp>

#include <concepts>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace event {

/// What `where_key` returns: an argument of `EventBus::subscribe`, before or after a handler and other refinements.
template <class Projection, class... Keys>
struct WhereKey {
    Projection projection;
    std::tuple<Keys...> keys;

    /// The keys among a `T`'s, as they are compared: for who asks somebody else for these events.
    template <class T>
    [[nodiscard]] auto keys_of() const {
        static_assert(detail::projects<Projection, T>, "event: the projection cannot be called with this type");
        return detail::kept_keys<typename detail::KeyKindOf<Projection, T>::Kept>(keys);
    }
};

namespace detail {

/// A key as it is kept: a text is copied.
template <class Key>
using KeptKey = typename KeyKind<std::remove_cvref_t<Key>>::Kept;

}  // namespace detail

/// Queues only those events whose key is one of these: `where_key(&Frame::protocol, "ping", "echo")`. A key is what
/// `projection(const T&)` returns; it has `==` and a `std::hash`. Instead of a key there may be a range of keys (an
/// empty one: no event is wanted). It holds for every listed type that the projection can be called with; of the others
/// every event is wanted. Further ones may be given for other types; for behaviours and `AnyEvent` there is `where`. A
/// filter, a conflation and `not_from` may stand beside it, and are asked only about events of these keys.
///
/// The topic finds the subscriptions of an event's key in an index by hash: an emit costs what those take to whom it
/// goes, however many chose other keys. (As subjects in NATS and key expressions in Zenoh, whose subscribers are looked
/// up and not asked; a content filter of ROS 2 is a predicate for each subscription.) Subscriptions with one projection
/// share an index, so that is a pointer to a member, a function without state, or something that has `==`. Each time
/// that there are four times as many keys, subscribing moves all of them under the lock, some 70 ns each.
///
/// Who chose other keys is not a subscriber of the event: it is not in `EmitResult::subscribers` or `rejected`, and
/// `async_emit` does not wait for it. It is one of the topic, in `TopicStat` and `subscriber_count`. Of retained events
/// those of its keys are replayed. An event whose key nobody chose counts as one that nobody heard.
///
/// Projection, hash and `==` run where and as a filter does (`where`), once for each event that is emitted while
/// somebody chooses by this projection, and as often as filters are asked for an `async_emit` that may have to wait.
/// They must say the same of the same event each time. If one throws, the event is none of those that were chosen by
/// this projection, and the exception leaves the emit as one of a filter does. Keys are copied when subscribing, and
/// texts are found without being copied: an emit allocates nothing, unless the projection does. `std::invalid_argument`
/// for a number that the projection can never give (300, where that is a `std::uint8_t`), and for a NaN.
template <class Projection, class... Keys>
[[nodiscard]] WhereKey<std::decay_t<Projection>, detail::KeptKey<std::decay_t<Keys>>...> where_key(
    Projection&& projection, Keys&&... keys) {
    static_assert(sizeof...(Keys) > 0, "event: where_key takes a projection, and the keys that are wanted");
    return {std::forward<Projection>(projection), {detail::KeptKey<std::decay_t<Keys>>(std::forward<Keys>(keys))...}};
}

}  // namespace event
