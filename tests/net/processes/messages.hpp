#pragma once

/// What the processes of these tests send to each other by messengers.

#include <event/net/messenger.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace processes {

/// Counts up from 1 in each life of who sends it.
struct Numbered {
    static constexpr std::string_view event_name = "numbered";
    std::uint64_t life = 0;
    std::uint64_t number = 0;
};
struct Question {
    static constexpr std::string_view event_name = "question";
    std::uint64_t number = 0;
};
struct Reply {
    static constexpr std::string_view event_name = "reply";
    std::uint64_t life = 0;
    std::uint64_t number = 0;
};
using Messenger = event::net::Messenger<Numbered, Question, Reply>;

inline constexpr std::size_t queue = 64;
inline constexpr std::size_t inbox = 16;

}  // namespace processes
