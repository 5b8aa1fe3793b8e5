#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace bench {

/// The event of every row but those that say otherwise: 32 bytes. Each number is a type, and so a topic, of its own.
template <std::size_t Number = 0>
struct Event {
    std::array<std::uint64_t, 4> words{};
};
static_assert(sizeof(Event<>) == 32 && std::is_trivially_copyable_v<Event<>>);

/// Events that are emitted before they are received, and so the room in each queue.
inline constexpr std::size_t batch = 64;

}  // namespace bench
