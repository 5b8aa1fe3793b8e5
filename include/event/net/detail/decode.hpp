#pragma once

#include <event/net/detail/fill.hpp>
#include <event/net/detail/refusal.hpp>
#include <event/net/reader.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <ranges>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>

namespace event::net::detail {

template <std::integral Wide, std::integral T>
error_code narrow(Wide wide, T& value, Reader& reader) {
    using Limits = std::numeric_limits<T>;  // std::in_range does not take characters
    if (wide < static_cast<Wide>(Limits::min()) ||
        (sizeof(T) < sizeof(Wide) && wide > static_cast<Wide>(Limits::max())))
        return reader.fail(errc::out_of_range);
    value = static_cast<T>(wide);
    return {};
}

/// A text, or bytes: the length was checked before room is made.
template <class T>
error_code decode_bytes(T& value, Reader& reader) {
    std::uint64_t size = 0;
    if (const error_code error = reader.read_varint(size)) return error;
    std::span<const std::byte> bytes;
    if (const error_code error = reader.read_bytes(size, bytes)) return error;
    const auto* const data = reinterpret_cast<const typename T::value_type*>(bytes.data());
    value.assign(data, data + bytes.size());
    return {};
}

template <class T>
error_code decode_list(T& value, Reader& reader) {
    std::size_t count = 0;
    if (const error_code error = reader.read_count(count, least_size<typename T::value_type>(), element_weight<T>()))
        return error;
    if constexpr (PackedFloats<T> && requires { value.resize(count); }) {
        value.resize(count);  // the input has them all
        if (reader.read_floats(std::span(std::ranges::data(value), std::ranges::size(value)))) return {};
    }
    return fill_list(value, count, reader);
}

template <class T>
error_code decode_set(T& value, Reader& reader) {
    std::size_t count = 0;
    if (const error_code error = reader.read_count(count, least_size<typename T::key_type>(), element_weight<T>()))
        return error;
    return fill_set(value, count, reader);
}

template <class T>
error_code decode_map(T& value, Reader& reader) {
    std::size_t count = 0;
    constexpr std::size_t least = least_size<typename T::key_type>() + least_size<typename T::mapped_type>();
    if (const error_code error = reader.read_count(count, least, element_weight<T>())) return error;
    return fill_map(value, count, reader, [] { return error_code{}; });
}

template <class T>
error_code decode_optional(T& value, Reader& reader) {
    needs_default<typename T::value_type>();
    std::byte mark{};
    if (const error_code error = reader.read_byte(mark)) return error;
    if (mark > std::byte{1}) return reader.fail(errc::unknown_choice);
    if (mark == std::byte{0}) {
        value.reset();
        return {};
    }
    if (!value) value.emplace();
    return reader.read(*value);
}

template <class T>
error_code decode_variant(T& value, Reader& reader) {
    std::uint64_t index = 0;
    if (const error_code error = reader.read_varint(index)) return error;
    if (index >= std::variant_size_v<T>) return reader.fail(errc::unknown_choice);
    return fill_alternative(value, index, reader);
}

/// In an older type's message the fields that it did not have yet are not there, and keep their defaults.
template <class T>
error_code decode_fields(T& value, Reader& reader) {
    if (const error_code error = reader.enter()) return reader.fail(error);
    Reader::Part part{};
    if constexpr (extensible<T>()) {
        needs_default<T>();
        value = T{};
        if (const error_code error = reader.open_part(part)) return error;
    }
    error_code error;
    for_each_field<T>([&](auto i) {
        refuse<FieldType<T, i>>();
        if (extensible<T>() && reader.left() == 0) return false;
        error = reader.read(Fields<T>::template get<i>(value));
        if (error) reader.is_in_field(Fields<T>::template name<i>());
        return !error.failed();
    });
    if (error) return error;
    if constexpr (extensible<T>()) reader.close_part(part);
    reader.leave();
    return {};
}

template <class T>
error_code decode_by_kind(T& value, Reader& reader) {
    refuse<T>();
    constexpr Kind k = kind<T>;
    if constexpr (k == Kind::boolean) {
        std::byte byte{};
        if (const error_code error = reader.read_byte(byte)) return error;
        if (byte > std::byte{1}) return reader.fail(errc::not_canonical);
        value = byte == std::byte{1};
        return {};
    } else if constexpr (k == Kind::byte) {
        std::byte byte{};
        if (const error_code error = reader.read_byte(byte)) return error;
        value = static_cast<T>(byte);
        return {};
    } else if constexpr (k == Kind::unsigned_integer) {
        std::uint64_t number = 0;
        if (const error_code error = reader.read_varint(number)) return error;
        return narrow(number, value, reader);
    } else if constexpr (k == Kind::signed_integer) {
        std::int64_t number = 0;
        if (const error_code error = reader.read_zigzag(number)) return error;
        return narrow(number, value, reader);
    } else if constexpr (k == Kind::floating) {
        return reader.read_float(value);
    } else if constexpr (k == Kind::enumeration) {
        std::underlying_type_t<T> number{};
        if (const error_code error = reader.read(number)) return error;
        value = static_cast<T>(number);
        return {};
    } else if constexpr (k == Kind::duration) {
        typename T::rep count{};
        if (const error_code error = reader.read(count)) return error;
        value = T(count);
        return {};
    } else if constexpr (k == Kind::time_point) {
        typename T::duration since_epoch{};
        if (const error_code error = reader.read(since_epoch)) return error;
        value = T(since_epoch);
        return {};
    } else if constexpr (k == Kind::text || k == Kind::bytes) {
        return decode_bytes(value, reader);
    } else if constexpr (k == Kind::list) {
        return decode_list(value, reader);
    } else if constexpr (k == Kind::set) {
        return decode_set(value, reader);
    } else if constexpr (k == Kind::map) {
        return decode_map(value, reader);
    } else if constexpr (k == Kind::optional) {
        return decode_optional(value, reader);
    } else if constexpr (k == Kind::variant) {
        return decode_variant(value, reader);
    } else if constexpr (k == Kind::array) {
        if constexpr (PackedFloats<T>) {
            if (reader.read_floats(std::span(std::ranges::data(value), std::ranges::size(value)))) return {};
        }
        return fill_array(value, reader);
    } else if constexpr (k == Kind::tuple) {
        return fill_tuple(value, reader);
    } else if constexpr (k == Kind::fields) {
        return decode_fields(value, reader);
    } else {
        return {};
    }
}

}  // namespace event::net::detail
