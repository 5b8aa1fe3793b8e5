#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <variant>

namespace bench {

/// The event of every row but those that say otherwise: 32 bytes. Each number is a type, and so a topic, of its own.
template <std::size_t Number = 0, std::size_t bytes = 32>
struct Event {
    std::array<std::uint64_t, bytes / sizeof(std::uint64_t)> words{};
};
static_assert(sizeof(Event<>) == 32 && std::is_trivially_copyable_v<Event<>>);

/// Too large for a queue's slot, and not trivially copyable.
struct Text {
    std::string value;
};
/// What one would hand to a peer that copies its events.
using SharedText = std::shared_ptr<const Text>;

/// Events that are emitted before they are received, and so the room in each queue.
inline constexpr std::size_t batch = 64;

// ---- to make an event with a number, and to look at it once it has arrived ----------------------------------------

template <class T>
struct Make {
    T operator()(std::uint64_t number) const { return T{{number}}; }
};
template <>
struct Make<Text> {
    Text operator()(std::uint64_t number) const { return {std::string(40, static_cast<char>('!' + number % 64))}; }
};
template <>
struct Make<SharedText> {
    SharedText operator()(std::uint64_t number) const { return std::make_shared<const Text>(Make<Text>()(number)); }
};

template <std::size_t Number, std::size_t bytes>
std::uint64_t look_at(const Event<Number, bytes>& event) {
    return event.words[0];
}
inline std::uint64_t look_at(const Text& text) { return static_cast<std::uint64_t>(text.value[0]); }
inline std::uint64_t look_at(const SharedText& text) { return look_at(*text); }
template <class... Ts>
std::uint64_t look_at(const std::variant<Ts...>& any) {
    return std::visit([](const auto& event) { return look_at(event); }, any);
}

/// What subscribers have received, to be compared with what was emitted once a row is done.
struct Tally {
    std::uint64_t events = 0;
    std::uint64_t sum = 0;

    template <class T>
    void operator()(const T& event) {
        ++events;
        sum += look_at(event);
    }
    friend bool operator==(const Tally&, const Tally&) = default;
};

}  // namespace bench
