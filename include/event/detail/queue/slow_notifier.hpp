#pragma once

#include <event/backpressure.hpp>
#include <event/detail/thread.hpp>
#include <event/detail/wait/context_clock.hpp>
#include <event/options.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

namespace event::detail {

class Mailbox;

/// Those whom a bus is to be told of by `on_slow_subscriber`, which never runs twice at once: who comes while it runs
/// leaves its mailbox to the thread that runs it, and waits for nothing.
class SlowLine {
public:
    explicit SlowLine(const ContextClock& clock) noexcept : clock_(clock) {}
    [[nodiscard]] const ContextClock& clock() const noexcept { return clock_; }
    /// Takes over a reference. The first exception of a callback is kept.
    void tell(Mailbox& mailbox, std::exception_ptr& first);

private:
    std::mutex mutex_;
    // guarded by mutex_; through `Mailbox::next_slow`
    Mailbox* first_ = nullptr;
    Mailbox* last_ = nullptr;
    bool is_telling_ = false;

    const ContextClock& clock_;
};

/// Tells of one subscriber that loses events, or whose events grow old: once for each episode, and never twice at once.
class SlowNotifier {
public:
    using Callback = std::function<void(const SlowSubscriber&)>;
    enum class Reason : std::uint8_t { loss = 1, age = 2 };

    SlowNotifier(const BusOptions& options, SlowLine& line) noexcept : options_(options), line_(line) {}

    // ---- under the domain's lock -----------------------------------------------------------------------------

    /// The queue has been empty: what comes next is a new episode.
    void end_episodes() noexcept { open_ = 0; }
    [[nodiscard]] bool is_open(Reason reason) const noexcept { return (open_ & bit(reason)) != 0; }
    /// Opens an episode, unless one is open; true if the mailbox is to be put on an aftermath's list.
    [[nodiscard]] bool open(Reason reason, std::uint16_t type) noexcept;
    /// An event comes to a queue that is empty, or is not; true as for `open`.
    [[nodiscard]] bool note_age(bool is_empty, std::uint16_t type) noexcept;
    [[nodiscard]] std::chrono::nanoseconds age() const noexcept { return line_.clock().now() - not_empty_since_; }
    [[nodiscard]] bool measures_age() const noexcept { return options_.measure_age; }

    // ---- no lock ---------------------------------------------------------------------------------------------

    /// Tells what there is to tell. Takes over a reference to the mailbox. The first exception of a callback is kept.
    void run(Mailbox& mailbox, std::exception_ptr& first);
    /// The same for one whose turn it is to tell the bus.
    void run_in_line(Mailbox& mailbox, std::exception_ptr& first);
    /// Once the mailbox has ended: waits for a callback that runs on another thread, unless this thread runs one
    /// itself; none will start after it.
    void await_end(const Mailbox& mailbox) noexcept {
        // A callback that began before the mailbox ended is seen without the lock: who ended it has held it since.
        if (call_.load(std::memory_order_acquire) == Call::none) {
            call_.store(Call::over, std::memory_order_release);
        } else {
            await_call(mailbox);
        }
    }
    /// Whether this thread runs a callback of any.
    [[nodiscard]] static bool runs_callback() noexcept;
    [[nodiscard]] bool is_over() const noexcept { return call_.load(std::memory_order_acquire) == Call::over; }

private:
    enum class Call : std::uint8_t { none, due, running, over };

    [[nodiscard]] static std::uint8_t bit(Reason reason) noexcept { return static_cast<std::uint8_t>(reason); }
    void await_call(const Mailbox& mailbox) noexcept;
    /// Tells those reasons; true if others are left.
    bool tell(Mailbox& mailbox, unsigned reasons, std::exception_ptr& first);

    // guarded by the domain's lock
    std::uint8_t open_ = 0;  // reasons
    std::uint8_t due_ = 0;   // reasons that are to be told
    std::uint16_t type_ = 0;
    std::atomic<Call> call_{Call::none};  // read without it
    ThreadId caller_ = nullptr;
    std::uint64_t episodes_ = 0;
    Moment not_empty_since_;

    const BusOptions& options_;
    SlowLine& line_;
};

}  // namespace event::detail
