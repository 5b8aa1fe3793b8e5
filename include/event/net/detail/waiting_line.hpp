#pragma once

#include <event/net/error.hpp>
#include <event/value.hpp>
#include <event/watcher.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/intrusive/list.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

/// Operations that wait for what one of them at a time can take: a message that has come, room in a queue. Each waits
/// for a value of its own. Its one rule: who is called and goes without looking calls the next.

namespace event::net::detail {

/// What one operation waits for. Is used again by another one.
class Waiter : public boost::intrusive::list_base_hook<> {
public:
    explicit Waiter(const boost::asio::any_io_executor& executor) : calls_(executor), watcher_(calls_.watch()) {}

    /// What was said before counts no more.
    void begin() noexcept { static_cast<void>(watcher_.try_get()); }
    void call() noexcept {
        try {
            calls_.set(0);
        } catch (...) {  // no memory: it waits for the next call
        }
    }
    [[nodiscard]] Watcher<std::uint64_t>& calls() noexcept { return watcher_; }

    std::size_t size = 0;  // that it wants room for

private:
    friend class WaitingLine;

    Value<std::uint64_t> calls_;
    Watcher<std::uint64_t> watcher_;
    // under the line's mutex
    std::uint64_t number_ = 0;  // grows with who comes
    bool is_in_line_ = false;
    bool was_called_ = false;  // and has not left
};

/// Waiters that are not used. Any thread.
class WaiterPool {
public:
    explicit WaiterPool(const boost::asio::any_io_executor& executor) : executor_(executor) {}

    [[nodiscard]] std::unique_ptr<Waiter> take() {
        {
            const std::lock_guard guard(mutex_);
            if (!kept_.empty()) {
                auto waiter = std::move(kept_.back());
                kept_.pop_back();
                return waiter;
            }
        }
        return std::make_unique<Waiter>(executor_);
    }
    void give_back(std::unique_ptr<Waiter> waiter) noexcept {
        const std::lock_guard guard(mutex_);
        try {
            if (kept_.size() < most_kept) kept_.push_back(std::move(waiter));
        } catch (...) {  // it goes
        }
    }

private:
    static constexpr std::size_t most_kept = 256;

    const boost::asio::any_io_executor executor_;
    std::mutex mutex_;
    std::vector<std::unique_ptr<Waiter>> kept_;
};

/// First come, first served. Any thread.
class WaitingLine {
public:
    /// `is_back`: it had its turn, and there was nothing left. Then it stands where it stood.
    void enter(Waiter& waiter, bool is_back) {
        waiter.begin();
        const std::lock_guard guard(mutex_);
        auto behind = waiters_.end();
        if (!is_back) {
            waiter.number_ = next_number_++;
        } else if (!waiters_.empty() && waiter.number_ < waiters_.front().number_) {
            behind = waiters_.begin();
        } else {  // all of them had their turn, and come back one by one
            while (behind != waiters_.begin() && waiter.number_ < std::prev(behind)->number_) --behind;
        }
        waiters_.insert(behind, waiter);
        waiter.is_in_line_ = true;
        waiter.was_called_ = false;
        count_.fetch_add(1, std::memory_order_seq_cst);
    }
    /// `has_looked`: otherwise what it was called for is the next one's.
    void leave(Waiter& waiter, bool has_looked) noexcept {
        const std::lock_guard guard(mutex_);
        if (waiter.is_in_line_) remove(waiter);
        if (std::exchange(waiter.was_called_, false) && !has_looked) call_first();
    }
    /// The first has its turn, if what there is is enough for it.
    template <class Enough>
    void call_if(Enough&& enough) noexcept {
        if (empty()) return;
        const std::lock_guard guard(mutex_);
        if (!waiters_.empty() && enough(waiters_.front().size)) call_first();
    }
    void call() noexcept {
        call_if([](std::size_t) { return true; });
    }
    void call_all() noexcept {
        const std::lock_guard guard(mutex_);
        while (!waiters_.empty()) call_first();
    }
    [[nodiscard]] bool empty() const noexcept { return count_.load(std::memory_order_seq_cst) == 0; }

private:
    void remove(Waiter& waiter) noexcept {
        waiters_.erase(waiters_.iterator_to(waiter));
        waiter.is_in_line_ = false;
        count_.fetch_sub(1, std::memory_order_seq_cst);
    }
    void call_first() noexcept {
        if (waiters_.empty()) return;
        Waiter& first = waiters_.front();
        remove(first);
        first.was_called_ = true;
        first.call();
    }

    std::mutex mutex_;
    std::uint64_t next_number_ = 0;  // guarded by mutex_
    std::atomic<std::size_t> count_{0};
    boost::intrusive::list<Waiter, boost::intrusive::constant_time_size<false>> waiters_;  // guarded by mutex_
};

/// A place in a line, for as long as this lives.
class Place {
public:
    explicit Place(std::shared_ptr<WaiterPool> pool) : pool_(std::move(pool)), waiter_(pool_->take()) {}
    Place(Place&& other) noexcept = default;
    Place& operator=(Place&&) = delete;
    ~Place() {
        if (!waiter_) return;
        leave(false);
        pool_->give_back(std::move(waiter_));
    }

    /// Of the line that it has been in: where it stood. Then one looks.
    void enter(std::shared_ptr<WaitingLine> line, std::size_t size = 0) {
        const bool is_back = line_ == line;
        leave(is_back && !has_entered_);
        has_entered_ = true;
        line_ = std::move(line);
        waiter_->size = size;
        line_->enter(*waiter_, is_back);
    }
    /// It was called, and looks.
    void was_called() noexcept { has_entered_ = false; }
    /// There was what it waited for. Where it has not waited since it entered, that may have been there before, and
    /// what it was called for meanwhile is the next one's.
    void leave() noexcept {
        leave(!has_entered_);
        line_.reset();
        has_entered_ = false;
    }
    [[nodiscard]] Waiter& waiter() const noexcept { return *waiter_; }

private:
    void leave(bool has_looked) noexcept {
        if (line_) line_->leave(*waiter_, has_looked);
    }

    std::shared_ptr<WaiterPool> pool_;
    std::unique_ptr<Waiter> waiter_;
    std::shared_ptr<WaitingLine> line_;
    bool has_entered_ = false;  // and has not been called since, or does not know
};

}  // namespace event::net::detail
