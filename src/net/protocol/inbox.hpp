#pragma once

/// Cuts a stream into frames. A frame that lies whole in what is given is viewed there; of one that does not, what has
/// come is kept: never more than it claims, and never room for what has only been claimed.

#include "net/protocol/frames.hpp"

#include <cstddef>

namespace event::net::protocol {

class Inbox {
public:
    enum class Step : std::uint8_t {
        frame,      ///< `frame` is its kind and body, until the next step and while the input lives
        more,       ///< the input is used up
        too_large,  ///< it claims more than `max_frame`
        malformed,  ///< its length is none
    };

    /// Takes from the front of `input`. After `too_large` and `malformed` there are no more steps.
    [[nodiscard]] Step next(View& input, std::size_t max_frame, View& frame);
    /// The kind and body of a frame that lies whole at the front of `input`, where that can be said in few steps;
    /// otherwise nothing, and `next` is to be asked. `skip` takes what was looked at.
    [[nodiscard]] View peek(View input, std::size_t max_frame) const noexcept {
        if (input.size() < 2 || !(kept_.empty() || is_taken_)) return {};
        const auto first = std::to_integer<std::size_t>(input[0]);
        if (first < 0x80 && first < input.size() && first <= max_frame) return input.subspan(1, first);
        const auto second = std::to_integer<std::size_t>(input[1]);
        const bool is_long = first >= 0x80;
        if (is_long && (second == 0 || second >= 0x80)) return {};
        const std::size_t size = is_long ? (first & 0x7f) | second << 7 : first;
        const std::size_t head = is_long ? 2 : 1;
        return size <= max_frame && size <= input.size() - head ? input.subspan(head, size) : View();
    }
    static void skip(View& input, View frame) noexcept {
        input = input.subspan(static_cast<std::size_t>(frame.data() + frame.size() - input.data()));
    }

    /// Gives memory back that was not needed since the last time.
    void rest() noexcept {
        if (kept_.empty() && !was_needed_) give_back(kept_);
        was_needed_ = false;
    }

    /// Bytes of memory.
    [[nodiscard]] std::size_t held() const noexcept { return kept_.capacity(); }

private:
    void keep(View& input, std::size_t count, std::size_t claimed);

    Bytes kept_;  // the beginning of a frame, length included
    bool is_taken_ = false;
    bool was_needed_ = false;
};

}  // namespace event::net::protocol
