#pragma once

/// An event that is printed by its fields, in logs and by tests. One line behind its type, where it is declared:
///
///     template <>
///     struct fmt::formatter<Connected> : event::FieldsFormatter<Connected> {};
///
/// Then fmt prints `Connected{"alice", 7, [1, 2]}`, and so do deliveries, snapshots and `AnyEvent`.

#include <event/detail/requirements.hpp>

#include <event/detail/event/event_type.hpp>
#include <event/detail/event/text_formatter.hpp>
#include <event/name.hpp>

#include <boost/pfr/core.hpp>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <concepts>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

namespace event {

namespace detail {

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;
template <class T>
inline constexpr bool is_variant = false;
template <class... Ts>
inline constexpr bool is_variant<std::variant<Ts...>> = true;
template <class T>
inline constexpr bool is_tuple = false;
template <class... Ts>
inline constexpr bool is_tuple<std::tuple<Ts...>> = true;
template <class T, class U>
inline constexpr bool is_tuple<std::pair<T, U>> = true;

/// A path is a range of paths.
template <class T>
concept is_path = std::ranges::input_range<const T&> && requires(const T& path) {
    { path.string() } -> std::convertible_to<std::string>;
};
template <class T>
concept is_range_of_others =
    std::ranges::input_range<const T&> && !std::same_as<std::ranges::range_value_t<const T&>, T>;

class FieldsPrinter {
public:
    explicit FieldsPrinter(fmt::appender out) noexcept : out_(out) {}

    template <class T>
    void print_fields(const T& value) {
        enclose(name_of<T>(), "{", "}",
                [&] { boost::pfr::for_each_field(value, [this](const auto& field) { this->print_element(field); }); });
    }

private:
    template <class T>
    void print(const T& value) {
        if constexpr (std::is_convertible_v<T, const char*> && std::is_pointer_v<T>) {
            value != nullptr ? print(std::string_view(value)) : print(std::nullopt);
        } else if constexpr (HasText<T>) {
            fmt::format_to(out_, "\"{}\"", value);
        } else if constexpr (Printable<T>) {
            fmt::format_to(out_, "{}", value);
        } else if constexpr (std::is_enum_v<T>) {
            fmt::format_to(out_, "{}", +static_cast<std::underlying_type_t<T>>(value));
        } else if constexpr (std::is_same_v<T, std::monostate> || std::is_same_v<T, std::nullopt_t>) {
            fmt::format_to(out_, "none");
        } else if constexpr (is_optional<T>) {
            value ? print(*value) : print(std::nullopt);
        } else if constexpr (is_variant<T>) {
            if (value.valueless_by_exception()) return print(std::monostate());
            std::visit([this](const auto& alternative) { this->print(alternative); }, value);
        } else if constexpr (is_tuple<T>) {
            enclose({}, "(", ")", [&] {
                std::apply([this](const auto&... elements) { (this->print_element(elements), ...); }, value);
            });
        } else if constexpr (is_path<T>) {
            print(value.string());
        } else if constexpr (is_range_of_others<T>) {
            enclose({}, "[", "]", [&] {
                for (const auto& element : value) print_element(element);
            });
        } else if constexpr (std::is_aggregate_v<T> && !std::is_union_v<T>) {
            print_fields(value);
        } else {
            print_name_and_size(out_, name_of<T>(), sizeof(T));
        }
    }

    template <class T>
    void print_element(const T& element) {
        if (!is_first_) fmt::format_to(out_, ", ");
        is_first_ = false;
        print(element);
    }

    template <class PrintElements>
    void enclose(std::string_view name, std::string_view open, std::string_view close, PrintElements print_elements) {
        fmt::format_to(out_, "{}{}", name, open);
        is_first_ = true;
        print_elements();
        is_first_ = false;
        fmt::format_to(out_, "{}", close);
    }

    fmt::appender out_;
    bool is_first_ = true;
};

}  // namespace detail

/// The base of the `fmt::formatter` of an aggregate without bases, bit-fields and C arrays, which Boost.PFR can take
/// apart (GCC 12 dies of a container that has a list of texts as default member initializer): its name, and in braces
/// what its fields hold, texts in quotes. A field is printed by its own formatter, else as a range, a tuple, an
/// optional, a variant or an aggregate, else by its type's name and size.
template <class T>
class FieldsFormatter : public detail::TextFormatter<T> {
public:
    static void print(const T& value, fmt::appender out) {
        static_assert(std::is_aggregate_v<T> && !std::is_union_v<T>,
                      "event: only an aggregate is printed by its fields; write a formatter for this type");
        detail::FieldsPrinter(out).print_fields(value);
    }
};

}  // namespace event
