/// moodycamel::ConcurrentQueue, one for each subscriber, with the tokens of one producer and of each consumer, and
/// emptied in bulk. A queue and not a bus: events of two producers come in any order, and nobody can await one.

#include "event.hpp"
#include "fan_out_rows.hpp"

#include <boost/asio/io_context.hpp>

#include <array>
#include <concurrentqueue.h>
#include <cstddef>
#include <deque>
#include <mutex>
#include <shared_mutex>

namespace bench {
namespace {

template <class T>
class MoodycamelFanOut {
    using Queue = moodycamel::ConcurrentQueue<T>;
    struct Subscriber {
        Queue queue{batch, 1, 0};
        moodycamel::ProducerToken from{queue};
        moodycamel::ConsumerToken to{queue};
    };

public:
    MoodycamelFanOut(boost::asio::io_context&, std::size_t subscribers) : subscribers_(subscribers) {}
    void emit(T&& event) {
        const std::shared_lock lock(mutex_);
        for (Subscriber& subscriber : subscribers_) subscriber.queue.enqueue(subscriber.from, event);
    }
    void drain() {
        for (Subscriber& subscriber : subscribers_) {
            while (const std::size_t count =
                       subscriber.queue.try_dequeue_bulk(subscriber.to, taken_.begin(), taken_.size())) {
                for (std::size_t i = 0; i < count; ++i) tally_(taken_[i]);
            }
        }
    }
    [[nodiscard]] const Tally& tally() const { return tally_; }

private:
    Tally tally_;
    std::array<T, batch> taken_{};
    std::shared_mutex mutex_;
    std::deque<Subscriber> subscribers_;  // guarded by mutex_
};

[[maybe_unused]] const bool added = add_peer<MoodycamelFanOut>("moodycamel");

}  // namespace
}  // namespace bench
