#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <iterator>
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

/// The key that a projection gave, as what it is looked for as: an array of characters up to its end or a zero, and a
/// pointer to none as an empty text.
template <class Kind, class Key>
[[nodiscard]] typename Kind::Sought sought(const Key& key) {
    using Sought = typename Kind::Sought;
    if constexpr (std::is_array_v<Key> && std::is_class_v<Sought>) {
        return Sought(key, static_cast<std::size_t>(std::find(std::begin(key), std::end(key), '\0') - std::begin(key)));
    } else if constexpr (std::is_pointer_v<Key> && std::is_class_v<Sought>) {
        return key != nullptr ? Sought(key) : Sought();
    } else {
        return Sought(key);
    }
}

template <class Kind>
[[nodiscard]] std::size_t hash_of(typename Kind::Sought key) {
    return std::hash<std::remove_cvref_t<typename Kind::Sought>>{}(key);
}

/// Addresses of other characters would be compared.
template <class Key>
inline constexpr bool is_text_of_another_kind =
    std::is_pointer_v<Key> && (std::is_same_v<std::remove_cv_t<std::remove_pointer_t<Key>>, wchar_t> ||
                               std::is_same_v<std::remove_cv_t<std::remove_pointer_t<Key>>, char8_t> ||
                               std::is_same_v<std::remove_cv_t<std::remove_pointer_t<Key>>, char16_t> ||
                               std::is_same_v<std::remove_cv_t<std::remove_pointer_t<Key>>, char32_t>);

}  // namespace event::detail
