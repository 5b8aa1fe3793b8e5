#pragma once

#include <string>
#include <string_view>
#include <type_traits>

namespace event::detail {

/// How a key is kept, and as what it is looked for: a text as a view, whatever it lies in.
template <class T>
struct KeyKind {
    using Kept = T;
    using Sought = std::add_lvalue_reference_t<const T>;
};
template <class Char, class Traits, class Allocator>
struct KeyKind<std::basic_string<Char, Traits, Allocator>> {
    using Kept = std::basic_string<Char, Traits>;
    using Sought = std::basic_string_view<Char, Traits>;
};
template <class Char, class Traits>
struct KeyKind<std::basic_string_view<Char, Traits>> : KeyKind<std::basic_string<Char, Traits>> {};
template <>
struct KeyKind<const char*> : KeyKind<std::string> {};
template <>
struct KeyKind<char*> : KeyKind<std::string> {};

}  // namespace event::detail
