#pragma once

#include <chrono>
#include <cstdint>

namespace event::detail {

/// How an operation that was parked came to run.
enum class Woken : std::uint8_t { unparked, here, elsewhere, soon };

/// Whether an operation that finds nothing looks a few times more before it parks. To park, and to be woken from
/// another thread, costs microseconds on both sides; so it does where another thread has woken one within about the
/// time that looking takes, and goes on while it finds something. On one thread there is nothing to be found by
/// looking, and nobody looks at the clock; where other threads wake, who waits and who wakes look at it, 25 ns each.
class Polling {
public:
    /// A wait that another thread ended so soon would have been ended by looking: that is how long it takes.
    static constexpr std::chrono::microseconds soon{3};
    static constexpr std::chrono::microseconds first_look{1};

    [[nodiscard]] bool is_due() const noexcept { return state_ == State::due; }
    /// Whether to note how long a wait takes.
    [[nodiscard]] bool is_timed() const noexcept { return state_ == State::timed; }

    void note(Woken woken) noexcept {
        switch (woken) {
            case Woken::unparked:
                break;
            case Woken::here:
                state_ = State::off;
                break;
            case Woken::elsewhere:
                state_ = State::timed;
                break;
            case Woken::soon:
                state_ = State::due;
                break;
        }
    }
    void has_not_paid() noexcept { state_ = State::timed; }

private:
    enum class State : std::uint8_t { off, timed, due };
    State state_ = State::off;
};

}  // namespace event::detail
