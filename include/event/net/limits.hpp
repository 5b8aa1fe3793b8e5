#pragma once

/// How large an event may be on the wire. A type says so itself, each constant if it wants to:
///
///     struct Block {
///         static constexpr std::size_t max_wire_size = 8 << 20;      // bytes
///         static constexpr std::size_t max_wire_elements = 100'000;  // of all its lists, maps and sets together
///         static constexpr std::size_t max_wire_depth = 200;         // of types within each other: for a tree
///         …
///     };
///
/// What counts is what the event's own type says; the types of its fields are asked nothing. Both sides check: what
/// would be refused is not sent. The elements bound what a short message can make of memory, and of time: one counts
/// once for every 64 bytes that it takes, and in an unordered container, whose keys may be chosen so that all have one
/// hash, sixteen times at least. The bytes of a text or of a `std::vector<std::byte>` are none, nor are those of a
/// `std::array`.

#include <event/name.hpp>

#include <concepts>
#include <cstddef>
#include <type_traits>

namespace event::net {

struct Limits {
    std::size_t size = std::size_t{1} << 20;  // bytes
    std::size_t elements = 65'536;            // of small types
    std::size_t depth = 64;
};

namespace detail {

// Static members, not those that each event has of its own.
template <class T>
concept DeclaresSize = requires {
    { T::max_wire_size } -> std::convertible_to<std::size_t>;
    requires !std::is_member_pointer_v<decltype(&T::max_wire_size)>;
};
template <class T>
concept DeclaresElements = requires {
    { T::max_wire_elements } -> std::convertible_to<std::size_t>;
    requires !std::is_member_pointer_v<decltype(&T::max_wire_elements)>;
};
template <class T>
concept DeclaresDepth = requires {
    { T::max_wire_depth } -> std::convertible_to<std::size_t>;
    requires !std::is_member_pointer_v<decltype(&T::max_wire_depth)>;
};

}  // namespace detail

/// What `T` says, and otherwise what stands in `Limits`.
template <class T>
[[nodiscard]] constexpr Limits limits_of() noexcept {
    Limits limits;
    if constexpr (detail::DeclaresSize<T>) limits.size = T::max_wire_size;
    if constexpr (detail::DeclaresElements<T>) limits.elements = T::max_wire_elements;
    if constexpr (detail::DeclaresDepth<T>) limits.depth = T::max_wire_depth;
    return limits;
}

}  // namespace event::net
