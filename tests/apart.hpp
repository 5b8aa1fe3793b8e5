#pragma once

/// Which topics of a bus share a lock, as it can be seen from outside: a filter that emits what needs the lock under
/// which it runs gets an exception; any other lock is free where there is but one thread.

#include "support.hpp"

#include <array>
#include <cstddef>
#include <tuple>
#include <utility>

namespace support {

/// Numbered types, all of them trivially copyable but the last one.
template <std::size_t number>
struct Topic {
    int value = 0;
    bool is_probe = false;
};
template <>
struct Topic<4> {
    int value = 0;
    bool is_probe = false;
    std::string shared = {};
};
inline constexpr std::size_t topics = 5;

/// Emits to the topics of a bus, and sees which of them are together. Its events reach whoever subscribes to them. As
/// long as it exists, all of them are used.
class Probe {
public:
    explicit Probe(event::EventBus& bus) : bus_(bus) {}

    template <std::size_t number>
    event::EmitResult emit(int value = 0) const {
        return used_.emitter.emit(Topic<number>{.value = value});
    }
    /// Whether an emit of the one waits for one of the other.
    [[nodiscard]] bool are_together(std::size_t left, std::size_t right) { return groups().at(left).at(right); }
    using Groups = std::array<std::array<bool, topics>, topics>;
    [[nodiscard]] Groups groups() {
        Groups found{};
        [&]<std::size_t... numbers>(std::index_sequence<numbers...>) {
            (look_from<numbers>(found[numbers], std::make_index_sequence<topics>{}), ...);
        }(std::make_index_sequence<topics>{});
        return found;
    }

private:
    template <std::size_t from, std::size_t... others>
    void look_from(std::array<bool, topics>& found, std::index_sequence<others...>) {
        auto probe =
            bus_.subscribe<Topic<from>>({.on_full = event::Drop{}}, event::where([&](const Topic<from>& event) {
                                            if (event.is_probe)
                                                ((found[others] = others == from || !can_emit<others>()), ...);
                                            return false;
                                        }));
        used_.emitter.emit(Topic<from>{.is_probe = true});
    }
    template <std::size_t number>
    bool can_emit() const {
        try {
            emit<number>();
            return true;
        } catch (const boost::system::system_error&) {
            return false;
        }
    }

    event::EventBus& bus_;
    template <std::size_t... numbers>
    struct Used {
        explicit Used(event::EventBus& bus)
            : emitter(bus.emitter<Topic<numbers>...>()),
              subscriptions(bus.subscribe<Topic<numbers>>({.on_full = event::Drop{}})...) {}
        event::Emitter<Topic<numbers>...> emitter;
        std::tuple<event::Subscription<Topic<numbers>>...> subscriptions;  // an emit to nobody needs no lock
    };
    Used<0, 1, 2, 3, 4> used_{bus_};
};

}  // namespace support
