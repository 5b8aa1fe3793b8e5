#pragma once

/// The fields of a type, in order, and their names: of what Boost.Describe describes, bases first, and otherwise of an
/// aggregate, as Boost.PFR takes it apart.

#include <event/name.hpp>

#include <boost/describe/members.hpp>
#include <boost/describe/modifiers.hpp>
#include <boost/mp11/algorithm.hpp>
#include <boost/mp11/list.hpp>
#include <boost/pfr/core.hpp>

#include <array>
#include <cstddef>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

namespace event::net::detail {

template <class T>
concept Described = std::is_class_v<T> && boost::describe::has_describe_members<T>::value;

/// Converts to what `T` derives from, and to nothing else.
template <class T>
struct ToBase {
    template <class Base>
        requires(std::is_base_of_v<Base, T> && !std::is_same_v<std::remove_cv_t<Base>, T>)
    operator Base&() const noexcept;
};

struct ToNothing {};

/// An aggregate whose first element is a base, which Boost.PFR does not take.
template <class T>
concept HasBase = std::is_aggregate_v<T> && requires { T{ToBase<T>{}}; } && !requires { T{ToNothing{}}; };

template <class T>
concept TakenApart = std::is_class_v<T> && std::is_aggregate_v<T> && !std::is_union_v<T> && !HasBase<T>;

template <class T>
concept HasFields = Described<T> || TakenApart<T>;

// How many fields an aggregate has: as many as may stand between its braces. Boost.PFR, which counts so, too, does it
// in the signatures of noexcept functions, where GCC 12 fails on a default that throws, and begins at the size in bits.
#pragma GCC diagnostic push
#if defined(__clang__)
#pragma GCC diagnostic ignored "-Wmissing-braces"
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#endif

/// What Boost.PFR has structured bindings for.
inline constexpr std::size_t max_fields = 100;

/// Converts to a field of `T`, whatever it is. A value, so that the field need be neither copied nor moved; and of a
/// const rvalue, so that neither `Field(const U&)` nor `Field(U&&)` makes it ambiguous.
template <class T>
struct AnyField {
    std::size_t number;
    template <class Field>
        requires(!std::is_same_v<Field, T>)
    operator Field() const&&;
};

template <class T>
struct AnyReferred {
    template <class Field>
    operator Field&() const&&;
};

template <class T, std::size_t... I>
consteval bool takes(std::index_sequence<I...>) {
    return requires { T{AnyField<T>{I}...}; };
}

/// Of an aggregate the most it takes: fewer may be too few, if a field has no default.
template <class T, std::size_t n = 0, bool took = false>
consteval std::size_t most_taken() {
    constexpr bool takes_n = takes<T>(std::make_index_sequence<n>{});
    if constexpr (took && !takes_n) {
        return n - 1;
    } else if constexpr (n > max_fields) {
        return takes_n ? n : 0;
    } else {
        return most_taken<T, n + 1, takes_n>();
    }
}

template <class T, std::size_t... I>
consteval bool refers(std::index_sequence<I...>) {
    return requires { T{AnyField<T>{I}..., AnyReferred<T>{}}; };
}

template <class T, std::size_t... Before, std::size_t... After>
consteval bool takes_braces(std::index_sequence<Before...>, std::index_sequence<After...>) {
    return requires { T{AnyField<T>{Before}..., {}, AnyField<T>{After}...}; };
}

/// Whether what is number `I` between the braces of `T` is an array: without braces of its own it takes as many as it
/// has elements, and with them one.
template <class T, std::size_t taken, std::size_t I>
consteval bool is_c_array() {
    constexpr std::make_index_sequence<I> before;
    if constexpr (takes_braces<T>(before, std::make_index_sequence<taken - I - 1>{})) {
        return false;
    } else {
        return takes_braces<T>(before, std::make_index_sequence<0>{});
    }
}

template <class T, std::size_t... I>
consteval bool has_c_array(std::index_sequence<I...>) {
    return (is_c_array<T, sizeof...(I), I>() || ...);
}

/// None, after one sentence, where the fields cannot be had.
template <class T>
consteval std::size_t field_count() {
    constexpr std::size_t taken = most_taken<T>();
    static_assert(taken <= max_fields,
                  "event: a type with more than 100 fields, each element of a C array counted, cannot be taken apart: "
                  "use std::array, describe it with Boost.Describe, or specialise event::net::Codec for it");
    if constexpr (taken <= max_fields) {
        constexpr std::make_index_sequence<taken> all;
        constexpr bool is_referring = refers<T>(all);
        constexpr bool is_array = has_c_array<T>(all);
        constexpr bool is_known = taken > 0 || std::is_empty_v<T>;
        static_assert(!is_referring,
                      "event: what is sent can be received: a field that is const or a reference cannot be read into");
        static_assert(!is_array,
                      "event: a C array cannot be told from as many fields: use std::array, describe the type with "
                      "Boost.Describe, or specialise event::net::Codec for it");
        static_assert(is_known || is_referring,
                      "event: the fields of this type cannot be counted: describe it with Boost.Describe, or "
                      "specialise event::net::Codec for it");
        return is_referring || is_array ? 0 : taken;
    } else {
        return 0;
    }
}
#pragma GCC diagnostic pop

/// Field number `I` of an aggregate, by the structured bindings of Boost.PFR, which its public functions give only
/// together with its own count.
template <std::size_t I, class T>
constexpr auto& taken_field(T& value) noexcept {
    using Count = boost::pfr::detail::size_t_<field_count<std::remove_const_t<T>>()>;
    return boost::pfr::detail::sequence_tuple::get<I>(boost::pfr::detail::tie_as_tuple(value, Count{}));
}

// The name of a field, as the compiler spells the address of the field of an object that is nowhere.
#pragma GCC diagnostic push
#if defined(__clang__)
#pragma GCC diagnostic ignored "-Wundefined-var-template"
#pragma GCC diagnostic ignored "-Wundefined-internal"
#endif
template <class T>
struct Nowhere {
    T value;
};
template <class T>
extern const Nowhere<T> nowhere;

template <class T>
struct FieldAddress {
    const T* address;
};

template <auto Address>
consteval std::string_view spelled_address() noexcept {
    return __PRETTY_FUNCTION__;
}

/// "… Address = FieldAddress<int>{(& nowhere<A>.Nowhere<A>::value.A::port)} …" with GCC,
/// "… Address = FieldAddress<int>{&nowhere.value.port}]" with clang.
consteval std::string_view last_name_in_braces(std::string_view text) noexcept {
    const auto is_in_name = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' ||
               static_cast<unsigned char>(c) >= 0x80;
    };
    text = text.substr(0, text.rfind('}'));
    while (!text.empty() && !is_in_name(text.back())) text.remove_suffix(1);
    std::size_t begin = text.size();
    while (begin > 0 && is_in_name(text[begin - 1])) --begin;
    return text.substr(begin);
}

