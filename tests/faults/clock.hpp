#pragma once

#include <chrono>
#include <optional>

/// The steady clock of a program that is linked with clock.cpp: the real one until it is turned by hand. The library
/// and Asio read the standard's clock, and the linker sends them here, so that neither needs a way to be given another
/// one.
namespace turned_clock {

using Clock = std::chrono::steady_clock;

/// Stands from now on, at that moment; moves with the real one again if there is none. One thread.
inline std::optional<Clock::time_point> stands_at;

/// A clock that stands while it exists, and is turned by hand.
class Hand {
public:
    explicit Hand(Clock::time_point at = Clock::now()) { stands_at = at; }
    Hand(const Hand&) = delete;
    Hand& operator=(const Hand&) = delete;
    ~Hand() { stands_at.reset(); }
    void turn(Clock::duration by) { *stands_at += by; }
};

}  // namespace turned_clock
