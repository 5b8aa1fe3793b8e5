/// A mutex, a deque and a condition variable for each subscriber, who takes all that has come with one lock.

#include "event.hpp"
#include "fan_out_rows.hpp"

#include <boost/asio/io_context.hpp>

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <shared_mutex>

namespace bench {
namespace {

template <class T>
class MutexFanOut {
    /// Signalled when it stops being empty, and outside the lock.
    class Queue {
    public:
        void push(const T& event) {
            bool was_empty = false;
            {
                const std::lock_guard lock(mutex_);
                if (events_.size() == batch) return;
                was_empty = events_.empty();
                events_.push_back(event);
            }
            if (was_empty) filled_.notify_one();
        }
        void take_all(std::deque<T>& into) {
            const std::lock_guard lock(mutex_);
            into.swap(events_);
        }

    private:
        std::mutex mutex_;
        std::condition_variable filled_;
        std::deque<T> events_;  // guarded by mutex_
    };

public:
    MutexFanOut(boost::asio::io_context&, std::size_t subscribers) : queues_(subscribers) {}
    void emit(T&& event) {
        const std::shared_lock lock(mutex_);
        for (Queue& queue : queues_) queue.push(event);
    }
    void drain() {
        for (Queue& queue : queues_) {
            queue.take_all(taken_);
            for (const T& event : taken_) tally_(event);
            taken_.clear();
        }
    }
    [[nodiscard]] const Tally& tally() const { return tally_; }

private:
    Tally tally_;
    std::deque<T> taken_;
    std::shared_mutex mutex_;
    std::deque<Queue> queues_;  // guarded by mutex_
};

[[maybe_unused]] const bool added = add_peer<MutexFanOut>("mutex_deque");

}  // namespace
}  // namespace bench