template <class T, std::size_t I>
consteval std::string_view spelled_field() noexcept {
    using Field = std::remove_const_t<std::remove_reference_t<decltype(taken_field<I>(nowhere<T>.value))>>;
    return last_name_in_braces(
        spelled_address<FieldAddress<Field>{std::addressof(taken_field<I>(nowhere<T>.value))}>());
}

/// Of its own, so that the program does not keep all that the compiler spelled.
template <class T, std::size_t I>
inline constexpr auto field_text = [] {
    constexpr std::string_view spelled = spelled_field<T, I>();
    std::array<char, spelled.size()> text{};
    for (std::size_t i = 0; i < spelled.size(); ++i) text[i] = spelled[i];
    return text;
}();
#pragma GCC diagnostic pop

template <class T>
struct Fields {
    static constexpr std::size_t count = field_count<T>();

    template <std::size_t I>
    static constexpr auto& get(T& value) noexcept {
        return taken_field<I>(value);
    }
    template <std::size_t I>
    static constexpr const auto& get(const T& value) noexcept {
        return taken_field<I>(value);
    }
    template <std::size_t I>
    static constexpr std::string_view name() noexcept {
        return {field_text<T, I>.data(), field_text<T, I>.size()};
    }
};

template <Described T>
struct Fields<T> {
    using Members =
        boost::describe::describe_members<T, boost::describe::mod_any_access | boost::describe::mod_inherited>;

    static constexpr std::size_t count = boost::mp11::mp_size<Members>::value;

    template <std::size_t I>
    static constexpr auto& get(T& value) noexcept {
        return value.*boost::mp11::mp_at_c<Members, I>::pointer;
    }
    template <std::size_t I>
    static constexpr const auto& get(const T& value) noexcept {
        return value.*boost::mp11::mp_at_c<Members, I>::pointer;
    }
    template <std::size_t I>
    static constexpr std::string_view name() noexcept {
        return boost::mp11::mp_at_c<Members, I>::name;
    }
};

template <class T, std::size_t I>
using FieldType = std::remove_reference_t<decltype(Fields<T>::template get<I>(std::declval<T&>()))>;

/// Calls `f` with std::integral_constant of each field's number, until it returns false; whether it never did.
template <class T, class F>
constexpr bool for_each_field(F&& f) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
        return (f(std::integral_constant<std::size_t, I>{}) && ...);
    }(std::make_index_sequence<Fields<T>::count>{});
}

}  // namespace event::net::detail
