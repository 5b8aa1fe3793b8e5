#pragma once

#include <event/net/detail/waiting_line.hpp>

#include <atomic>
#include <cstddef>
#include <memory>

namespace event::net::detail {

/// Bytes that all queues share: each may have as much as is free beside it. Any thread.
class ByteBudget {
public:
    explicit ByteBudget(std::size_t max) : max_(max), line_(std::make_shared<WaitingLine>()) {}

    /// By a queue that has so much already.
    [[nodiscard]] bool take(std::size_t has, std::size_t size) noexcept {
        std::size_t used = used_.load(std::memory_order_seq_cst);  // after who waits has entered the line
        do {
            const std::size_t free = max_ - used;
            if (has > free || size > free - has) return false;
        } while (!used_.compare_exchange_weak(used, used + size, std::memory_order_relaxed));
        return true;
    }
    /// All who wait look, since what is too much for one is not for another.
    void give_back(std::size_t size) noexcept {
        used_.fetch_sub(size, std::memory_order_seq_cst);
        if (!line_->empty()) line_->call_all();
    }
    [[nodiscard]] std::size_t max() const noexcept { return max_; }
    /// Of those that found too little left.
    [[nodiscard]] const std::shared_ptr<WaitingLine>& line() const noexcept { return line_; }

private:
    const std::size_t max_;
    std::atomic<std::size_t> used_{0};
    const std::shared_ptr<WaitingLine> line_;
};

}  // namespace event::net::detail
