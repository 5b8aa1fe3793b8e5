#pragma once

#include <event/net/detail/refusal.hpp>
#include <event/net/writer.hpp>

#include <cstddef>
#include <ranges>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

namespace event::net::detail {

template <class T>
void encode_element(const T& element, std::size_t index, Writer& writer) {
    writer.write(element);
    if (writer.failed()) writer.is_in_element(index);
}

template <class Range>
void encode_elements(const Range& range, Writer& writer) {
    if constexpr (PackedFloats<Range>) {
        if (writer.write_floats(std::span(std::ranges::cdata(range), std::ranges::size(range)))) return;
    }
    for (std::size_t index = 0; const std::iter_value_t<decltype(std::begin(range))>& element : range) {
        encode_element(element, index, writer);
        if (writer.failed()) return;
        ++index;
    }
}

template <class Map>
void encode_entries(const Map& map, Writer& writer) {
    for (std::size_t index = 0; const auto& [key, value] : map) {
        encode_element(key, index, writer);
        if (writer.failed()) return;
        encode_element(value, index, writer);
        if (writer.failed()) return;
        ++index;
    }
}

template <class T>
void encode_fields(const T& value, Writer& writer) {
    if (const error_code error = writer.enter()) return writer.fail(error);
    const std::size_t opened = writer.open_part();
    for_each_field<T>([&](auto i) {
        refuse<FieldType<T, i>>();
        writer.write(Fields<T>::template get<i>(value));
        if (writer.failed()) writer.is_in_field(Fields<T>::template name<i>());
        return !writer.failed();
    });
    if constexpr (extensible<T>()) writer.close_part(opened);
    writer.leave();
}

template <class T>
void encode_by_kind(const T& value, Writer& writer) {
    refuse<T>();
    constexpr Kind k = kind<T>;
    if constexpr (k == Kind::boolean || k == Kind::byte) {
        writer.write_byte(static_cast<std::byte>(value));
    } else if constexpr (k == Kind::unsigned_integer) {
        writer.write_varint(value);
    } else if constexpr (k == Kind::signed_integer) {
        writer.write_zigzag(value);
    } else if constexpr (k == Kind::floating) {
        writer.write_float(value);
    } else if constexpr (k == Kind::enumeration) {
        writer.write(static_cast<std::underlying_type_t<T>>(value));
    } else if constexpr (k == Kind::duration) {
        writer.write(value.count());
    } else if constexpr (k == Kind::time_point) {
        writer.write(value.time_since_epoch());
    } else if constexpr (k == Kind::text || k == Kind::bytes) {
        writer.write_varint(value.size());
        writer.write_bytes(std::as_bytes(std::span(value)));
    } else if constexpr (k == Kind::list || k == Kind::set) {
        writer.write_count(value.size(), element_weight<T>());
        if (!writer.failed()) encode_elements(value, writer);
    } else if constexpr (k == Kind::map) {
        writer.write_count(value.size(), element_weight<T>());
        if (!writer.failed()) encode_entries(value, writer);
    } else if constexpr (k == Kind::array) {
        encode_elements(value, writer);
    } else if constexpr (k == Kind::optional) {
        writer.write_byte(static_cast<std::byte>(value.has_value()));
        if (value) writer.write(*value);
    } else if constexpr (k == Kind::variant) {
        if (value.valueless_by_exception()) return writer.fail(errc::valueless);
        writer.write_varint(value.index());
        std::visit([&](const auto& alternative) { writer.write(alternative); }, value);
    } else if constexpr (k == Kind::tuple) {
        std::apply(
            [&](const auto&... elements) {
                std::size_t index = 0;
                (void)((encode_element(elements, index++, writer), !writer.failed()) && ...);
            },
            value);
    } else if constexpr (k == Kind::fields) {
        encode_fields(value, writer);
    }
}

}  // namespace event::net::detail
