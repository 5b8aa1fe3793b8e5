#pragma once

#include <event/detail/chaos.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>

/// Who disturbs the threads at the points of the library, by a rule that a seed gives: each round has its own points
/// that are hot, and each thread its own sequence of answers. A thread yields there, sleeps, or hands over: waits until
/// another one has passed some points. Nothing here orders the memory of two threads, so that ThreadSanitizer sees what
/// it would see without it.

namespace chaos {

using event::detail::Point;
inline constexpr std::size_t points = static_cast<std::size_t>(Point::callback_is_over) + 1;

/// A sequence of numbers that a seed gives (splitmix64).
class Random {
public:
    explicit Random(std::uint64_t seed) noexcept : state_(seed) {}
    std::uint64_t operator()() noexcept {
        std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }
    /// Less than `end`.
    [[nodiscard]] std::uint32_t below(std::uint64_t end) noexcept {
        return static_cast<std::uint32_t>((*this)() % end);
    }
    [[nodiscard]] bool one_in(std::uint64_t count) noexcept { return below(count) == 0; }

private:
    std::uint64_t state_;
};

/// What is seen of a thread from outside. Written by that thread alone.
struct ThreadState {
    std::atomic<const char*> role{nullptr};  // null: free
    std::atomic<std::uint32_t> number{0};
    Random random{0};
    std::atomic<Point> point{Point::let_go};
    std::atomic<const void*> what{nullptr};
    std::atomic<std::uint64_t> passed{0};
    std::atomic<const void*> waits_for{nullptr};
    std::array<std::atomic<const void*>, 16> holds{};  // locks, callbacks that run, pinned contexts
};

/// Of all threads that are disturbed.
[[nodiscard]] std::array<ThreadState, 64>& threads() noexcept;

/// While it exists, this thread is disturbed. The number, its own among the threads of a round, goes into its sequence.
class Disturbed {
public:
    Disturbed(std::uint32_t number, const char* role) noexcept;
    Disturbed(const Disturbed&) = delete;
    Disturbed& operator=(const Disturbed&) = delete;
    ~Disturbed();

    /// Of this thread, which is disturbed.
    [[nodiscard]] static Random& random() noexcept;
};

/// Until the end of the scope: at that point, the first time that this thread comes there, it does what another thread
/// could do just then. One at a time on a thread, which need not be disturbed.
class Meanwhile {
public:
    Meanwhile(Point point, std::function<void()> act);
    Meanwhile(const Meanwhile&) = delete;
    Meanwhile& operator=(const Meanwhile&) = delete;
    ~Meanwhile();

    [[nodiscard]] bool was_done() const noexcept { return act_ == nullptr; }
    void come_to(Point point);

private:
    const Point point_;
    std::function<void()> act_;
};

/// Draws the rule of a round. No thread is disturbed just now.
void draw_rule(std::uint64_t seed) noexcept;
/// Disturbs this thread as a point of the library would that is hot.
void disturb() noexcept;
/// How often threads were disturbed so far.
[[nodiscard]] std::uint64_t disturbances() noexcept;
/// As a person says it.
[[nodiscard]] const char* name_of(Point point) noexcept;

}  // namespace chaos
