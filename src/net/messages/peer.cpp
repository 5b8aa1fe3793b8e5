#include "net/messages/session.hpp"

#include <event/net/detail/messenger_core.hpp>

#include <boost/asio/append.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <optional>
#include <utility>

/// A peer: its session, and who waits for what that has to say.

namespace event::net::detail {

class PeerCore::Inside {
public:
    Inside(MessengerCore& the_messenger, const messages::SessionOptions& options)
        : messenger(the_messenger), session(options), alone_since(messenger.now()) {}

    struct Link {
        LinkId id;
        std::optional<ServingReady> waiting = {};
    };
    /// Whoever has something to write goes on; with an error, everybody. Where there is no memory for that, the next
    /// happening does it.
    void wake(const error_code& error = {}) noexcept {
        for (Link& link : links) {
            if (!link.waiting || !(error || session.is_due(link.id))) continue;
            try {
                boost::asio::post(link.waiting->get_executor(), boost::asio::append(*link.waiting, error));
                link.waiting.reset();
            } catch (...) {  // it still waits
            }
        }
    }
    [[nodiscard]] Link* find(LinkId id) noexcept {
        const auto found = std::ranges::find(links, id, &Link::id);
        return found != links.end() ? &*found : nullptr;
    }
    MessengerCore& messenger;
    mutable std::recursive_mutex mutex;  // what decodes may send
    messages::Session session;
    std::vector<Link> links;
    LinkId last_link = 0;
    PeerStat stat;
    Moment alone_since;
    bool has_closed = false;
};

PeerCore::PeerCore(MessengerCore& messenger, const PeerId& id)
    : id_(id),
      inside_(std::make_unique<Inside>(messenger, messages::SessionOptions{.epoch = messenger.new_epoch(),
                                                                           .is_reliable = messenger.options().reliable,
                                                                           .max_messages = messenger.options().capacity,
                                                                           .max_bytes = messenger.options().max_bytes,
                                                                           .inbox = messenger.options().inbox})) {}

PeerCore::~PeerCore() = default;

SendResult PeerCore::send(std::size_t type, Priority priority, const ParcelPtr& body) {
    Inside& in = *inside_;
    const std::size_t size = body->bytes.size();
    if (size > in.messenger.options().max_bytes) return {.error = errc::too_large};
    SendResult result;
    {
        const std::lock_guard guard(in.mutex);
        if (in.has_closed) return {.error = event::errc::closed};
        messages::Session& session = in.session;
        if (!session.has_room(size) && std::holds_alternative<DropOldest>(in.messenger.options().on_full)) {
            result.displaced = session.drop_oldest(priority, size);
            in.stat.displaced += result.displaced;
        }
        if (session.has_room(size)) {
            session.push(priority, {.type = type, .body = body});
            ++in.stat.sent;
            in.wake();
        } else {
            result.error = errc::no_room;
            ++in.stat.refused;
        }
        result.queued = session.queued();
    }
    return result;
}

void PeerCore::took(std::size_t count) {
    {
        const std::lock_guard guard(inside_->mutex);
        inside_->session.took(count);
        inside_->wake();
    }
}

PeerStat PeerCore::stat() const {
    const std::lock_guard guard(inside_->mutex);
    PeerStat stat = inside_->stat;
    stat.links = inside_->links.size();
    stat.queued = inside_->session.queued();
    stat.queued_bytes = inside_->session.queued_bytes();
    stat.inbox = kept();
    return stat;
}

void PeerCore::close() noexcept {
    {
        const std::lock_guard guard(inside_->mutex);
        inside_->has_closed = true;
        inside_->wake(event::errc::closed);
    }
}

std::optional<PeerCore::Moment> PeerCore::alone_since() const {
    const std::lock_guard guard(inside_->mutex);
    return inside_->links.empty() ? std::optional(inside_->alone_since) : std::nullopt;
}

bool PeerCore::expire(Moment before, Undelivered& undelivered) {
    const std::lock_guard guard(inside_->mutex);
    if (!inside_->links.empty() || inside_->alone_since > before) return false;
    inside_->has_closed = true;
    const messages::Lost lost = inside_->session.unfinished();
    undelivered = {.peer = id_, .unsent = lost.unsent, .unconfirmed = lost.unconfirmed};
    return true;
}

// ---- links ------------------------------------------------------------------------------------------------------

PeerCore::LinkId PeerCore::attach(std::uint64_t rank) {
    Inside& in = *inside_;
    LinkId id = 0;
    bool is_first = false;
    {
        const std::lock_guard guard(in.mutex);
        if (in.has_closed) return 0;
        is_first = in.links.empty();
        in.links.push_back({.id = ++in.last_link});
        id = in.last_link;
        in.session.attach(id, rank);
        in.wake();
    }
    if (is_first) in.messenger.announce(PeerConnected{id_});
    return id;
}

void PeerCore::detach(LinkId id) noexcept {
    Inside& in = *inside_;
    bool is_last = false;
    {
        const std::lock_guard guard(in.mutex);
        if (in.find(id) == nullptr) return;
        std::erase_if(in.links, [&](const Inside::Link& link) { return link.id == id; });
        in.session.detach(id);
        is_last = in.links.empty();
        if (is_last) in.alone_since = in.messenger.now();
        in.wake();
    }
    if (!is_last) return;
    try {
        in.messenger.announce(PeerDisconnected{id_});
        in.messenger.watch_alone();
    } catch (...) {  // no memory: it is forgotten when the next one is looked at
    }
}

bool PeerCore::next(LinkId id, Bytes& payload) {
    const std::lock_guard guard(inside_->mutex);
    return !inside_->has_closed && inside_->session.next(id, payload);
}

void PeerCore::wait(LinkId id, ServingReady&& ready) {
    const std::lock_guard guard(inside_->mutex);
    Inside::Link* const link = inside_->find(id);
    if (link == nullptr) return;
    link->waiting.emplace(std::move(ready));
    inside_->wake(inside_->has_closed ? error_code(event::errc::closed) : error_code());
}

void PeerCore::received(LinkId id, ByteView payload, Consumed& consumed) {
    Inside& in = *inside_;
    bool has_arrived = false;
    std::size_t unconfirmed = 0;
    {
        const std::lock_guard guard(in.mutex);
        consumed.is_wanted = !in.has_closed;
        if (in.has_closed) return;
        messages::Incoming message;
        switch (in.session.received(id, payload, message)) {
            case messages::Received::nothing:
                break;
            case messages::Received::refused:
            case messages::Received::violation:
                consumed.error = errc::invalid_value;
                return;
            case messages::Received::message:
                in.stat.missed += message.missed;
                ++in.stat.received;
                consumed.error = message.kind == messages::Kind::message
                                     ? keep(message.type, message.missed, message.body, consumed.where)
                                     : error_code(errc::unknown_choice);
                if (consumed.error) return;
                has_arrived = true;
                break;
        }
        unconfirmed = in.session.take_unconfirmed();
        in.stat.unconfirmed += unconfirmed;
        in.wake();
    }
    if (has_arrived) in.messenger.have_arrived();
    if (unconfirmed != 0) in.messenger.announce(Undelivered{.peer = id_, .unconfirmed = unconfirmed});
}

}  // namespace event::net::detail
