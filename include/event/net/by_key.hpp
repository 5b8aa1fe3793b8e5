#pragma once

/// Events that the other side may choose by key, and latest values of which there is one for each key.

#include <event/detail/requirements.hpp>

#include <type_traits>
#include <utility>

namespace event::net {

/// No event removes a key.
struct RemovesNothing {};

/// What `by_key` returns: an argument of `Link::serve`.
template <class Projection, class Removes = RemovesNothing>
struct ByKey {
    Projection projection;
    Removes removes = {};
};

/// Lets the other side subscribe to the events of some keys (`where_key`): those whose key, which is what
/// `projection(const T&)` returns, it names. And to the latest event of each key (`Link::mirror`), of a type that this
/// bus retains by that key (`retain_by`); `removes(const T&)` says of an event that its key is gone, as there. The
/// projection is this side's; the other side's is to be the same, since keys travel and functions do not. It holds for
/// every served type that it can be called with; what it has to be, says `where_key`. Keys are sent as any value is
/// (`codec.hpp`).
template <class Projection>
[[nodiscard]] ByKey<std::decay_t<Projection>> by_key(Projection&& projection) {
    return {std::forward<Projection>(projection)};
}
template <class Projection, class Removes>
[[nodiscard]] ByKey<std::decay_t<Projection>, std::decay_t<Removes>> by_key(Projection&& projection,
                                                                            Removes&& removes) {
    return {std::forward<Projection>(projection), std::forward<Removes>(removes)};
}

}  // namespace event::net
