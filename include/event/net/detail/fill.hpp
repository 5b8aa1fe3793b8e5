#pragma once

/// Fills what holds several values, whatever they are read from: a `Reader`, or a `JsonReader`. The count is one that
/// the reader has allowed.

#include <event/net/detail/kind.hpp>
#include <event/net/error.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace event::net::detail {

template <class T>
consteval void needs_default() {
    static_assert(std::is_default_constructible_v<T>,
                  "event: what is received is made first and then read into: this type needs a default constructor");
}

template <class T, class Reader>
error_code fill_element(T& element, std::size_t index, Reader& reader) {
    const error_code error = reader.read(element);
    if (error) reader.is_in_element(index);
    return error;
}

template <class Reader>
error_code refuse_key(errc why, std::size_t index, Reader& reader) {
    const error_code error = reader.fail(why);
    reader.is_in_element(index);
    return error;
}

template <class Key>
consteval void check_key() {
    needs_default<Key>();
    static_assert(
        !extensible<Key>(),
        "event: the key of a map, or the element of a set, cannot get further fields (event_wire_extensible): "
        "an older reader would find it twice");
}

/// A number that is none is never found again.
template <class Key>
[[nodiscard]] bool is_no_key([[maybe_unused]] const Key& key) noexcept {
    if constexpr (std::floating_point<Key>) {
        return key != key;
    } else {
        return false;
    }
}

/// The elements that are there are filled anew, so that what they have of memory is used again.
template <class T, class Reader>
error_code fill_list(T& value, std::size_t count, Reader& reader) {
    using Element = typename T::value_type;
    needs_default<Element>();
    while (value.size() > count) value.pop_back();
    // no more memory than the input takes, however large an element is, before there is one
    if constexpr (requires { value.reserve(count); }) value.reserve(std::min(count, reader.left() / sizeof(Element)));
    std::size_t index = 0;
    for (Element& element : value) {
        if (const error_code error = fill_element(element, index++, reader)) return error;
    }
    while (index < count) {
        if (const error_code error = fill_element(value.emplace_back(), index++, reader)) return error;
    }
    return {};
}

template <class Allocator, class Reader>
error_code fill_list(std::vector<bool, Allocator>& value, std::size_t count, Reader& reader) {
    value.clear();
    for (std::size_t i = 0; i < count; ++i) {
        bool element = false;
        if (const error_code error = fill_element(element, i, reader)) return error;
        value.push_back(element);
    }
    return {};
}

template <class T, class Reader>
error_code fill_set(T& value, std::size_t count, Reader& reader) {
    check_key<typename T::key_type>();
    value.clear();
    for (std::size_t i = 0; i < count; ++i) {
        typename T::key_type key{};
        if (const error_code error = fill_element(key, i, reader)) return error;
        if (is_no_key(key)) return refuse_key(errc::invalid_value, i, reader);
        value.insert(value.end(), std::move(key));  // a set is written in its order
        if (value.size() != i + 1) return refuse_key(errc::duplicate_key, i, reader);
    }
    return {};
}

/// `open_entry` reads what there is before a key.
template <class T, class Reader, class OpenEntry>
error_code fill_map(T& value, std::size_t count, Reader& reader, OpenEntry open_entry) {
    using Key = typename T::key_type;
    check_key<Key>();
    needs_default<typename T::mapped_type>();
    value.clear();
    for (std::size_t i = 0; i < count; ++i) {
        Key key{};
        error_code error = open_entry();
        if (error) reader.is_in_element(i);
        if (!error) error = fill_element(key, i, reader);
        if (error) return error;
        if (is_no_key(key)) return refuse_key(errc::invalid_value, i, reader);
        const auto entry = value.try_emplace(value.end(), std::move(key));
        if (value.size() != i + 1) return refuse_key(errc::duplicate_key, i, reader);
        if (error = fill_element(entry->second, i, reader); error) return error;
    }
    return {};
}

template <class T, class Reader>
error_code fill_array(T& value, Reader& reader) {
    for (std::size_t index = 0; auto& element : value) {
        if (const error_code error = fill_element(element, index++, reader)) return error;
    }
    return {};
}

template <class T, class Reader>
error_code fill_tuple(T& value, Reader& reader) {
    return std::apply(
        [&](auto&... elements) {
            error_code error;
            std::size_t index = 0;
            (void)(!(error = fill_element(elements, index++, reader)).failed() && ...);
            return error;
        },
        value);
}

/// `index` is one of the variant's.
template <class T, class Reader>
error_code fill_alternative(T& value, std::size_t index, Reader& reader) {
    error_code error;
    const auto fill_if_chosen = [&]<std::size_t I>(std::integral_constant<std::size_t, I>) {
        needs_default<std::variant_alternative_t<I, T>>();
        if (index == I) error = reader.read(value.template emplace<I>());
    };
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        (fill_if_chosen(std::integral_constant<std::size_t, I>{}), ...);
    }(std::make_index_sequence<std::variant_size_v<T>>{});
    return error;
}

}  // namespace event::net::detail
