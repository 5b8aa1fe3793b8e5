#include <event/detail/wait/manual_time.hpp>
#include <event/detail/wait/time_limit.hpp>

#include <boost/asio/post.hpp>
#include <boost/asio/recycling_allocator.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/error_code.hpp>

#include <atomic>
#include <cmath>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

namespace event::detail {

using Clock = std::chrono::steady_clock;

class Timer {
public:
    Timer() = default;
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;
    virtual ~Timer() = default;
    /// It belongs to whatever it waits with until it passes.
    virtual void start(std::shared_ptr<Timer> self, EndPending end) = 0;
    virtual void cancel() noexcept = 0;
    /// The same, of `self`, from a thread beside which its context may die.
    virtual void leave(std::shared_ptr<Timer> self) noexcept = 0;

    std::atomic<bool> has_passed{false};  // set before the operation is woken
};

namespace {

class ContextTimer final : public Timer {
public:
    ContextTimer(const boost::asio::any_io_executor& executor, Clock::duration limit) : timer_(executor, limit) {}
    void start(std::shared_ptr<Timer> self, EndPending end) override {
        timer_.async_wait(TimeOut{std::move(end), std::move(self)});
    }
    void cancel() noexcept override { timer_.cancel(); }
    void leave(std::shared_ptr<Timer> self) noexcept override {
        for (int attempts = 2; attempts > 0; --attempts) {
            try {
                return boost::asio::post(timer_.get_executor(), [self] { self->cancel(); });
            } catch (...) {
            }
        }
        // No memory: it passes in vain. Nobody can say here whose reference is the last, so this one stays.
        union Kept {
            Kept() {}
            ~Kept() {}
            std::shared_ptr<Timer> timer;
        };
        static thread_local Kept kept;
        std::construct_at(&kept.timer, std::move(self));
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

/// Passes when a test says so.
class ManualTimer final : public Timer, public ManualTime::Waiting {
public:
    ManualTimer(std::shared_ptr<ManualTime> time, Clock::duration limit) : time_(std::move(time)), limit_(limit) {}
    void start(std::shared_ptr<Timer> self, EndPending end) override {
        end_.emplace(std::move(end));
        time_->add(limit_, std::shared_ptr<ManualTime::Waiting>(std::move(self), this));
    }
    void cancel() noexcept override { time_->remove(*this); }
    void leave(std::shared_ptr<Timer>) noexcept override { cancel(); }
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

TimeLimit::TimeLimit(const boost::asio::any_io_executor& executor, Clock::duration limit) {
    const boost::asio::recycling_allocator<void> memory;
    auto time = limit > Clock::duration::zero() ? ManualTime::of(executor.context()) : nullptr;
    if (time) {
        unused_ = std::allocate_shared<ManualTimer>(memory, std::move(time), limit);
    } else {
        unused_ = std::allocate_shared<ContextTimer>(memory, executor, limit);
    }
}

TimeLimit::~TimeLimit() {
    if (const auto timer = running_.lock()) timer->cancel();
}

void TimeLimit::start(ParkingSpot& spot, std::uint64_t ticket, Phase then) {
    if (!unused_) return;
    running_ = unused_;
    Timer& timer = *unused_;
    timer.start(std::move(unused_), EndPending(spot, ticket, then));
}

void TimeLimit::leave() noexcept {
    auto timer = running_.lock();
    running_.reset();
    if (timer == nullptr) return;
    Timer& left = *timer;
    left.leave(std::move(timer));
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
