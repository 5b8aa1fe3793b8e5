#pragma once

#include <event/net/detail/fill.hpp>
#include <event/net/detail/json_form.hpp>
#include <event/net/detail/json_reader.hpp>
#include <event/net/reader.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace event::net::detail {

template <class T>
error_code read_json_elements(T& value, JsonReader& reader) {
    constexpr bool is_map = kind<T> == Kind::map;
    std::size_t count = 0;
    if constexpr (is_map) {
        constexpr bool is_object = has_text_keys<T>;
        const auto kind = is_object ? JsonReader::Kind::object : JsonReader::Kind::array;
        if (const error_code error = reader.open_elements(kind, element_weight<T>(), count)) return error;
        return fill_map(value, count, reader, [&] { return is_object ? error_code{} : reader.open_array(2); });
    } else {
        if (const error_code error = reader.open_elements(JsonReader::Kind::array, element_weight<T>(), count))
            return error;
        if constexpr (kind<T> == Kind::set) {
            return fill_set(value, count, reader);
        } else {
            return fill_list(value, count, reader);
        }
    }
}

template <class T>
error_code read_json_optional(T& value, JsonReader& reader) {
    needs_default<typename T::value_type>();
    if (reader.next_is(JsonReader::Kind::null)) {
        reader.take();
        value.reset();
        return {};
    }
    if (may_be_null<typename T::value_type>) {
        if (const error_code error = reader.open_array(1)) return error;
    }
    if (!value) value.emplace();
    return reader.read(*value);
}

template <class T>
error_code read_json_alternative(T& value, JsonReader& reader) {
    constexpr std::size_t count = std::variant_size_v<T>;
    std::size_t chosen = count;
    const auto choose = [&](auto is_chosen) {
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            ((is_chosen(std::integral_constant<std::size_t, I>{}) ? void(chosen = I) : void()), ...);
        }(std::make_index_sequence<count>{});
    };
    if (has_nothing<T> && reader.next_is(JsonReader::Kind::null)) {
        choose([](auto i) { return std::is_same_v<std::variant_alternative_t<i, T>, std::monostate>; });
    } else {
        if (const error_code error = reader.expect(JsonReader::Kind::object)) return error;
        if (reader.take().size != 1) return reader.fail(errc::wrong_kind);
        const std::string_view name = reader.text(reader.take());
        choose([&](auto i) { return name == alternative_text<T, i>.view(); });
    }
    if (chosen == count) return reader.fail(errc::unknown_choice);
    return fill_alternative(value, chosen, reader);
}

/// What is not there is none, if it is optional, or by default, if the type may grow.
template <class T, std::size_t I>
error_code miss_json_field(T& value, JsonReader& reader) {
    if constexpr (extensible<T>()) {
        return {};
    } else if constexpr (kind<FieldType<T, I>> == Kind::optional) {
        Fields<T>::template get<I>(value).reset();
        return {};
    } else {
        const error_code error = reader.fail(errc::missing_field);
        reader.is_in_field(Fields<T>::template name<I>());
        return error;
    }
}

template <class T>
error_code read_json_fields(T& value, JsonReader& reader) {
    constexpr std::size_t count = Fields<T>::count;
    if (const error_code error = reader.enter()) return reader.fail(error);
    if (const error_code error = reader.expect(JsonReader::Kind::object)) return error;
    if constexpr (extensible<T>()) {
        needs_default<T>();
        value = T{};
    }
    std::array<bool, count> is_there{};
    for (std::size_t left = reader.take().size; left > 0; --left) {
        const std::string_view name = reader.text(reader.take());
        error_code error;
        const bool is_unknown = for_each_field<T>([&](auto i) {
            if (Fields<T>::template name<i>() != name) return true;
            refuse<FieldType<T, i>>();
            is_there[i] = true;
            error = reader.read(Fields<T>::template get<i>(value));
            return false;
        });
        if (is_unknown && extensible<T>()) {
            reader.skip();
            continue;
        }
        if (is_unknown) error = reader.fail(errc::unknown_field);
        if (!error) continue;
        reader.is_in_field(printable_key(name));
        return error;
    }
    error_code error;
    for_each_field<T>([&](auto i) {
        if (!is_there[i]) error = miss_json_field<T, i>(value, reader);
        return !error.failed();
    });
    reader.leave();
    return error;
}

template <class T>
error_code read_own(T& value, JsonReader& reader) {
    if constexpr (HasTextForm<T>) {
        if (const error_code error = reader.expect(JsonReader::Kind::string)) return error;
        if (const error_code error = Codec<T>::from_text(reader.text(reader.take()), value)) return reader.fail(error);
        return {};
    } else {
        std::vector<std::byte> bytes;
        if (const error_code error = reader.read_base64(bytes)) return error;
        Reader in(bytes, reader.rest(bytes.size()));
        if (const error_code error = in.read(value)) return reader.fail(error);
        reader.spend(in);
        return in.left() == 0 ? error_code{} : reader.fail(errc::trailing_bytes);
    }
}

template <class T>
error_code read_json_integer(T& value, JsonReader& reader) {
    std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t> number{};
    if (const error_code error = reader.read_number(number)) return error;
    if constexpr (!std::is_same_v<T, std::byte>) {
        if (number < std::numeric_limits<T>::min() || number > std::numeric_limits<T>::max()) {
            return reader.fail(errc::out_of_range);
        }
    } else {
        if (number > 0xff) return reader.fail(errc::out_of_range);
    }
    value = static_cast<T>(number);
    return {};
}

template <class T>
error_code read_json(T& value, JsonReader& reader) {
    refuse<T>();
    constexpr Kind k = kind<T>;
    if constexpr (k == Kind::own) {
        return read_own(value, reader);
    } else if constexpr (k == Kind::boolean) {
        if (const error_code error = reader.expect(JsonReader::Kind::boolean)) return error;
        value = reader.take().is_true;
        return {};
    } else if constexpr (k == Kind::byte || k == Kind::unsigned_integer || k == Kind::signed_integer) {
        return read_json_integer(value, reader);
    } else if constexpr (k == Kind::floating) {
        return reader.read_number(value);
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
    } else if constexpr (k == Kind::text) {
        if (const error_code error = reader.expect(JsonReader::Kind::string)) return error;
        value = reader.text(reader.take());
        return {};
    } else if constexpr (k == Kind::bytes) {
        std::vector<std::byte> bytes;
        if (const error_code error = reader.read_base64(bytes)) return error;
        const auto* const data = reinterpret_cast<const typename T::value_type*>(bytes.data());
        value.assign(data, data + bytes.size());
        return {};
    } else if constexpr (k == Kind::list || k == Kind::set || k == Kind::map) {
        return read_json_elements(value, reader);
    } else if constexpr (k == Kind::array) {
        if (const error_code error = reader.open_array(array_size<T>())) return error;
        return fill_array(value, reader);
    } else if constexpr (k == Kind::optional) {
        return read_json_optional(value, reader);
    } else if constexpr (k == Kind::variant) {
        return read_json_alternative(value, reader);
    } else if constexpr (k == Kind::tuple) {
        if (const error_code error = reader.open_array(std::tuple_size_v<T>)) return error;
        return fill_tuple(value, reader);
    } else if constexpr (k == Kind::nothing) {
        if (const error_code error = reader.expect(JsonReader::Kind::null)) return error;
        reader.take();
        return {};
    } else {
        return read_json_fields(value, reader);
    }
}

template <class T>
error_code JsonReader::read(T& value) {
    return read_json(value, *this);
}

}  // namespace event::net::detail
