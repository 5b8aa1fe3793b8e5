#include <event/detail/wait/manual_time.hpp>
#include <event/detail/wait/time_limit.hpp>

#include <boost/asio/post.hpp>
#include <boost/asio/recycling_allocator.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/error_code.hpp>

#include <atomic>
#include <cmath>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace event::detail {

using Clock = std::chrono::steady_clock;

class Timer : public std::enable_shared_from_this<Timer> {
public:
    Timer() = default;
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;
    virtual ~Timer() = default;
    /// It belongs to whatever it waits with until it passes.
    virtual void start(EndPending end) = 0;
    virtual void cancel() noexcept = 0;
    /// The same, from a thread beside which its context may die.
    virtual void leave() noexcept = 0;

    std::atomic<bool> has_passed{false};  // set before the operation is woken
};

namespace {

/// Where there was no memory to cancel a timer: it passes in vain. Nobody can say here whose reference is the last, so
/// this one stays.
void keep(std::shared_ptr<Timer> timer) noexcept {
    union Kept {
        Kept() {}
        ~Kept() {}
        std::shared_ptr<Timer> timer;
    };
    static thread_local Kept kept;
    std::construct_at(&kept.timer, std::move(timer));
}

class ContextTimer final : public Timer {
public:
    ContextTimer(const boost::asio::any_io_executor& executor, Clock::duration limit) : timer_(executor, limit) {}
    void start(EndPending end) override { timer_.async_wait(TimeOut{std::move(end), shared_from_this()}); }
    void cancel() noexcept override { timer_.cancel(); }
    void leave() noexcept override {
        auto self = shared_from_this();
        for (int attempts = 2; attempts > 0; --attempts) {
            try {
                return boost::asio::post(timer_.get_executor(), [self] { self->cancel(); });
            } catch (...) {
            }
        }
        keep(std::move(self));
    }

private:
    struct TimeOut {
        EndPending end;
        std::shared_ptr<Timer> timer;
        void operator()(const boost::system::error_code& error) noexcept {
            timer->has_passed = true;
            end(error);
        }
    };

    boost::asio::steady_timer timer_;
};

/// On a context that the operation does not run in, and that may die beside it: only that context touches the timer.
class DistantTimer final : public Timer {
public:
    DistantTimer(const TimerContext& context, Clock::duration limit) : context_(context), limit_(limit) {}
    void start(EndPending end) override {
        end_.emplace(std::move(end));
        post([self = shared_from_this(), this] { begin(self); });
    }
    void cancel() noexcept override {
        auto self = shared_from_this();
        for (int attempts = 2; attempts > 0; --attempts) {
            try {
                return post([self, this] { end(); });
            } catch (...) {
            }
        }
        keep(std::move(self));
    }
    void leave() noexcept override { cancel(); }

private:
    /// Unless the context is dying already: it waits with its death until the function is posted, but not with that of
    /// its timers.
    template <class F>
    void post(F&& function) {
        if (!context_.home->pin()) return;
        const ContextRegistry::Pinned pinned(context_.home);
        boost::asio::post(context_.executor, std::forward<F>(function));
    }
    void begin(const std::shared_ptr<Timer>& self) {
        const std::lock_guard guard(mutex_);
        if (has_ended_) return;
        timer_.emplace(context_.executor, limit_);
        timer_->async_wait([self, this](const boost::system::error_code& error) noexcept {
            end();
            has_passed = true;
            (*end_)(error);
        });
    }
    void end() noexcept {
        const std::lock_guard guard(mutex_);
        has_ended_ = true;
        timer_.reset();
    }

    const TimerContext context_;
    const Clock::duration limit_;
    std::optional<EndPending> end_;
    std::mutex mutex_;  // several threads may run the context
    // guarded by mutex_
    bool has_ended_ = false;
    std::optional<boost::asio::steady_timer> timer_;
};

/// Passes when a test says so.
class ManualTimer final : public Timer, public ManualTime::Waiting {
public:
    ManualTimer(std::shared_ptr<ManualTime> time, Clock::duration limit) : time_(std::move(time)), limit_(limit) {}
    void start(EndPending end) override {
        end_.emplace(std::move(end));
        time_->add(limit_, std::shared_ptr<ManualTime::Waiting>(shared_from_this(), this));
    }
    void cancel() noexcept override { time_->remove(*this); }
    void leave() noexcept override { cancel(); }
    void pass() noexcept override {
        has_passed = true;
        (*end_)(boost::system::error_code());
    }

private:
    const std::shared_ptr<ManualTime> time_;
    const Clock::duration limit_;
    std::optional<EndPending> end_;
};

}  // namespace

TimeLimit::TimeLimit(const TimerContext& context, Clock::duration limit) {
    if (!context.executor || (context.home && !context.home->pin())) return;  // it goes with its context
    std::optional<ContextRegistry::Pinned> pinned;
    if (context.home) pinned.emplace(context.home);
    const boost::asio::recycling_allocator<void> memory;
    auto time = limit > Clock::duration::zero() ? ManualTime::of(context.executor.context()) : nullptr;
    if (time) {
        unused_ = std::allocate_shared<ManualTimer>(memory, std::move(time), limit);
    } else if (context.home) {
        unused_ = std::allocate_shared<DistantTimer>(memory, context, limit);
    } else {
        unused_ = std::allocate_shared<ContextTimer>(memory, context.executor, limit);
    }
}

TimeLimit::~TimeLimit() {
    if (const auto timer = running_.lock()) timer->cancel();
}

void TimeLimit::start(ParkingSpot& spot, std::uint64_t ticket, Phase then) {
    if (!unused_) return;
    running_ = unused_;
    const auto timer = std::exchange(unused_, nullptr);
    timer->start(EndPending(spot, ticket, then));
}

void TimeLimit::leave() noexcept {
    if (const auto timer = running_.lock()) timer->leave();
    running_.reset();
}

bool TimeLimit::has_passed() const noexcept {
    const auto timer = running_.lock();
    return timer == nullptr || timer->has_passed;
}

std::optional<Clock::duration> time_limit_of(long double ticks) noexcept {
    ticks = std::ceil(ticks);
    if (!(ticks > 0)) return Clock::duration::zero();
    const auto left = Clock::time_point::max() - Clock::now();
    if (ticks >= static_cast<long double>(left.count())) return std::nullopt;
    return Clock::duration(static_cast<Clock::rep>(ticks));
}

}  // namespace event::detail
