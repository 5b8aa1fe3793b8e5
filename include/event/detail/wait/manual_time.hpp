#pragma once

#include <boost/asio/execution_context.hpp>

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

namespace event::detail {

/// The time of a context whose clock a test moves on. All time limits of its operations, and the ages of its queues,
/// are measured by it.
class ManualTime {
public:
    using Clock = std::chrono::steady_clock;

    /// What waits for a moment. Called under no lock.
    class Waiting {
    public:
        Waiting() = default;
        Waiting(const Waiting&) = delete;
        Waiting& operator=(const Waiting&) = delete;
        virtual void pass() noexcept = 0;

    protected:
        ~Waiting() = default;
    };

    /// That of the context; null: it has none, and the clock runs by itself.
    [[nodiscard]] static std::shared_ptr<ManualTime> of(boost::asio::execution_context& context);
    /// Gives it one; throws `std::logic_error` if it has one already.
    [[nodiscard]] static std::shared_ptr<ManualTime> install(boost::asio::execution_context& context);
    /// It has none from now on. What still waits waits for ever.
    void remove() noexcept;

    [[nodiscard]] Clock::time_point now() const noexcept;
    /// When the first of what waits passes.
    [[nodiscard]] std::optional<Clock::time_point> next() const;
    void advance(Clock::duration by);

    /// It passes when so much time has; with what was removed, never.
    void add(Clock::duration limit, std::shared_ptr<Waiting> waiting);
    void remove(const Waiting& waiting) noexcept;

private:
    class Service;
    using Entries = std::multimap<Clock::time_point, std::shared_ptr<Waiting>>;

    static std::atomic<int> installed;  // anywhere

    /// In so much time, or never. Under mutex_.
    [[nodiscard]] Clock::time_point after(Clock::duration duration) const noexcept;

    std::mutex advancing_;
    mutable std::mutex mutex_;
    // guarded by mutex_
    Clock::time_point now_ = Clock::now();
    Entries entries_;
    Service* service_ = nullptr;
};

}  // namespace event::detail
