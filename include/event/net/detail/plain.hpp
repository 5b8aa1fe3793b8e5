#pragma once

#include <event/net/detail/kind.hpp>
#include <event/net/limits.hpp>

#include <algorithm>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <ranges>
#include <type_traits>
#include <utility>

/// Types of which every value takes few bytes: numbers, and what is made of a fixed number of them. No value can go
/// beyond a limit, so that nothing needs to be looked at on the way but, where it is read, the end of the bytes. Only
/// whether that succeeds is said here: who wants to know why not, and where, reads once more in the general way.

namespace event::net::detail {

inline constexpr std::size_t most_plain_bytes = 256;

/// What is no such type has one more than the most.
template <class T>
consteval std::size_t plain_size() noexcept {
    constexpr std::size_t none = most_plain_bytes + 1;
    if constexpr (std::is_const_v<T> || std::is_volatile_v<T>) {
        return none;
    } else if constexpr (kind<T> == Kind::boolean || kind<T> == Kind::byte) {
        return 1;
    } else if constexpr (kind<T> == Kind::unsigned_integer || kind<T> == Kind::signed_integer) {
        return (8 * sizeof(T) + 6) / 7;
    } else if constexpr (kind<T> == Kind::floating) {
        return sizeof(T);
    } else if constexpr (kind<T> == Kind::enumeration) {
        return plain_size<std::underlying_type_t<T>>();
    } else if constexpr (kind<T> == Kind::duration || kind<T> == Kind::time_point) {
        return plain_size<typename T::rep>();
    } else if constexpr (kind<T> == Kind::array) {
        constexpr std::size_t size = plain_size<std::remove_reference_t<decltype(std::declval<T&>()[0])>>();
        return array_size<T>() > most_plain_bytes ? none : std::min(size * array_size<T>(), none);
    } else if constexpr (kind<T> == Kind::fields && !extensible<T>()) {
        return []<std::size_t... I>(std::index_sequence<I...>) {
            return std::min((std::size_t{0} + ... + plain_size<FieldType<T, I>>()), most_plain_bytes + 1);
        }(std::make_index_sequence<Fields<T>::count>{});
    } else {
        return none;
    }
}

/// How deep aggregates lie in each other.
template <class T>
consteval std::size_t plain_depth() noexcept {
    if constexpr (kind<T> == Kind::array) {
        return plain_depth<std::remove_reference_t<decltype(std::declval<T&>()[0])>>();
    } else if constexpr (kind<T> == Kind::fields) {
        return []<std::size_t... I>(std::index_sequence<I...>) {
            return 1 + std::max({std::size_t{0}, plain_depth<FieldType<T, I>>()...});
        }(std::make_index_sequence<Fields<T>::count>{});
    } else {
        return 0;
    }
}

template <class T>
consteval bool is_plain() noexcept {
    if constexpr (plain_size<T>() > most_plain_bytes || std::endian::native != std::endian::little) {
        return false;
    } else {
        return plain_size<T>() <= limits_of<T>().size && plain_depth<T>() <= limits_of<T>().depth;
    }
}
template <class T>
concept Plain = is_plain<T>();

[[nodiscard]] inline std::byte* write_plain_varint(std::uint64_t number, std::byte* to) noexcept {
    for (; number >= 0x80; number >>= 7) *to++ = static_cast<std::byte>(number | 0x80);
    *to++ = static_cast<std::byte>(number);
    return to;
}
/// False where it is not there, or not as it is written.
[[nodiscard]] inline bool read_plain_varint(std::uint64_t& number, const std::byte*& at,
                                            const std::byte* end) noexcept {
    if (at != end && *at < std::byte{0x80}) {
        number = std::to_integer<std::uint64_t>(*at++);
        return true;
    }
    std::uint64_t read = 0;
    for (unsigned shift = 0; at != end; shift += 7) {
        const auto bits = std::to_integer<std::uint64_t>(*at++);
        if (shift == 63 && bits > 1) return false;
        read |= (bits & 0x7f) << shift;
        if ((bits & 0x80) != 0) continue;
        number = read;
        return bits != 0 || shift == 0;
    }
    return false;
}

/// Returns the end of what it has written: `plain_size<T>()` bytes at most.
template <class T>
[[nodiscard]] std::byte* write_plain(const T& value, std::byte* to) noexcept {
    constexpr Kind k = kind<T>;
    if constexpr (k == Kind::boolean || k == Kind::byte) {
        *to++ = static_cast<std::byte>(value);
    } else if constexpr (k == Kind::unsigned_integer) {
        to = write_plain_varint(value, to);
    } else if constexpr (k == Kind::signed_integer) {
        const auto number = static_cast<std::int64_t>(value);
        to = write_plain_varint((static_cast<std::uint64_t>(number) << 1) ^ static_cast<std::uint64_t>(number >> 63),
                                to);
    } else if constexpr (k == Kind::floating) {
        std::memcpy(to, &value, sizeof(T));
        to += sizeof(T);
    } else if constexpr (k == Kind::enumeration) {
        to = write_plain(static_cast<std::underlying_type_t<T>>(value), to);
    } else if constexpr (k == Kind::duration) {
        to = write_plain(value.count(), to);
    } else if constexpr (k == Kind::time_point) {
        to = write_plain(value.time_since_epoch().count(), to);
    } else if constexpr (k == Kind::array && PackedFloats<T>) {
        std::memcpy(to, std::ranges::data(value), plain_size<T>());
        to += plain_size<T>();
    } else if constexpr (k == Kind::array) {
        for (const auto& element : value) to = write_plain(element, to);
    } else {
        for_each_field<T>([&](auto i) {
            to = write_plain(Fields<T>::template get<i>(value), to);
            return true;
        });
    }
    return to;
}

/// False: not all of it is there, or something is not as it is written; then `value` is any value.
template <class T>
[[nodiscard]] bool read_plain(T& value, const std::byte*& at, const std::byte* end) noexcept {
    constexpr Kind k = kind<T>;
    using Number = std::numeric_limits<T>;
    if constexpr (k == Kind::boolean || k == Kind::byte) {
        if (at == end || (k == Kind::boolean && *at > std::byte{1})) return false;
        value = static_cast<T>(*at++);
        return true;
    } else if constexpr (k == Kind::unsigned_integer) {
        std::uint64_t number = 0;
        if (!read_plain_varint(number, at, end) || number > std::uint64_t{Number::max()}) return false;
        value = static_cast<T>(number);
        return true;
    } else if constexpr (k == Kind::signed_integer) {
        std::uint64_t folded = 0;
        if (!read_plain_varint(folded, at, end)) return false;
        const std::int64_t number = static_cast<std::int64_t>(folded >> 1) ^ -static_cast<std::int64_t>(folded & 1);
        if (number < std::int64_t{Number::min()} || number > std::int64_t{Number::max()}) return false;
        value = static_cast<T>(number);
        return true;
    } else if constexpr (k == Kind::floating) {
        if (static_cast<std::size_t>(end - at) < sizeof(T)) return false;
        std::memcpy(&value, at, sizeof(T));
        at += sizeof(T);
        return true;
    } else if constexpr (k == Kind::enumeration) {
        std::underlying_type_t<T> number{};
        const bool is_read = read_plain(number, at, end);
        value = static_cast<T>(number);
        return is_read;
    } else if constexpr (k == Kind::duration) {
        typename T::rep count{};
        const bool is_read = read_plain(count, at, end);
        value = T(count);
        return is_read;
    } else if constexpr (k == Kind::time_point) {
        typename T::duration since_epoch{};
        const bool is_read = read_plain(since_epoch, at, end);
        value = T(since_epoch);
        return is_read;
    } else if constexpr (k == Kind::array && PackedFloats<T>) {
        if (static_cast<std::size_t>(end - at) < plain_size<T>()) return false;
        std::memcpy(std::ranges::data(value), at, plain_size<T>());
        at += plain_size<T>();
        return true;
    } else if constexpr (k == Kind::array) {
        for (auto& element : value)
            if (!read_plain(element, at, end)) return false;
        return true;
    } else {
        return for_each_field<T>([&](auto i) { return read_plain(Fields<T>::template get<i>(value), at, end); });
    }
}

}  // namespace event::net::detail
