#pragma once

#include <event/bus.hpp>
#include <event/clock.hpp>
#include <event/net/detail/alarm.hpp>
#include <event/net/detail/fifo.hpp>
#include <event/net/detail/link_core.hpp>
#include <event/net/detail/parcel.hpp>
#include <event/net/detail/wire_type.hpp>
#include <event/net/messenger_options.hpp>
#include <event/value.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <variant>
#include <vector>

/// A messenger, whatever its types: its peers, each with a session (src/net/messages) and the links that it goes by.
/// Its one rule: a session is used under its peer's mutex, under which no other peer's is taken, and nothing of the
/// application's is called but what decodes.

namespace event::net::detail {

class MessengerCore;

/// A peer: what is queued for it, and what came of it. Any thread.
class PeerCore : public std::enable_shared_from_this<PeerCore> {
public:
    PeerCore(MessengerCore& messenger, const PeerId& id);
    PeerCore(const PeerCore&) = delete;
    PeerCore& operator=(const PeerCore&) = delete;
    virtual ~PeerCore();

    [[nodiscard]] const PeerId& id() const noexcept { return id_; }
    [[nodiscard]] SendResult send(std::size_t type, Priority priority, const ParcelPtr& body);
    /// So many of its messages were received here.
    void took(std::size_t count);
    [[nodiscard]] PeerStat stat() const;
    /// Nothing more is sent or taken.
    void close() noexcept;

    using Moment = std::chrono::steady_clock::time_point;
    /// Since when it has had no link.
    [[nodiscard]] std::optional<Moment> alone_since() const;
    /// Ends it if it has had no link since then; what is lost with that.
    [[nodiscard]] bool expire(Moment before, Undelivered& undelivered);

    // ---- of one link, on its strand --------------------------------------------------------------------------

    using LinkId = std::uint64_t;

    /// 0: it has ended.
    [[nodiscard]] LinkId attach(std::uint64_t rank);
    void detach(LinkId link) noexcept;
    [[nodiscard]] bool next(LinkId link, Bytes& payload);
    /// Calls `ready`, later, once `next` has something.
    void wait(LinkId link, ServingReady&& ready);
    void received(LinkId link, ByteView payload, Consumed& consumed);

protected:
    /// Decodes a message, and keeps it until it is received. Under the peer's mutex.
    [[nodiscard]] virtual error_code keep(std::size_t type, std::uint64_t missed, ByteView body, Where& where) = 0;
    [[nodiscard]] virtual std::size_t kept() const = 0;

private:
    class Inside;

    const PeerId id_;
    const std::unique_ptr<Inside> inside_;
};

class MessengerCore : public std::enable_shared_from_this<MessengerCore> {
public:
    MessengerCore(EventBus& bus, MessengerOptions&& options, const WireType& type);
    MessengerCore(const MessengerCore&) = delete;
    MessengerCore& operator=(const MessengerCore&) = delete;
    virtual ~MessengerCore();

    [[nodiscard]] const MessengerOptions& options() const noexcept { return options_; }
    [[nodiscard]] const boost::asio::any_io_executor& executor() const noexcept { return executor_; }
    [[nodiscard]] const WireType& wire_type() const noexcept { return type_; }
    [[nodiscard]] ParcelPtr parcel() { return parcels_.take(); }

    void attach(Port& port, const PeerId& peer, Dialed by);
    [[nodiscard]] SendResult send(const PeerId& peer, std::size_t type, Priority priority, const ParcelPtr& body);
    /// To all that have a link.
    std::size_t broadcast(std::size_t type, Priority priority, const ParcelPtr& body,
                          const std::function<void(const PeerId&, const SendResult&)>& tell);
    [[nodiscard]] PeerStat stat(const PeerId& peer) const;
    [[nodiscard]] ValueView<std::vector<PeerId>> connected() const { return connected_.view(); }
    void close() noexcept;
    [[nodiscard]] bool has_closed() const noexcept { return has_closed_.load(std::memory_order_acquire); }

    // ---- the inbox -------------------------------------------------------------------------------------------

    [[nodiscard]] std::mutex& inbox_mutex() noexcept { return inbox_mutex_; }
    /// Under that mutex: who has messages, each once, in turn.
    [[nodiscard]] Fifo<std::shared_ptr<PeerCore>>& turns() noexcept { return turns_; }
    /// Wakes who waits for them.
    void have_arrived();
    [[nodiscard]] ValueView<std::uint64_t> arrivals() const { return arrivals_.view(); }

    // ---- of peers --------------------------------------------------------------------------------------------

    using Announcement = std::variant<PeerConnected, PeerDisconnected, Undelivered>;
    /// On the bus, in the order of the calls, and under no lock.
    void announce(Announcement&& announcement);
    [[nodiscard]] std::uint64_t new_epoch() noexcept;
    [[nodiscard]] PeerCore::Moment now() const noexcept { return clock_.now(); }
    /// Some peer has no link: it goes once it has had none for too long.
    void watch_alone();
    /// Null: there are too many, or it has closed.
    [[nodiscard]] std::shared_ptr<PeerCore> find_or_make(const PeerId& id);

protected:
    [[nodiscard]] virtual std::shared_ptr<PeerCore> make_peer(const PeerId& id) = 0;

private:
    using Peers = std::vector<std::shared_ptr<PeerCore>>;

    void list_peers();
    [[nodiscard]] std::shared_ptr<const Peers> all_peers() const;
    void look_at_alone();
    void tell(const Announcement& announcement) noexcept;
    void throw_outside(std::exception_ptr exception) noexcept;

    const MessengerOptions options_;
    const boost::asio::any_io_executor executor_;
    const boost::asio::any_io_executor strand_;  // of the alarm
    const Clock clock_;
    const WireType type_;
    ParcelPool parcels_;
    std::atomic<std::uint64_t> epoch_;
    std::atomic<bool> has_closed_{false};

    mutable std::mutex peers_mutex_;
    std::map<PeerId, std::shared_ptr<PeerCore>, std::less<>> peers_;
    std::shared_ptr<const Peers> all_peers_;  // the same, to be looked at without the mutex

    Alarm alarm_;
    bool is_armed_ = false;  // on the strand

    std::mutex inbox_mutex_;
    Fifo<std::shared_ptr<PeerCore>> turns_;
    Value<std::uint64_t> arrivals_;

    std::mutex announcing_mutex_;
    Fifo<Announcement> announcements_;
    bool is_announcing_ = false;
    Emitter<PeerConnected, PeerDisconnected, Undelivered> emitter_;
    std::vector<PeerId> connected_now_;  // by who announces
    Value<std::vector<PeerId>> connected_;
};

}  // namespace event::net::detail
