#pragma once

/// What the processes of these tests tell each other.

#include <event/net/by_key.hpp>
#include <event/retain_by.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace processes {

/// One of a sequence that begins with 1 in each life of a server.
struct Tick {
    static constexpr std::string_view event_name = "tick";
    std::uint64_t life = 0;
    std::uint64_t number = 0;
    std::string text = {};
    bool is_last = false;
};
/// A value that counts up.
struct Level {
    static constexpr std::string_view event_name = "level";
    std::uint64_t life = 0;
    std::uint64_t number = 0;
};
/// Retained by room. Each life has one of its own, which no other has.
struct Room {
    static constexpr std::string_view event_name = "room";
    std::uint64_t room = 0;
    std::uint64_t life = 0;
    std::uint64_t number = 0;
};
inline constexpr std::uint64_t common_rooms = 3;
inline constexpr std::uint64_t own_room(std::uint64_t life) { return 1'000 + life; }

}  // namespace processes
