#pragma once

/// Remembers which peers there are and were, and where to find them.

#include "events.hpp"
#include "state.hpp"
#include "tasks.hpp"

#include <event/bus.hpp>
#include <event/value.hpp>

#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace host {

struct AddressBookOptions {
    std::chrono::milliseconds forget_after{60'000};  ///< since the connection ended
    std::size_t capacity = 64;                       ///< of its queue, in events
};

/// A component that may be slow. Its queue is small: of what the peer of a connection says of itself it holds only the
/// newest, and when events were lost to it, it starts again from what the
/// swarm and identify say is so now (the Values that they set before they emit); whatever the storm, it ends up equal
/// to the truth.
///
/// Ownership: it ends with the bus, and is destroyed when its tasks have finished. Threads: everything happens on its
/// own strand, its timer included.
class AddressBook {
public:
    struct Entry {
        tcp::endpoint remote;
        Direction direction{};
        PeerInfo info;  ///< without a name: not identified yet
        bool is_connected = true;
        std::chrono::steady_clock::time_point forget_at;  ///< once it is not connected any more
    };
    using Entries = std::map<ConnectionId, Entry>;

    /// Its strand is on `executor`.
    AddressBook(event::EventBus& bus, Tasks& tasks, const asio::any_io_executor& executor,
                event::ValueView<SwarmState> swarm, event::ValueView<IdentifiedPeers> identified,
                const AddressBookOptions& options = {});

    /// Only on the strand.
    [[nodiscard]] const Entries& entries() const noexcept { return entries_; }
    /// How often it had to start again. Only on the strand.
    [[nodiscard]] std::uint64_t resynchronised() const noexcept { return resynchronised_; }
    [[nodiscard]] const Strand& strand() const noexcept { return strand_; }
    [[nodiscard]] std::vector<event::SubscriptionStat> stats() const { return {events_.stat()}; }

private:
    using Clock = std::chrono::steady_clock;

    void handle(const ConnEstablished& event);
    void handle(const ConnClosed& event);
    void handle(const PeerIdentified& event);
    /// Whether the event tells something new, and nothing before it is missing.
    [[nodiscard]] bool follows(std::uint64_t change);
    void disconnected(Entry& entry);
    void resynchronise();

    [[nodiscard]] asio::awaitable<void> resynchronise_when_behind();
    [[nodiscard]] asio::awaitable<void> forget_old_ones();
    [[nodiscard]] asio::awaitable<void> end_with_bus();

    const AddressBookOptions options_;
    const Strand strand_;
    const event::ValueView<SwarmState> swarm_;
    const event::ValueView<IdentifiedPeers> identified_;
    Entries entries_;
    std::uint64_t change_ = 0;  // of the swarm's state that the entries show
    std::uint64_t resynchronised_ = 0;
    asio::steady_timer forget_timer_;
    bool has_ended_ = false;
    event::Value<bool> behind_;  // set, on whatever thread, when events were lost
    event::Subscription<ConnEstablished, ConnClosed, PeerIdentified> events_;
};

}  // namespace host
