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
    /// The clock's last moment, which is never, if it does not reach so far; never before now.
    [[nodiscard]] static Moment after(Moment now, std::chrono::milliseconds time) {
        const auto left = now < Moment{} ? Moment::duration::max() : Moment::max() - now;
        if (time >= std::chrono::floor<std::chrono::milliseconds>(left)) return Moment::max();
        return now + std::max(time, std::chrono::milliseconds::zero());
    }
    [[nodiscard]] static bool is_over(const std::optional<Moment>& deadline, Moment now) {
        return deadline && *deadline <= now;
    }
};

}  // namespace event::net::protocol
