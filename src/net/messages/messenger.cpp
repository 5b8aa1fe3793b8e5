#include "net/messages/attach.hpp"

#include <event/net/detail/messenger_core.hpp>

#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <chrono>
#include <exception>
#include <optional>
#include <random>
#include <stdexcept>
#include <utility>

/// A messenger: its peers, whom it dials, and which it forgets.

namespace event::net::detail {
namespace {

/// So that it may be added to a time.
std::chrono::steady_clock::duration countable(std::chrono::steady_clock::duration time) {
    constexpr std::chrono::steady_clock::duration longest = std::chrono::hours(24 * 365 * 100);
    return std::clamp(time, longest.zero(), longest);
}

MessengerOptions checked(MessengerOptions&& options) {
    if (options.capacity == 0 || options.max_bytes == 0 || options.inbox == 0 || options.max_peers == 0 ||
        options.max_total_bytes == 0)
        throw std::invalid_argument("event: Messenger: its capacity, bytes, inbox and peers must be at least 1");
    options.keep = countable(options.keep);
    return std::move(options);
}

std::uint64_t random_epoch() {
    std::random_device random;
    return (std::uint64_t{random()} << 32 | random()) | 1;
}

}  // namespace

MessengerCore::MessengerCore(EventBus& bus, MessengerOptions&& options, const WireType& type)
    : options_(checked(std::move(options))),
      executor_(bus.get_executor()),
      strand_(boost::asio::make_strand(executor_)),
      clock_(executor_.context()),
      access_(bus),
      type_(type),
      budget_(options_.max_total_bytes),
      waiters_(std::make_shared<WaiterPool>(executor_)),
      epoch_(random_epoch()),
      all_peers_(std::make_shared<Peers>()),
      alarm_(strand_, options_.name),
      inbox_(std::make_shared<Route>()),
      emitter_(bus.emitter<PeerConnected, PeerDisconnected, PeerSlow, Undelivered>({.name = options_.name})),
      connected_(executor_, std::vector<PeerId>()) {}

MessengerCore::~MessengerCore() = default;

std::uint64_t MessengerCore::new_epoch() noexcept {
    std::uint64_t epoch = 0;
    while (epoch == 0) epoch = epoch_.fetch_add(2, std::memory_order_relaxed);
    return epoch;
}

std::shared_ptr<PeerCore> MessengerCore::find_or_make(const PeerId& id) {
    std::shared_ptr<PeerCore> made;
    {
        const std::lock_guard guard(peers_mutex_);
        if (const auto known = peers_.find(id); known != peers_.end()) return known->second;
        if (peers_.size() >= options_.max_peers || has_closed()) return nullptr;
        made = make_peer(id);
        const auto place = peers_.emplace(id, made).first;
        try {
            list_peers();
        } catch (...) {
            peers_.erase(place);
            throw;
        }
    }
    look_soon(made);
    return made;
}

/// Under the mutex.
void MessengerCore::list_peers() {
    auto all = std::make_shared<Peers>();
    all->reserve(peers_.size());
    for (const auto& [id, peer] : peers_) all->push_back(peer);
    all_peers_ = std::move(all);
}

std::shared_ptr<const MessengerCore::Peers> MessengerCore::all_peers() const {
    const std::lock_guard guard(peers_mutex_);
    return all_peers_;
}

void MessengerCore::attach(Port& port, const PeerId& peer, Dialed by, bool is_own) {
    check_fits(type_, port.options().limits.max_frame);
    messages::attach(port, shared_from_this(), peer, by, is_own);
}

/// With a peer that has not ended.
template <class Send>
SendResult MessengerCore::send_to(const PeerId& peer, Send&& send) {
    while (const auto core = find_or_make(peer)) {
        const SendResult result = send(core);
        if (result.error != event::errc::closed) return result;  // otherwise it has just ended: the next one
    }
    return {.error = has_closed() ? error_code(event::errc::closed) : error_code(errc::too_many_peers)};
}

SendResult MessengerCore::send(const PeerId& peer, std::size_t type, Priority priority, const ParcelPtr& body) {
    return send_to(peer, [&](const auto& core) { return core->send(type, priority, body); });
}

SendResult MessengerCore::send_if_room(const PeerId& peer, std::size_t type, Priority priority, const ParcelPtr& body,
                                       std::shared_ptr<WaitingLine>& line) {
    return send_to(peer, [&](const auto& core) { return core->send_if_room(type, priority, body, line); });
}

SendResult MessengerCore::ask(const PeerId& peer, std::uint64_t number, std::size_t type, Priority priority,
                              const ParcelPtr& body, const std::shared_ptr<PendingAnswer>& pending,
                              std::shared_ptr<PeerCore>& asked) {
    return send_to(peer, [&](const auto& core) {
        const SendResult result = core->ask(number, type, priority, body, pending);
        if (result) asked = core;
        return result;
    });
}

std::size_t MessengerCore::broadcast(std::size_t type, Priority priority, const ParcelPtr& body,
                                     const std::function<void(const PeerId&, const SendResult&)>& tell) {
    std::size_t count = 0;
    const auto peers = all_peers();
    if (!peers) return 0;  // it has closed
    for (const auto& peer : *peers) {
        if (!peer->has_link()) continue;
        tell(peer->id(), peer->send(type, priority, body));
        ++count;
    }
    return count;
}

std::shared_ptr<PeerCore> MessengerCore::hold(const PeerId& peer) {
    while (auto core = find_or_make(peer))
        if (core->hold()) return core;
    throw boost::system::system_error(has_closed() ? error_code(event::errc::closed) : errc::too_many_peers,
                                      "event: Messenger::peer");
}

PeerStat MessengerCore::stat(const PeerId& peer) const {
    std::shared_ptr<PeerCore> core;
    {
        const std::lock_guard guard(peers_mutex_);
        if (const auto known = peers_.find(peer); known != peers_.end()) core = known->second;
    }
    return core ? core->stat() : PeerStat();
}

std::map<PeerId, PeerStat, std::less<>> MessengerCore::stats() const {
    std::map<PeerId, PeerStat, std::less<>> all;
    if (const auto peers = all_peers())
        for (const auto& peer : *peers) all.emplace(peer->id(), peer->stat());
    return all;
}

void MessengerCore::close() noexcept {
    if (has_closed_.exchange(true, std::memory_order_acq_rel)) return;
    decltype(peers_) peers;
    {
        const std::lock_guard guard(peers_mutex_);
        peers.swap(peers_);
        all_peers_.reset();
    }
    access_.let_go();
    for (const auto& [id, peer] : peers) peer->close();
    budget_.line()->call_all();
    alarm_.close();
    close_routes();
    emitter_.close();
    connected_.close();
}

// ---- peers that have no link, or one that nobody uses -----------------------------------------------------------

void MessengerCore::dial_by(Dial&& dial, std::chrono::steady_clock::duration idle) {
    if (idle <= idle.zero()) throw std::invalid_argument("event: Messenger::dial_by: an idle time must be more than 0");
    {
        const std::lock_guard guard(peers_mutex_);
        if (dials()) throw std::logic_error("event: Messenger::dial_by: it dials already");
        dial_ = std::move(dial);
        idle_ = countable(idle);
        dials_.store(true, std::memory_order_release);
    }
    if (const auto peers = all_peers())
        for (const auto& peer : *peers) look_soon(peer);
}

void MessengerCore::look_soon(const std::shared_ptr<PeerCore>& at) {
    boost::asio::post(strand_, [core = weak_from_this(), at = std::weak_ptr(at)] {
        const auto self = core.lock();
        const auto peer = at.lock();
        if (self && peer) self->look_at({&peer, 1});
    });
}

void MessengerCore::look_at(std::span<const std::shared_ptr<PeerCore>> peers) {
    if (has_closed()) return;
    const PeerCore::Moment now = this->now();
    std::vector<PeerCore::Looked> looked;
    looked.reserve(peers.size());
    {
        const std::lock_guard guard(peers_mutex_);
        const std::size_t before = peers_.size();
        for (const auto& peer : peers) {
            looked.push_back(peer->look(now));
            if (!looked.back().is_gone) continue;
            if (const auto known = peers_.find(peer->id()); known != peers_.end() && known->second == peer)
                peers_.erase(known);
        }
        if (peers_.size() != before) list_peers();
    }
    for (PeerCore::Looked& each : looked) {
        each.dialed.reset();
        if (each.undelivered.unsent + each.undelivered.unconfirmed != 0) to_announce(std::move(each.undelivered));
    }
    announce();
    std::optional<PeerCore::Moment> first;
    for (const auto& peer : peers) {
        if (dials() && peer->wants_dialing()) dial(peer);
        if (const auto at = peer->look_again_at(); at && (!first || *at < *first)) first = at;
    }
    if (first) arm(*first);
}

/// One alarm at a time, for the first that is due.
void MessengerCore::arm(PeerCore::Moment until) {
    if (armed_ && *armed_ <= until) return;
    if (std::exchange(armed_, until)) return alarm_.cancel();  // it is set anew
    alarm_.wait(until - now(), [core = weak_from_this()](bool) {
        const auto self = core.lock();
        if (!self || self->has_closed()) return;
        self->armed_.reset();
        if (const auto peers = self->all_peers()) self->look_at(*peers);
    });
}

void MessengerCore::dial(const std::shared_ptr<PeerCore>& peer) {
    std::shared_ptr<DialedLink> dialed;
    try {
        dialed = dial_(peer->id());
        if (dialed) attach(*PortAccess::port(dialed->remote()), peer->id(), Dialed::here, true);
    } catch (...) {
        dialed.reset();
        throw_outside(std::current_exception());
    }
    peer->was_dialed(dialed);
    if (!dialed) return;
    dialed->run([core = weak_from_this(), peer = std::weak_ptr(peer), link = dialed.get()] {
        const auto self = core.lock();
        const auto known = peer.lock();
        if (!self || !known) return;
        known->dialing_has_ended(link);
        self->look_soon(known);
    });
}

// ---- on the bus -------------------------------------------------------------------------------------------------

void MessengerCore::to_announce(Announcement&& announcement) {
    const std::lock_guard guard(announcing_mutex_);
    announcements_.push(std::move(announcement));
}

void MessengerCore::announce() noexcept {
    std::unique_lock lock(announcing_mutex_);
    if (is_announcing_) return;
    is_announcing_ = true;
    while (!announcements_.empty()) {
        const Announcement next = announcements_.pop();
        lock.unlock();
        tell(next);
        lock.lock();
    }
    is_announcing_ = false;
}

void MessengerCore::tell(const Announcement& announcement) noexcept {
    try {
        if (const auto* connected = std::get_if<PeerConnected>(&announcement)) {
            connected_now_.push_back(connected->peer);
            connected_.set(connected_now_);
        } else if (const auto* disconnected = std::get_if<PeerDisconnected>(&announcement)) {
            std::erase(connected_now_, disconnected->peer);
            connected_.set(connected_now_);
        }
        std::visit([&](const auto& event) { emitter_.emit(event); }, announcement);
    } catch (...) {
        throw_outside(std::current_exception());
    }
}

/// What a callback of the bus's throws is nothing that a link is to hear of: it leaves the executor's run.
void MessengerCore::throw_outside(std::exception_ptr exception) noexcept {
    try {
        boost::asio::post(executor_, [exception = std::move(exception)] { std::rethrow_exception(exception); });
    } catch (...) {  // nobody can be told
    }
}

}  // namespace event::net::detail
