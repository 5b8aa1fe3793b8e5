#pragma once

/// What a type looks like, as a text that is the same with every compiler, and a number that stands for it. Two sides
/// exchange it before the first event, since the bytes themselves do not say what they are (`codec.hpp`):
///
///     connected{peer: string, addresses: list<address>, round_trip: optional<duration<i64,1/1000>>};
///     address{host: string, port: u16}
///
/// Each type with fields is there once, behind the one that needs it first; one that may grow ends with `, ...`. Names
/// are those of `event::name_of`: declared ones are the same everywhere; what compilers spell is so for classes, and
/// not for templates and unnamed namespaces. A type with a `Codec` of its own is what that says (`schema`), else its
/// name.

#include <event/net/codec.hpp>
#include <event/net/detail/spell.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace event::net {

/// Lives as long as the program.
template <class T>
[[nodiscard]] constexpr std::string_view schema() noexcept {
    static_assert(!detail::spell_schema<T>(nullptr).has_name_twice(),
                  "event: two types in this event have one name, so that a schema cannot tell them apart; give one of "
                  "them another event_name");
    return detail::schema_text<T>.view();
}

/// FNV-1a of the schema: name, names of the fields, and types, through and through.
template <class T>
[[nodiscard]] constexpr std::uint64_t fingerprint() noexcept {
    constexpr std::uint64_t hash = detail::fnv1a(schema<T>());
    return hash;
}

/// Nothing if each side reads what the other writes: the schemas are the same, but for fields at the end of types that
/// may grow on both sides. Otherwise a sentence with the first difference:
///
///     address: ours has `port: u16`, theirs `port: u32`
///
/// `theirs` may be anything; what of it stands in the sentence is short and printable. Takes time and memory in
/// proportion to the two texts.
[[nodiscard]] std::optional<std::string> schema_difference(std::string_view ours, std::string_view theirs);

}  // namespace event::net
