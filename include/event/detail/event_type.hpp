#pragma once

#include <event/detail/payload.hpp>
#include <event/name.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace event::detail {

class TopicBase;

/// Its address is the type's identity. Not constant, so that no linker folds two of them into one.
template <class T>
inline char type_tag = 0;

/// An event type as a bus sees it when something registers for it.
struct EventType {
    const void* tag = nullptr;
    std::string_view spelled;   // by the compiler
    std::string_view declared;  // `event_name`, or empty
    std::size_t size = 0;
    std::size_t alignment = 0;
    std::unique_ptr<TopicBase> (*make_topic)(const EventType& type, std::string label) = nullptr;

    [[nodiscard]] std::string_view label() const noexcept { return declared.empty() ? spelled : declared; }

    /// One type that two shared libraries see under two tags. Types of unnamed namespaces never are.
    [[nodiscard]] bool is_same_elsewhere(const EventType& other) const noexcept {
        return !declared.empty() && declared == other.declared && spelled == other.spelled && size == other.size &&
               alignment == other.alignment && spelled.find("{anonymous}") == std::string_view::npos &&
               spelled.find("(anonymous namespace)") == std::string_view::npos;
    }
};

}  // namespace event::detail
