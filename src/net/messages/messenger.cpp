#include <event/net/detail/messenger_core.hpp>

#include <boost/asio/append.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>

#include <algorithm>
#include <chrono>
#include <exception>
#include <optional>
#include <random>
#include <stdexcept>
#include <utility>

/// A messenger: its peers, and how a link gets to one.

namespace event::net::detail {
namespace {

/// One link after the other, or one alone, to a peer. On the link's strand. The session gets to know of a link once
/// both sides' subscriptions are on their way there: so what either says of the session comes behind its own, and
/// nobody gets it before there is a session.
class Attached {
public:
    Attached(std::shared_ptr<MessengerCore> messenger, const PeerId& peer, Dialed by)
        : messenger_(std::move(messenger)), id_(peer), by_(by) {}

    [[nodiscard]] const MessengerCore& messenger() const noexcept { return *messenger_; }

    void subscribed() {
        has_subscribed_ = true;
        begin();
    }
    void interrupt() noexcept {
        has_subscribed_ = false;
        end();
    }

    /// What the node with the lower epoch has dialed is used: both sides know that.
    void open(std::uint64_t epoch, std::uint64_t remote_epoch) {
        rank_ = (by_ == Dialed::here ? epoch < remote_epoch : remote_epoch < epoch) ? 1 : 0;
        is_open_ = true;
        begin();
    }
    [[nodiscard]] bool is_open() const noexcept { return is_open_; }
    void close() noexcept {
        is_open_ = false;
        waiting_.reset();
        end();
    }

    [[nodiscard]] bool next(Bytes& payload) { return peer_ && peer_->next(link_, payload); }
    void wait(ServingReady&& ready) {
        if (peer_) return peer_->wait(link_, std::move(ready));
        waiting_.emplace(std::move(ready));
        if (was_refused_) refuse_waiting();
    }
    void received(ByteView payload, Consumed& consumed) {
        if (const auto peer = peer_) peer->received(link_, payload, consumed);
    }

private:
    void begin() {
        if (!is_open_ || !has_subscribed_ || peer_) return;
        while (auto peer = messenger_->find_or_make(id_)) {
            if (link_ = peer->attach(rank_); link_ == 0) continue;  // it has just ended: the next one
            peer_ = std::move(peer);
            if (waiting_) peer_->wait(link_, *std::exchange(waiting_, {}));
            return;
        }
        was_refused_ = true;
        refuse_waiting();
    }
    void end() noexcept {
        if (const auto peer = std::exchange(peer_, nullptr)) peer->detach(link_);
    }
    /// There are too many peers, or the messenger has closed.
    void refuse_waiting() {
        if (!waiting_) return;
        const auto executor = waiting_->get_executor();
        boost::asio::post(executor,
                          boost::asio::append(*std::exchange(waiting_, {}), make_error_code(event::errc::closed)));
    }

    const std::shared_ptr<MessengerCore> messenger_;
    const PeerId id_;
    const Dialed by_;
    std::uint64_t rank_ = 0;
    bool is_open_ = false;         // the other side has subscribed here
    bool has_subscribed_ = false;  // this side there
    bool was_refused_ = false;
    std::shared_ptr<PeerCore> peer_;  // while both are so
    PeerCore::LinkId link_ = 0;
    std::optional<ServingReady> waiting_;  // before
};

/// What goes out: what the session says.
class ServedSession final : public Serving {
public:
    explicit ServedSession(std::shared_ptr<Attached> attached) noexcept : attached_(std::move(attached)) {}
    ~ServedSession() override { attached_->close(); }

    bool next(Bytes& payload, ServedItem& item) override {
        item = {};
        return attached_->next(payload);
    }
    void wait(ServingReady ready) override { attached_->wait(std::move(ready)); }

private:
    const std::shared_ptr<Attached> attached_;
};

class SessionGroup final : public Group {
public:
    explicit SessionGroup(std::shared_ptr<Attached> attached) noexcept : attached_(std::move(attached)) {}

    [[nodiscard]] std::vector<WireType> types() const override { return {attached_->messenger().wire_type()}; }
    [[nodiscard]] std::unique_ptr<Serving> open(const ServingContext& in, const Asked& asked,
                                                const std::vector<std::size_t>&) const override {
        const Asked::Type& type = asked.types.front();
        if (asked.is_latest || attached_->is_open() || !type.keys.empty())
            refuse(end_code::not_served, type, "messages are subscribed to once, and all of them");
        auto served = std::make_unique<ServedSession>(attached_);
        attached_->open(in.epoch, in.remote_epoch);
        return served;
    }

private:
    const std::shared_ptr<Attached> attached_;
};

/// What comes in.
class ConsumedSession final : public Consumer {
public:
    explicit ConsumedSession(std::shared_ptr<Attached> attached) noexcept : attached_(std::move(attached)) {}

