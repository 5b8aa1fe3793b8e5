#pragma once

/// Events as bytes. For a type that is an aggregate, or described by Boost.Describe, there is nothing to write:
///
///     struct Connected {
///         static constexpr std::string_view event_name = "connected";
///         std::string peer;
///         std::vector<Address> addresses;
///         std::optional<std::chrono::milliseconds> round_trip;
///     };
///
///     std::vector<std::byte> buffer;                                       // kept, and used again
///     if (const auto error = event::net::encode(connected, buffer)) …
///     event::net::Where where;
///     if (const auto error = event::net::decode(buffer, connected, &where)) …  // to_string(where) says where
///
/// The form, in which a number is written in one way only, and sets and maps in any order:
///
///     bool                       one byte, 0 or 1
///     8-bit integers             one byte
///     unsigned integers          varint: LEB128 in as few bytes as it goes
///     signed integers            ZigZag, then varint
///     float, double              IEEE 754, little-endian, four and eight bytes
///     enums                      their underlying type, which has to be written (enum E : int); any number is taken
///     duration, time_point       the count; time points of std::chrono::system_clock only
///     string, vector of bytes    varint of the length, then the bytes
///     vector, list               varint of the count, then the elements
///     set, map, unordered_…      the same, each key once; an entry is its key and its value
///     optional                   one byte, 0 or 1, then the value
///     variant                    varint of the index, then the alternative
///     pair, tuple, array         the elements; of std::monostate nothing
///     aggregates                 the fields in their order, at most 100; C arrays only where the type is described
///
/// Not sent, with a sentence from the compiler: pointers, smart pointers, views, time points of other clocks, what is
/// const, `long double` and `wchar_t`.
///
/// Nothing in the bytes says of what type they are: both sides compare schemas first (`schema.hpp`). A type that says
/// `static constexpr bool event_wire_extensible = true;` may get further fields at its end: it is written with its
/// length before it (varint, bytes), so that an older reader skips what it does not know, and a newer one leaves what
/// is not there at its default.
///
/// Decoding takes whatever comes: it fails with an error code of `net::errc`, and never throws for it nor makes room
/// that the bytes do not justify. Limits: `limits.hpp`. What throws is the lack of memory, and the types' own code. The
/// keys of an `unordered_` container may be chosen so that all have one hash: its type's `max_wire_elements` bounds the
/// time, and `std::map` needs no such bound.

#include <event/net/detail/decode.hpp>
#include <event/net/detail/encode.hpp>
#include <event/net/detail/plain.hpp>
#include <event/net/error.hpp>
#include <event/net/limits.hpp>
#include <event/net/reader.hpp>
#include <event/net/writer.hpp>

#include <array>
#include <cstddef>
#include <span>
#include <vector>

namespace event::net {

/// How a `T` is written and read. For a type of your own that cannot be taken apart, or should not:
///
///     template <>
///     struct event::net::Codec<PeerId> {
///         static void encode(const PeerId& id, Writer& writer) { writer.write(id.text()); }
///         static error_code decode(PeerId& id, Reader& reader) {
///             std::string text;
///             if (const error_code error = reader.read(text)) return error;
///             return id.parse(text) ? error_code{} : reader.fail(errc::invalid_value);
///         }
///         static constexpr std::string_view schema = "peer_id.1";  // optional: another text for each other form
///     };
///
/// `decode` gets a value to fill, which is one that was made by default or had another value before, and never throws
/// for what the reader gives. An error of any category may be returned. See `schema.hpp` and `json.hpp` for what else
/// it may declare.
template <class T>
struct Codec {
    using by_default = void;

    static void encode(const T& value, Writer& writer) { detail::encode_by_kind(value, writer); }
    static error_code decode(T& value, Reader& reader) { return detail::decode_by_kind(value, reader); }
};

template <class T>
void Writer::write(const T& value) {
    if constexpr (detail::kind<T> != detail::Kind::own) {
        Codec<T>::encode(value, *this);
    } else {  // which may hold others of its type
        if (const error_code error = enter()) return fail(error);
        Codec<T>::encode(value, *this);
        leave();
    }
}

template <class T>
error_code Reader::read(T& value) {
    if constexpr (detail::kind<T> != detail::Kind::own) {
        const error_code error = Codec<T>::decode(value, *this);
        return error ? fail(error) : error;
    } else {
        if (const error_code error = enter()) return fail(error);
        if (const error_code error = Codec<T>::decode(value, *this)) return fail(error);
        leave();
        return error();
    }
}

namespace detail {
/// Out of line, so that the few steps of what is plain have no more around them.
template <class T>
[[nodiscard, gnu::noinline]] error_code decode_checked(std::span<const std::byte> bytes, T& value, Where* where) {
    Reader reader(bytes, limits_of<T>(), where);
    if (reader.failed()) return reader.error();
    if (const error_code error = reader.read(value)) return error;
    if (reader.left() != 0) return reader.fail(errc::trailing_bytes);
    return reader.error();
}
}  // namespace detail

/// Appends an event to `out`, within the limits of its type. Where it fails, `out` is as it was. Allocates nothing but
/// what `out` lacks.
template <class T>
[[nodiscard]] error_code encode(const T& value, std::vector<std::byte>& out, Where* where = nullptr) {
    if constexpr (detail::Plain<T>) {
        std::array<std::byte, detail::plain_size<T>()> bytes;
        out.insert(out.end(), bytes.data(), detail::write_plain(value, bytes.data()));
        return {};
    } else {
        detail::Appending appending(out);
        Writer writer(out, limits_of<T>(), where);
        writer.write(value);
        if (!writer.failed()) appending.done();
        return writer.error();
    }
}

/// Reads an event, which is all that is in `bytes`. Where it fails, `value` is some value of its type. What `value`
/// held before is gone, and its memory is used again.
template <class T>
[[nodiscard]] error_code decode(std::span<const std::byte> bytes, T& value, Where* where = nullptr) {
    if constexpr (detail::Plain<T>) {
        const std::byte* at = bytes.data();
        const std::byte* const end = at + bytes.size();
        if (detail::read_plain(value, at, end) && at == end) return {};
    }
    return detail::decode_checked(bytes, value, where);
}

}  // namespace event::net
