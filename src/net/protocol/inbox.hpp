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