    [[nodiscard]] std::vector<WireType> types() const override { return {attached_->messenger().wire_type()}; }
    void subscribed() override { attached_->subscribed(); }
    void event(std::size_t, const Relayed&, ByteView payload, Consumed& consumed) override {
        consumed.is_wanted = !attached_->messenger().has_closed();
        attached_->received(payload, consumed);
    }
    void end() noexcept override {
        attached_->interrupt();
        has_ended_ = true;
    }
    [[nodiscard]] bool has_ended() const noexcept override { return has_ended_ || attached_->messenger().has_closed(); }
    void interrupt() noexcept override { attached_->interrupt(); }

private:
    const std::shared_ptr<Attached> attached_;
    bool has_ended_ = false;
};

MessengerOptions checked(MessengerOptions&& options) {
    if (options.capacity == 0 || options.max_bytes == 0 || options.inbox == 0 || options.max_peers == 0)
        throw std::invalid_argument("event: Messenger: its capacity, bytes, inbox and peers must be at least 1");
    constexpr std::chrono::steady_clock::duration longest = std::chrono::hours(24 * 365 * 100);
    options.keep = std::clamp(options.keep, longest.zero(), longest);
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
      type_(type),
      epoch_(random_epoch()),
      all_peers_(std::make_shared<Peers>()),
      alarm_(strand_, options_.name),
      arrivals_(executor_, 0U),
      emitter_(bus.emitter<PeerConnected, PeerDisconnected, Undelivered>({.name = options_.name})),
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
    watch_alone();
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

void MessengerCore::attach(Port& port, const PeerId& peer, Dialed by) {
    check_fits(type_, port.options().limits.max_frame);
    const auto attached = std::make_shared<Attached>(shared_from_this(), peer, by);
    port.serve(std::make_shared<SessionGroup>(attached));
    port.consume(std::make_shared<ConsumedSession>(attached));
}

SendResult MessengerCore::send(const PeerId& peer, std::size_t type, Priority priority, const ParcelPtr& body) {
    while (const auto core = find_or_make(peer)) {
        const SendResult result = core->send(type, priority, body);
        if (result.error != event::errc::closed) return result;  // otherwise it has just ended: the next one
    }
    return {.error = has_closed() ? error_code(event::errc::closed) : error_code(errc::too_many_peers)};
}

std::size_t MessengerCore::broadcast(std::size_t type, Priority priority, const ParcelPtr& body,
                                     const std::function<void(const PeerId&, const SendResult&)>& tell) {
    std::size_t count = 0;
    const auto peers = all_peers();
    if (!peers) return 0;  // it has closed
    for (const auto& peer : *peers) {
        if (peer->alone_since()) continue;
        tell(peer->id(), peer->send(type, priority, body));
        ++count;
    }
    return count;
}

PeerStat MessengerCore::stat(const PeerId& peer) const {
    std::shared_ptr<PeerCore> core;
    {
        const std::lock_guard guard(peers_mutex_);
        if (const auto known = peers_.find(peer); known != peers_.end()) core = known->second;
    }
    return core ? core->stat() : PeerStat();
}

void MessengerCore::close() noexcept {
    if (has_closed_.exchange(true, std::memory_order_acq_rel)) return;
    decltype(peers_) peers;
    {
        const std::lock_guard guard(peers_mutex_);
        peers.swap(peers_);
        all_peers_.reset();
    }
    for (const auto& [id, peer] : peers) peer->close();
    alarm_.close();
    Fifo<std::shared_ptr<PeerCore>> turns;
    {
        const std::lock_guard guard(inbox_mutex_);
        std::swap(turns, turns_);
    }
    emitter_.close();
    arrivals_.close();
    connected_.close();
}

void MessengerCore::have_arrived() { arrivals_.set(0); }

// ---- peers without a link ---------------------------------------------------------------------------------------

void MessengerCore::watch_alone() {
    boost::asio::post(strand_, [core = weak_from_this()] {
        if (const auto self = core.lock()) self->look_at_alone();
    });
}

/// One alarm at a time, for the first that is due.
void MessengerCore::look_at_alone() {
    if (is_armed_ || has_closed()) return;
    const PeerCore::Moment now = this->now();
    std::optional<PeerCore::Moment> first;
    std::vector<Undelivered> undelivered;
    {
        const std::lock_guard guard(peers_mutex_);
        const std::size_t before = peers_.size();
        for (auto each = peers_.begin(); each != peers_.end();) {
            Undelivered lost;
            if (each->second->expire(now - options_.keep, lost)) {
                if (lost.unsent + lost.unconfirmed != 0) undelivered.push_back(std::move(lost));
                each = peers_.erase(each);
                continue;
            }
            if (const auto since = each->second->alone_since(); since && (!first || *since < *first)) first = since;
            ++each;
        }
        if (peers_.size() != before) list_peers();
    }
    if (first) {
        is_armed_ = true;
        alarm_.wait(*first + options_.keep - now, [core = weak_from_this()](bool has_passed) {
            const auto self = core.lock();
            if (!self) return;
            self->is_armed_ = false;
            if (has_passed) self->look_at_alone();
        });
    }
    for (Undelivered& each : undelivered) announce(std::move(each));
}

// ---- on the bus -------------------------------------------------------------------------------------------------

void MessengerCore::announce(Announcement&& announcement) {
    std::unique_lock lock(announcing_mutex_);
    announcements_.push(std::move(announcement));
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
