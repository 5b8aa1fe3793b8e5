#pragma once

/// The fields of a type, in order, and their names: of what Boost.Describe describes, bases first, and otherwise of an
/// aggregate, as Boost.PFR takes it apart.

#include <event/name.hpp>

#include <boost/describe/members.hpp>
#include <boost/describe/modifiers.hpp>
#include <boost/mp11/algorithm.hpp>
#include <boost/mp11/list.hpp>
#include <boost/pfr/core.hpp>
#include <boost/pfr/tuple_size.hpp>

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
    using Field = std::remove_cvref_t<decltype(boost::pfr::get<I>(nowhere<T>.value))>;
    return last_name_in_braces(
        spelled_address<FieldAddress<Field>{std::addressof(boost::pfr::get<I>(nowhere<T>.value))}>());
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
    static constexpr std::size_t count = boost::pfr::tuple_size_v<T>;

    template <std::size_t I>
    static constexpr auto& get(T& value) noexcept {
        return boost::pfr::get<I>(value);
    }
    template <std::size_t I>
    static constexpr const auto& get(const T& value) noexcept {
        return boost::pfr::get<I>(value);
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
