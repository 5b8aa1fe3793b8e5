#pragma once

#include <event/name.hpp>

#include <string_view>
#include <type_traits>

/// What a type says of itself in members called `event_name` and `event_interfaces`, and whether that can be read.

namespace event::detail {

struct DeclaredNames {
    int event_name;
    int event_interfaces;
};
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"
/// Whose members of these names are ambiguous if `T` has such members, accessible or not.
template <class T>
struct Beside : T, DeclaredNames {};
#pragma GCC diagnostic pop

template <class T>
concept NameIsAbsent = requires { &Beside<T>::event_name; };
template <class T>
concept NameIsPublic = requires { T::event_name; } || requires { &T::event_name; } ||
                       requires { typename T::event_name; } || requires(T& event) { event.event_name(); };
template <class T>
concept InterfacesAreAbsent = requires { &Beside<T>::event_interfaces; };
template <class T>
concept InterfacesArePublic = requires { T::event_interfaces; } || requires { &T::event_interfaces; } || requires {
    typename T::event_interfaces;
} || requires(T& event) { event.event_interfaces(); };

/// Of a class with a virtual destructor, which may be final, nothing is said, as of others that have no heirs.
template <class T>
consteval bool check_declarations() noexcept {
    if constexpr (std::is_class_v<T> && !std::is_final_v<T> && !std::has_virtual_destructor_v<T>) {
        static_assert(NameIsAbsent<T> || NameIsPublic<T>,
                      "event: the event_name of this type is private, or it has one from each of two bases");
        static_assert(InterfacesAreAbsent<T> || InterfacesArePublic<T>,
                      "event: the event_interfaces of this type are private, or it has some from each of two bases");
    }
    if constexpr (DeclaresName<T>) {
        static_assert(
            requires { typename std::bool_constant<std::string_view(T::event_name).empty()>; },
            "event: event_name must be a constant: static constexpr std::string_view event_name");
    }
    return true;
}

}  // namespace event::detail
