#pragma once

#include <event/name.hpp>

#include <fmt/core.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#if FMT_VERSION < 80000
#error "event: this library needs fmt 8 or newer; an older one was found first"
#include <event/what_is_missing_is_said_above>  // as in requirements.hpp
#endif

namespace event::detail {

class Core;
class PayloadBase;
class PayloadBlock;
class TopicBase;

/// Its address is the type's identity. Not constant, so that no linker folds two of them into one.
template <class T>
inline char type_tag = 0;

/// Which type it is. No RTTI.
struct TypeId {
    const void* tag = nullptr;
    std::string_view spelled;   // by the compiler
    std::string_view declared;  // `event_name`, or empty
    std::size_t size = 0;
    std::size_t alignment = 0;

    [[nodiscard]] std::string_view label() const noexcept { return declared.empty() ? spelled : declared; }

    /// One type that two shared libraries see under two tags. Types of unnamed namespaces never are.
    [[nodiscard]] bool is_same_elsewhere(const TypeId& other) const noexcept {
        return !declared.empty() && declared == other.declared && spelled == other.spelled && size == other.size &&
               alignment == other.alignment && spelled.find("{anonymous}") == std::string_view::npos &&
               spelled.find("(anonymous namespace)") == std::string_view::npos;
    }
    [[nodiscard]] bool is(const TypeId& other) const noexcept { return tag == other.tag || is_same_elsewhere(other); }
};

template <class T>
inline constexpr TypeId type_id{.tag = &type_tag<T>,
                                .spelled = spelled_name<T>(),
                                .declared = DeclaresName<T> ? name_of<T>() : std::string_view{},
                                .size = sizeof(T),
                                .alignment = alignof(T)};

/// A behaviour that an event type declares, and how to see the event as one.
struct ImplementedInterface {
    const TypeId* id = nullptr;
    const void* (*view)(const PayloadBase& payload) noexcept = nullptr;
};

/// An event type as a bus sees it, whatever it is: what a topic and a shared event know of their type.
struct EventType {
    const TypeId* id = nullptr;
    std::span<const ImplementedInterface> interfaces;
    std::size_t payload_size = 0;  // of the shared form
    std::size_t payload_alignment = 0;
    bool is_inline = false;                                                             // copied into each queue
    PayloadBase* (*share)(PayloadBlock&& block, const void* event) noexcept = nullptr;  // an inline event
    const void* (*value)(const PayloadBase& payload) noexcept = nullptr;
    void (*dispose)(PayloadBase& payload) noexcept = nullptr;
    fmt::appender (*print)(const PayloadBase& payload, fmt::appender out) = nullptr;
    std::unique_ptr<TopicBase> (*make_topic)(const EventType& type, std::string&& label, Core& core) = nullptr;

    [[nodiscard]] std::string_view label() const noexcept { return id->label(); }
};

template <class T>
concept HasText = std::is_same_v<T, fmt::string_view> || requires(const T& text) {
    []<class Traits, class Allocator>(const std::basic_string<char, Traits, Allocator>&) {}(text);
} || requires(const T& text) { []<class Traits>(const std::basic_string_view<char, Traits>&) {}(text); };

/// Whether a type can be printed as what it is. What converts implicitly to a text or a number may mean nothing by it,
/// or throw; fmt takes some such types and not others, depending on its version.
template <class T>
concept Printable =
    fmt::is_formattable<const T>::value &&
    ((!std::is_class_v<T> && !std::is_union_v<T> && !(std::is_enum_v<T> && std::is_convertible_v<T, int>)) ||
     HasText<T> || std::is_default_constructible_v<fmt::formatter<T>> ||
     requires(const T& event) { format_as(event); });

fmt::appender print_name_and_size(fmt::appender out, std::string_view name, std::size_t size);

/// An event whose type only its payload knows.
fmt::appender print_shared(const PayloadBase& payload, fmt::appender out);

/// The event itself if it can be printed, otherwise what it is called and how large it is. For every type that is
/// emitted: so nothing that would have to be compiled for each, as fmt's check of a format string.
template <class T>
fmt::appender print_event(const T& event, fmt::appender out) {
    if constexpr (Printable<T>) {
        return fmt::vformat_to(out, "{}", fmt::make_format_args(event));
    } else {
        return print_name_and_size(out, name_of<T>(), sizeof(T));
    }
}

}  // namespace event::detail
