#pragma once

/// Events that the other side may choose by key.

#include <event/detail/requirements.hpp>

#include <type_traits>
#include <utility>

namespace event::net {

/// What `by_key` returns: an argument of `Link::serve`.
template <class Projection>
struct ByKey {
    Projection projection;
};

/// Lets the other side subscribe to the events of some keys (`where_key`): those whose key, which is what
/// `projection(const T&)` returns, it names. The projection is this side's; the other side's is to be the same, since
/// keys travel and functions do not. It holds for every served type that it can be called with; what it has to be, says
/// `where_key`. Keys are sent as any value is (`codec.hpp`).
template <class Projection>
[[nodiscard]] ByKey<std::decay_t<Projection>> by_key(Projection&& projection) {
    return {std::forward<Projection>(projection)};
}

}  // namespace event::net
