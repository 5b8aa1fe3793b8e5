#pragma once

/// The events of the programs.

#include "model.hpp"

#include <event/all.hpp>

#include <cstddef>
#include <type_traits>

namespace model {

/// By what of the user's is called.
struct Thrown {};

struct Talk {
    int number = 0;
    friend bool operator==(const Talk&, const Talk&) = default;
};
struct Ping {
    int number = 0;
    friend bool operator==(const Ping&, const Ping&) = default;
};
struct Pong : Talk {
    using event_interfaces = event::Interfaces<Talk>;
    explicit Pong(int of = 0) : Talk{of} {}
};
/// Counted, and so neither copied into queues nor lost.
struct Note : Talk {
    using event_interfaces = event::Interfaces<Talk>;
    inline static std::size_t alive = 0;
    explicit Note(int of = 0) : Talk{of} { ++alive; }
    Note(const Note& other) : Talk(other) {
        if (copy_throws(note, number)) throw Thrown();
        ++alive;
    }
    Note& operator=(const Note&) = default;
    ~Note() { --alive; }
};

[[nodiscard]] inline int number_of(const Ping& event) { return event.number; }
[[nodiscard]] inline int number_of(const Talk& event) { return event.number; }
[[nodiscard]] inline int number_of(const event::AnyEvent& event) {
    if (const auto* ping = event.get_if<Ping>()) return ping->number;
    const auto* talk = event.as<Talk>();
    return talk != nullptr ? talk->number : 0;
}

/// Calls `function` with the type itself.
template <class Function>
decltype(auto) with_type(Type type, Function&& function) {
    switch (type) {
        case ping:
            return function(std::type_identity<Ping>());
        case pong:
            return function(std::type_identity<Pong>());
        default:
            return function(std::type_identity<Note>());
    }
}

}  // namespace model
