#pragma once

/// Latest values that wait to be written: for each subscription and key one, the newest. A newer one takes the place of
/// the one before it in the queue, so that a value that changes all the time is written as often as the others.
///
/// The end of such a subscription waits here too, behind the values that it had.
///
/// Bounded by `max_state_keys` and `max_state_bytes`, which one value may go beyond. Memory is used again and stays
/// below `3 * max_state_bytes` and a frame, and the keys; nothing is allocated for values that are no larger than those
/// before them.

#include "net/protocol/frames.hpp"

#include <cstddef>
#include <list>
#include <vector>

namespace event::net::protocol {

class StateLane {
public:
    explicit StateLane(const LinkLimits& limits) : limits_(limits) {}

    /// Whether there was room; for a value that is not newer than the one that waits there always is.
    [[nodiscard]] bool put(const State& state);
    /// Goes behind all that its subscription has here.
    void put_end(const Unsubscribe& unsubscribe);
    /// Forgets what waits for this subscription, its end included. Costs no more where others have much that waits.
    void drop(Alias alias);
    void clear();
    /// The memory that it has for what comes, while it is empty.
    void give_back() noexcept;

    /// Appends frames until `quantum` bytes are reached or there are no more.
    void take(Bytes& out, std::size_t quantum);

    [[nodiscard]] bool empty() const noexcept { return queue_.empty(); }
    [[nodiscard]] std::size_t ends() const noexcept { return ends_.size(); }
    /// Bytes of memory, of the values.
    [[nodiscard]] std::size_t held() const noexcept { return held_; }

private:
    struct Entry {
        Alias alias = 0;
        std::uint64_t version = 0;
        Bytes key;
        bool present = true;
        bool is_end = false;
        Bytes payload;  // of an end: its frame
    };
    using Queue = std::list<Entry>;
    using Index = std::vector<Queue::iterator>;  // by alias and key, so that it needs no memory for each

    Index::iterator lower_bound(Alias alias, View key);
    void fill(Entry& entry, View payload);
    void put_aside(Queue::iterator entry);

    const LinkLimits limits_;
    Queue queue_;
    Queue spare_;
    Index by_key_;
    Index ends_;             // in the order of the queue
    std::size_t bytes_ = 0;  // of the payloads that wait
    std::size_t held_ = 0;   // of memory that these and the spare ones have
};

}  // namespace event::net::protocol
