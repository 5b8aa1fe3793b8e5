#pragma once

/// What can go wrong between two sides, as `boost::system` error codes of the category "event.net", and where in a
/// message it did.

#include <event/error.hpp>

#include <boost/system/error_category.hpp>
#include <boost/system/error_code.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace event::net {

using boost::system::error_code;

/// Zero is success.
enum class errc : std::uint8_t {
    truncated = 1,      ///< the input ends before the value does
    trailing_bytes,     ///< the input goes on behind the value
    too_large,          ///< more bytes than the type's `max_wire_size`
    too_deep,           ///< nested deeper than the type's `max_wire_depth`
    too_many_elements,  ///< more elements, all told, than the type's `max_wire_elements`
    not_canonical,      ///< a number that is not in its shortest form, or a bool that is neither 0 nor 1
    out_of_range,       ///< a number that the type of the field does not hold
    unknown_choice,     ///< a variant's alternative, or an optional's mark, that there is none of
    duplicate_key,      ///< a key of a map, an element of a set, or a field, that was there before
    invalid_value,      ///< the type's own `Codec` refuses the value
    valueless,          ///< a variant that lost its value to an exception cannot be written
    schema_mismatch,    ///< the two sides' types differ (`schema_difference` says in what)
    invalid_json,       ///< the text is not JSON
    invalid_utf8,       ///< a text that is not UTF-8 cannot be written as JSON
    wrong_kind,         ///< JSON of another kind than the field: a text for a number, say
    missing_field,      ///< JSON without a field of the type
    unknown_field,      ///< JSON with a field that the type does not have
    no_room,            ///< the peer's queue is full, or what is shared of all bytes; of a request also its inbox
    too_many_peers,     ///< the messenger knows as many peers as it may
    unreachable,        ///< the peer was without a link for too long (`MessengerOptions::keep`): it was not sent
    unconfirmed,     ///< it was sent, and the link was lost, or the peer started anew: nobody knows what became of it
    not_answered,    ///< the peer has nobody who answers requests of this type
    request_failed,  ///< who should have answered has failed
    wrong_answer,    ///< the answer is of another type than was asked for
};

/// The category "event.net": one object for the whole program. Safe from any thread.
[[nodiscard]] const boost::system::error_category& error_category() noexcept;

[[nodiscard]] inline error_code make_error_code(errc error) noexcept {
    return {static_cast<int>(error), error_category()};
}

/// Where in a message something is wrong. Filled on failure only, so that a good message costs nothing for it.
struct Where {
    /// Bytes from the message's beginning. Of JSON: where the text stops being JSON, otherwise 0.
    std::size_t offset = 0;
    /// From the outermost value inwards, as `.peers[3].address`; an entry of a map is counted as a list's element is.
    /// Empty: the value itself.
    std::string path;

    /// For who finds the fault further in: the field, or the element, that it is in.
    void is_in_field(std::string_view name);
    void is_in_element(std::size_t index);
};

/// "byte 12, in .peers[3].address", for logs.
[[nodiscard]] std::string to_string(const Where& where);

}  // namespace event::net

template <>
struct boost::system::is_error_code_enum<event::net::errc> : std::true_type {};
