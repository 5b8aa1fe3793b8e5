#pragma once

#include <event/fwd.hpp>

namespace event::detail {

/// What can be subscribed to, but is no event type itself: many topics feed it, all in their shared form.
template <class T>
inline constexpr bool is_erased = false;
template <>
inline constexpr bool is_erased<AnyEvent> = true;
template <class Base>
inline constexpr bool is_erased<Implements<Base>> = true;

/// As what a listed type is delivered.
template <class T>
struct DeliveredAs {
    using type = T;
};
template <class Base>
struct DeliveredAs<Implements<Base>> {
    using type = Base;
};
template <class T>
using Delivered = typename DeliveredAs<T>::type;

}  // namespace event::detail
