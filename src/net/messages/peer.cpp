#include "net/messages/peer_inside.hpp"

#include <boost/asio/append.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <optional>
#include <utility>

/// A peer: its session, and who waits for what that has to say.

namespace event::net::detail {

// ---- inside -----------------------------------------------------------------------------------------------------

PeerCore::Inside::Link* PeerCore::Inside::find(LinkId id) noexcept {
    const auto found = std::ranges::find(links, id, &Link::id);
    return found != links.end() ? &*found : nullptr;
}

void PeerCore::Inside::wake(const error_code& error) noexcept {
    for (Link& link : links) {
        if (!link.waiting || !(error || session.is_due(link.id))) continue;
        try {
            boost::asio::post(link.waiting->get_executor(), boost::asio::append(*link.waiting, error));
            link.waiting.reset();
        } catch (...) {  // it still waits
        }
    }
}

void PeerCore::Inside::go_on(PeerCore& self) noexcept {
    look_who_has_started_anew();
    pay_back();
    wake();
    const MessengerOptions& options = messenger.options();
    if (session.queued() <= options.capacity / 2 && session.queued_bytes() <= options.max_bytes / 2) is_slow = false;
    line->call_if([this](std::size_t size) { return session.has_room(size); });
    // the link that was dialed has lost to another one, or nobody has dialed yet
    const bool has_lost = dialed && !is_retiring && std::ranges::any_of(links, [this](const Link& link) {
                              return link.is_own && session.is_over(link.id);
                          });
    const bool is_wanted = self.wants_dialing() && !is_to_be_dialed;
    if (!has_lost && !is_wanted) return;
    try {
        messenger.look_soon(self.shared_from_this());
        is_retiring = is_retiring || has_lost;
        is_to_be_dialed = is_to_be_dialed || is_wanted;
    } catch (...) {  // no memory: the next happening does it
    }
}

void PeerCore::Inside::pay_back() noexcept {
    const std::size_t queued = session.queued_bytes();
    if (queued >= charged) return;
    messenger.budget().give_back(charged - queued);
    charged = queued;
}

SendResult PeerCore::Inside::queue(Priority priority, messages::Outgoing&& message, bool may_displace,
                                   std::shared_ptr<WaitingLine>* wait_in) {
    ByteBudget& budget = messenger.budget();
    const std::size_t size = message.size();
    if (has_closed) return {.error = event::errc::closed};
    if (size > messenger.options().max_bytes || size > budget.max()) return {.error = errc::too_large};
    SendResult result;
    if (!session.has_room(size) && may_displace) {
        result.displaced = session.drop_oldest(priority, size);
        stat.displaced += result.displaced;
        pay_back();
    }
    const bool has_room = session.has_room(size);
    if (has_room && budget.take(charged, size)) {
        charged += size;
        session.push(priority, std::move(message));  // where it throws, the next happening pays back
        ++stat.sent;
    } else {
        result.error = errc::no_room;
        if (wait_in != nullptr) {
            *wait_in = has_room ? budget.line() : line;
        } else {
            ++stat.refused;
        }
    }
    result.queued = session.queued();
    return result;
}

bool PeerCore::Inside::becomes_slow(const PeerId& id, const SendResult& result) noexcept {
    const bool is_full = result.error == errc::no_room || result.displaced != 0;
    if (!is_full || is_slow) return false;
    try {
        messenger.to_announce(PeerSlow{.peer = id, .queued = session.queued(), .queued_bytes = session.queued_bytes()});
        is_slow = true;
    } catch (...) {  // no memory: the next one is told
    }
    return is_slow;
}

// ---- any thread -------------------------------------------------------------------------------------------------

PeerCore::PeerCore(MessengerCore& messenger, const PeerId& id)
    : id_(std::make_shared<const PeerId>(id)), inside_(std::make_unique<Inside>(messenger)) {}

PeerCore::~PeerCore() = default;

SendResult PeerCore::send(std::size_t type, Priority priority, const ParcelPtr& body) {
    Inside& in = *inside_;
    const bool may_displace = std::holds_alternative<DropOldest>(in.messenger.options().on_full);
    SendResult result;
    bool is_told = false;
    {
        const std::lock_guard guard(in.mutex);
        result = in.queue(priority, {.type = type, .body = body}, may_displace, nullptr);
        if (result) was_queued();
        is_told = in.becomes_slow(id(), result);
    }
    if (is_told) in.messenger.announce();
    return result;
}

SendResult PeerCore::send_if_room(std::size_t type, Priority priority, const ParcelPtr& body,
                                  std::shared_ptr<WaitingLine>& line) {
    const std::lock_guard guard(inside_->mutex);
    const SendResult result = inside_->queue(priority, {.type = type, .body = body}, false, &line);
    if (result) was_queued();
    return result;
}

/// Under the mutex.
void PeerCore::was_queued() noexcept {
    Inside& in = *inside_;
    if (in.links.empty() && !in.alone_since) {  // there was nothing to be forgotten
        in.alone_since = in.messenger.now();
        try {
            in.messenger.look_soon(shared_from_this());
        } catch (...) {  // no memory: the next look at all of them does it
        }
    }
    in.go_on(*this);
}

void PeerCore::took(std::size_t count) {
    const std::lock_guard guard(inside_->mutex);
    inside_->session.took(count);
    inside_->go_on(*this);
}

PeerStat PeerCore::stat() const {
    const std::lock_guard guard(inside_->mutex);
    PeerStat stat = inside_->stat;
    stat.links = inside_->links.size();
    stat.queued = inside_->session.queued();
    stat.queued_bytes = inside_->session.queued_bytes();
    stat.inbox = kept();
    stat.asked = inside_->asked.size();
    stat.answering = inside_->questions.size();
    return stat;
}

void PeerCore::close() noexcept {
    std::shared_ptr<DialedLink> dialed;  // goes under no lock
    {
        const std::lock_guard guard(inside_->mutex);
        Inside& in = *inside_;
        in.has_closed = true;
        dialed = std::move(in.dialed);
        in.finish_asked(event::errc::closed, [](const auto&) { return true; });
        for (auto& [id, question] : in.questions) in.unwant(question);
        in.wake(event::errc::closed);
        in.line->call_all();
    }
    {
        const std::lock_guard guard(inside_->messenger.inbox_mutex());
        end_route();
    }
}

bool PeerCore::hold() {
    const std::lock_guard guard(inside_->mutex);
    if (!inside_->has_closed) ++inside_->holders;
    return !inside_->has_closed;
}

void PeerCore::let_go() noexcept {
    const std::lock_guard guard(inside_->mutex);
    Inside& in = *inside_;
    if (--in.holders != 0 || !in.links.empty() || in.alone_since || in.has_closed) return;
    in.alone_since = in.messenger.now();
    try {
        in.messenger.look_soon(shared_from_this());
    } catch (...) {  // no memory: the next look at all of them does it
    }
}

bool PeerCore::has_link() const {
    const std::lock_guard guard(inside_->mutex);
    return !inside_->links.empty();
}

// ---- links ------------------------------------------------------------------------------------------------------

PeerCore::LinkId PeerCore::attach(std::uint64_t rank, bool is_own) {
    Inside& in = *inside_;
    LinkId id = 0;
    {
        const std::lock_guard guard(in.mutex);
        if (in.has_closed) return 0;
        if (in.links.empty()) in.messenger.to_announce(PeerConnected{this->id()});
        in.links.push_back({.id = ++in.last_link, .is_own = is_own});
        id = in.last_link;
        in.session.attach(id, rank);
        in.alone_since.reset();
        in.cannot_be_dialed = false;
        in.go_on(*this);
    }
    in.messenger.announce();
    if (!is_own) return id;
    try {
        in.messenger.look_soon(shared_from_this());  // whether it is used
    } catch (...) {                                  // no memory: the next look at all of them does it
    }
    return id;
}

void PeerCore::detach(LinkId id) noexcept {
    Inside& in = *inside_;
    {
        const std::lock_guard guard(in.mutex);
        if (in.find(id) == nullptr) return;
        std::erase_if(in.links, [&](const Inside::Link& link) { return link.id == id; });
        in.session.detach(id);
        if (in.links.empty()) {
            in.alone_since = in.messenger.now();
            try {
                in.messenger.to_announce(PeerDisconnected{this->id()});
                in.messenger.look_soon(shared_from_this());
            } catch (...) {  // no memory: it is forgotten when the next one is looked at
            }
        }
        if (!in.messenger.options().reliable)
            in.finish_asked(errc::unconfirmed, [&](const auto& one) { return one.written_on == id; });
        in.go_on(*this);
    }
    in.messenger.announce();
}

bool PeerCore::next(LinkId id, Bytes& payload) {
    Inside& in = *inside_;
    const std::lock_guard guard(in.mutex);
    if (in.has_closed || !in.session.next(id, payload)) return false;
    if (const std::uint64_t number = in.session.written_request(); number != 0) {
        if (const auto asked = in.asked.find(number); asked != in.asked.end()) {
            asked->second.was_written = true;
            asked->second.written_on = id;
        }
    }
    in.go_on(*this);
    return true;
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
    std::size_t unconfirmed = 0;
    {
        const std::lock_guard guard(in.mutex);
        consumed.is_wanted = !in.has_closed;
        if (in.has_closed) return;
        messages::Incoming message;
        const messages::Received received = in.session.received(id, payload, message);
        if (received == messages::Received::violation) consumed.error = errc::invalid_value;
        if (received == messages::Received::refused) in.say_failure(question_of(message), Failure::no_room);
        if (received == messages::Received::message) take(message, consumed);
        if (consumed.error) return;
        unconfirmed = in.session.take_unconfirmed();
        in.stat.unconfirmed += unconfirmed;
        in.go_on(*this);
    }
    if (unconfirmed == 0) return;
    in.messenger.to_announce(Undelivered{.peer = this->id(), .unconfirmed = unconfirmed});
    in.messenger.announce();
}

}  // namespace event::net::detail
