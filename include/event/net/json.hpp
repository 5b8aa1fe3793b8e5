#pragma once

/// Events as JSON, by the names of their fields: for people, files, and programs in other languages.
///
///     std::string text;
///     if (const auto error = event::net::to_json(connected, text)) …
///     // {"peer":"alice","addresses":[{"host":"::1","port":80}],"round_trip":null}
///     event::net::Where where;
///     if (const auto error = event::net::from_json(text, connected, &where)) …  // where.path: ".addresses[0].port"
///
/// The types are those of `codec.hpp`:
///
///     bool, numbers, enums       true and false, numbers; each number exactly, so 64 bits, too
///     NaN and infinities         "NaN", "Infinity", "-Infinity", as in the JSON of Protocol Buffers
///     duration, time_point       the count, which is a number
///     string                     a text, which has to be UTF-8
///     vector of bytes            a text, base64 (RFC 4648, with padding)
///     vector, list, set, array   an array; so are tuples and pairs
///     map                        an object if the keys are strings, otherwise an array of arrays [key, value]
///     optional                   null, or the value; one of what may be null itself is [value]
///     variant                    {"the alternative's type, as the schema spells it": value}, of std::monostate null;
///                                "u8#1" is the alternative with the index 1 of several that are spelled u8
///     aggregates                 an object, its fields in any order
///     a Codec of its own         a text: what its `to_text` and `from_text` make of it, otherwise its bytes in base64
///
///         static std::string to_text(const PeerId& id);
///         static error_code from_text(std::string_view text, PeerId& id);
///
/// Read is what would be written, and little more: a field that is optional may be left out, and each field of a type
/// that may grow (`event_wire_extensible`); fields that the type does not have are skipped there, and refused
/// elsewhere. A key may stand once in an object. A number for an integer has no fraction and no exponent.
///
/// Limits: those of the type (`limits.hpp`), and a text may have four times its `max_wire_size`, or the type's
/// `max_json_size`, in bytes. Parsing takes memory in proportion to the text: some twenty times as much at worst.

#include <event/net/codec.hpp>
#include <event/net/detail/json_read.hpp>
#include <event/net/detail/json_write.hpp>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <string>
#include <string_view>

namespace event::net {

namespace detail {

template <class T>
concept DeclaresJsonSize = requires {
    { T::max_json_size } -> std::convertible_to<std::size_t>;
    requires !std::is_member_pointer_v<decltype(&T::max_json_size)>;
};

/// The limits of a type's JSON.
template <class T>
constexpr Limits json_limits_of() noexcept {
    Limits limits = limits_of<T>();
    constexpr std::size_t least = 2;  // {}
    const bool is_huge = limits.size > std::numeric_limits<std::size_t>::max() / 4;
    if (!is_huge) limits.size = std::max(4 * limits.size, least);
    if constexpr (DeclaresJsonSize<T>) limits.size = T::max_json_size;
    return limits;
}

/// How deep arrays and objects are, at most, in a value of so many types within each other.
constexpr std::size_t json_depth(std::size_t depth) noexcept { return 16 * std::min<std::size_t>(depth, 10'000) + 64; }

}  // namespace detail

/// Appends an event to `out`. Where it fails, `out` is as it was.
template <class T>
[[nodiscard]] error_code to_json(const T& value, std::string& out, Where* where = nullptr) {
    detail::Appending appending(out);
    detail::JsonWriter writer(out, detail::json_limits_of<T>(), where);
    writer.write(value);
    if (!writer.failed()) appending.done();
    return writer.error();
}

/// Reads an event, which is all that is in `text`. Where it fails, `value` is some value of its type.
template <class T>
[[nodiscard]] error_code from_json(std::string_view text, T& value, Where* where = nullptr) {
    constexpr Limits limits = detail::json_limits_of<T>();
    detail::JsonDocument document;
    std::size_t offset = 0;
    const error_code error = text.size() > limits.size ? error_code(errc::too_large)
                                                       : document.parse(text, detail::json_depth(limits.depth), offset);
    if (error) {
        if (where != nullptr) *where = {.offset = offset, .path = {}};
        return error;
    }
    detail::JsonReader reader(document, limits, where);
    return reader.read(value);
}

}  // namespace event::net
