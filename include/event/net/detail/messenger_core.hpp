#pragma once

#include <event/bus.hpp>
#include <event/clock.hpp>
#include <event/net/detail/alarm.hpp>
#include <event/net/detail/byte_budget.hpp>
#include <event/net/detail/fifo.hpp>
#include <event/net/detail/link_core.hpp>
#include <event/net/detail/parcel.hpp>
#include <event/net/detail/peer_core.hpp>
#include <event/net/detail/waiting_line.hpp>
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

/// A messenger, whatever its types: its peers, each with a session (src/net/messages) and the links that it goes by,
/// and where their messages wait for being taken. Its one rule: of its locks a peer's is taken first, then the inbox's,
/// then a line's, or the one of what is to be announced; under none of them is anything of the application's called but
/// what decodes.

namespace event::net::detail {

/// Where messages wait for who takes them: all peers', one peer's, those of one type. Under the inbox's mutex, but for
/// the line.
struct Route {
    Fifo<std::shared_ptr<PeerCore>> turns = {};  // who has some, each once
    bool is_closed = false;                      // nothing more comes, or is taken
    const std::shared_ptr<WaitingLine> line = std::make_shared<WaitingLine>();
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
    /// The bus, until this has closed.
    [[nodiscard]] const BusAccess& bus_access() const noexcept { return access_; }

    void attach(Port& port, const PeerId& peer, Dialed by, bool is_own = false);
    [[nodiscard]] SendResult send(const PeerId& peer, std::size_t type, Priority priority, const ParcelPtr& body);
    /// Where there is no room: in which line to wait for it.
    [[nodiscard]] SendResult send_if_room(const PeerId& peer, std::size_t type, Priority priority,
                                          const ParcelPtr& body, std::shared_ptr<WaitingLine>& line);
    /// To all that have a link.
    std::size_t broadcast(std::size_t type, Priority priority, const ParcelPtr& body,
                          const std::function<void(const PeerId&, const SendResult&)>& tell);
    /// Whom was asked; null: nobody.
    [[nodiscard]] SendResult ask(const PeerId& peer, std::uint64_t number, std::size_t type, Priority priority,
                                 const ParcelPtr& body, const std::shared_ptr<PendingAnswer>& pending,
                                 std::shared_ptr<PeerCore>& asked);
    [[nodiscard]] std::uint64_t new_request() noexcept { return request_.fetch_add(1, std::memory_order_relaxed); }
    /// A peer that is held. Throws `boost::system::system_error`: there are too many, or it has closed.
    [[nodiscard]] std::shared_ptr<PeerCore> hold(const PeerId& peer);
    [[nodiscard]] PeerStat stat(const PeerId& peer) const;
    [[nodiscard]] std::map<PeerId, PeerStat, std::less<>> stats() const;
    [[nodiscard]] ValueView<std::vector<PeerId>> connected() const { return connected_.view(); }
    void close() noexcept;
    [[nodiscard]] bool has_closed() const noexcept { return has_closed_.load(std::memory_order_acquire); }

    using Dial = std::function<std::shared_ptr<DialedLink>(const PeerId&)>;
    /// From here on it dials peers that have no link. Once.
    void dial_by(Dial&& dial, std::chrono::steady_clock::duration idle);

    // ---- the inbox -------------------------------------------------------------------------------------------

    [[nodiscard]] std::mutex& inbox_mutex() noexcept { return inbox_mutex_; }
    /// What nobody else takes.
    [[nodiscard]] const std::shared_ptr<Route>& inbox() const noexcept { return inbox_; }
    [[nodiscard]] const std::shared_ptr<WaiterPool>& waiters() const noexcept { return waiters_; }

    // ---- of peers --------------------------------------------------------------------------------------------

    using Announcement = std::variant<PeerConnected, PeerDisconnected, PeerSlow, Undelivered>;
    /// To be told on the bus, in the order of the calls: under the mutex of the peer, so that this is the order of what
    /// happens to it.
    void to_announce(Announcement&& announcement);
    /// Tells it, under no lock.
    void announce() noexcept;
    [[nodiscard]] std::uint64_t new_epoch() noexcept;
    [[nodiscard]] PeerCore::Moment now() const noexcept { return clock_.now(); }
    [[nodiscard]] ByteBudget& budget() noexcept { return budget_; }
    [[nodiscard]] bool dials() const noexcept { return dials_.load(std::memory_order_acquire); }
    /// Links that it has dialed are closed after so much time without a message; if it dials.
    [[nodiscard]] std::chrono::steady_clock::duration idle() const noexcept { return idle_; }
    /// Something is to be done for it: it is to be dialed, or may go some time. Does not keep it, since no peer
    /// outlives the messenger.
    void look_soon(const std::shared_ptr<PeerCore>& at);
    /// Null: there are too many, or it has closed.
    [[nodiscard]] std::shared_ptr<PeerCore> find_or_make(const PeerId& id);
    /// What the application has thrown leaves the executor's `run`.
    void throw_outside(std::exception_ptr exception) noexcept;

protected:
    [[nodiscard]] virtual std::shared_ptr<PeerCore> make_peer(const PeerId& id) = 0;
    /// Nothing more comes, for nobody.
    virtual void close_routes() noexcept = 0;

private:
    using Peers = std::vector<std::shared_ptr<PeerCore>>;

    template <class Send>
    [[nodiscard]] SendResult send_to(const PeerId& peer, Send&& send);
    void list_peers();
    [[nodiscard]] std::shared_ptr<const Peers> all_peers() const;
    // on the strand
    void look_at(std::span<const std::shared_ptr<PeerCore>> peers);
    void arm(PeerCore::Moment until);
    void dial(const std::shared_ptr<PeerCore>& peer);

    void tell(const Announcement& announcement) noexcept;

    const MessengerOptions options_;
    const boost::asio::any_io_executor executor_;
    const boost::asio::any_io_executor strand_;  // of the alarm, and of dialing
    const Clock clock_;
    const BusAccess access_;
    const WireType type_;
    ParcelPool parcels_;
    ByteBudget budget_;
    const std::shared_ptr<WaiterPool> waiters_;
    std::atomic<std::uint64_t> epoch_;
    std::atomic<std::uint64_t> request_{1};
    std::atomic<bool> has_closed_{false};

    mutable std::mutex peers_mutex_;  // is taken before a peer's, never under one
    std::map<PeerId, std::shared_ptr<PeerCore>, std::less<>> peers_;
    std::shared_ptr<const Peers> all_peers_;  // the same, to be looked at without the mutex

    std::atomic<bool> dials_{false};
    Dial dial_;  // does not change once it dials; nor does the next
    std::chrono::steady_clock::duration idle_{};
    Alarm alarm_;
    std::optional<PeerCore::Moment> armed_;  // on the strand

    std::mutex inbox_mutex_;
    const std::shared_ptr<Route> inbox_;

    std::mutex announcing_mutex_;
    Fifo<Announcement> announcements_;
    bool is_announcing_ = false;
    Emitter<PeerConnected, PeerDisconnected, PeerSlow, Undelivered> emitter_;
    std::vector<PeerId> connected_now_;  // by who announces
    Value<std::vector<PeerId>> connected_;
};

}  // namespace event::net::detail
