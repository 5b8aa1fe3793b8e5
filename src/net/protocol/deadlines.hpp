#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

namespace event::net::protocol {

using Moment = std::chrono::steady_clock::time_point;

/// When something is to happen if nothing comes in between.
struct Deadlines {
    std::optional<Moment> handshake;  // no HELLO
    std::optional<Moment> ping;       // no frame
    std::optional<Moment> pong;       // no answer
    std::optional<Moment> write;      // no byte taken
    std::optional<Moment> close;      // no BYE

    [[nodiscard]] std::optional<Moment> next() const {
        std::optional<Moment> first;
        for (const auto& deadline : {handshake, ping, pong, write, close}) {
            if (deadline && (!first || *deadline < *first)) first = deadline;
        }
        return first;
    }
    [[nodiscard]] static bool is_over(const std::optional<Moment>& deadline, Moment now) {
        return deadline && *deadline <= now;
    }
};

}  // namespace event::net::protocol
