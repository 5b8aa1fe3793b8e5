#include "net/messages/peer_inside.hpp"

#include <array>
#include <optional>
#include <utility>

/// A peer: what is asked of it, and what it asks.

namespace event::net::detail {

// ---- what is asked of it ----------------------------------------------------------------------------------------

SendResult PeerCore::ask(std::uint64_t number, std::size_t type, Priority priority, const ParcelPtr& body,
                         std::shared_ptr<PendingAnswer> pending) {
    Inside& in = *inside_;
    const bool may_displace = std::holds_alternative<DropOldest>(in.messenger.options().on_full);
    const std::lock_guard guard(in.mutex);
    if (in.asked.size() >= in.messenger.options().capacity && !in.has_closed) return {.error = errc::no_room};
    const auto place = in.asked.try_emplace(number, Inside::Asked{.pending = std::move(pending)}).first;
    SendResult result;
    try {
        result = in.queue(priority, {.type = type, .kind = messages::Kind::request, .id = number, .body = body},
                          may_displace, nullptr);
    } catch (...) {
        in.asked.erase(place);
        throw;
    }
    if (result) {
        was_queued();
    } else {
        in.asked.erase(place);
    }
    return result;
}

bool PeerCore::stop_asking(std::uint64_t number) noexcept {
    Inside& in = *inside_;
    const std::lock_guard guard(in.mutex);
    const auto place = in.asked.find(number);
    if (place == in.asked.end()) return false;
    const auto asked = std::move(in.asked.extract(place).mapped());
    if (asked.pending->is_there || in.has_closed) return asked.pending->is_there;
    try {
        if (!in.session.take_back(number)) {
            in.session.push(Priority::urgent,
                            {.kind = messages::Kind::cancel, .id = number, .only_to = in.session.written_to()});
        }
        in.go_on(*this);
    } catch (...) {  // no memory: they answer in vain
    }
    return false;
}

void PeerCore::Inside::finish(Asked& one, const error_code& error) noexcept {
    if (std::exchange(one.pending->is_there, true)) return;
    one.pending->error = error;
    one.pending->waiter.call();
}

void PeerCore::Inside::look_who_has_started_anew() noexcept {
    if (const std::uint64_t now = session.written_to(); now != asked_of) {
        if (std::exchange(asked_of, now) != 0)
            finish_asked(errc::unconfirmed, [](const Asked& one) { return one.was_written; });
    }
    if (const std::uint64_t now = session.their_epoch(); now != asked_by) {
        asked_by = now;
        for (auto& [id, question] : questions)
            if (id.session != now) unwant(question);
    }
}

// ---- what it asks -----------------------------------------------------------------------------------------------

QuestionId PeerCore::question_of(const messages::Incoming& message) const noexcept {
    return {.session = inside_->session.their_epoch(), .number = message.id};
}

/// A message, or what belongs to a request. Under the mutex.
void PeerCore::take(const messages::Incoming& message, Consumed& consumed) {
    Inside& in = *inside_;
    using messages::Kind;
    if (message.kind != Kind::message && message.id == 0) {
        consumed.error = errc::invalid_value;
        return;
    }
    const auto asked =
        message.kind == Kind::answer || message.kind == Kind::failure ? in.asked.find(message.id) : in.asked.end();
    const bool is_awaited = asked != in.asked.end() && !asked->second.pending->is_there;
    switch (message.kind) {
        case Kind::message:
            if (keep(message.type, message.missed, {}, message.body, consumed) == Kept::unreadable)
                return in.session.dropped(message);
            in.stat.missed += message.missed;
            ++in.stat.received;
            break;
        case Kind::request: {
            const QuestionId question = question_of(message);
            ++in.stat.received;
            if (!in.questions.try_emplace(question).second) {
                in.session.took(1);
                consumed.error = errc::invalid_value;  // it has asked that already
                return;
            }
            const Kept kept = keep(message.type, 0, question, message.body, consumed);
            if (kept == Kept::yes) break;
            in.questions.erase(question);
            if (kept == Kept::unreadable) return in.session.dropped(message);
            in.session.took(1);
            in.say_failure(question, Failure::not_answered);
            break;
        }
        case Kind::answer:
            ++in.answers;
            if (!is_awaited) break;  // it is too late
            consumed.error = asked->second.pending->take(message.type, message.body, consumed.where);
            // one that cannot be read does not come again
            in.finish(asked->second, consumed.error ? error_code(errc::unconfirmed) : asked->second.pending->error);
            break;
        case Kind::cancel:
            if (const auto question = in.questions.find(question_of(message)); question != in.questions.end())
                in.unwant(question->second);
            break;
        case Kind::failure: {
            if (message.body.size() != 1) {
                consumed.error = errc::invalid_value;
                return;
            }
            ++in.answers;
            if (!is_awaited) break;
            const auto why = static_cast<Failure>(message.body.front());
            in.finish(asked->second, why == Failure::not_answered ? errc::not_answered
                                     : why == Failure::no_room    ? errc::no_room
                                                                  : errc::request_failed);
            break;
        }
    }
}

bool PeerCore::begin_answer(const QuestionId& id, const std::shared_ptr<Answerer>& by) {
    Inside& in = *inside_;
    const std::lock_guard guard(in.mutex);
    const auto question = in.questions.find(id);
    if (question == in.questions.end()) return false;
    if (question->second.is_wanted) {
        question->second.by = by;
        return true;
    }
    in.questions.erase(question);
    in.session.took(1);
    in.go_on(*this);
    return false;
}

void PeerCore::answer(const QuestionId& id, std::size_t type, Priority priority, const ParcelPtr& body) {
    Inside& in = *inside_;
    const std::lock_guard guard(in.mutex);
    if (in.is_still_wanted(id)) {
        const std::size_t size = body->bytes.size();
        if (in.session.has_bytes(size) && in.messenger.budget().take(in.charged, size)) {
            in.charged += size;
            in.session.push(
                priority,
                {.type = type, .kind = messages::Kind::answer, .id = id.number, .body = body, .only_to = id.session});
            ++in.answers;
        } else {
            in.say_failure(id, Failure::no_room);
        }
    }
    in.go_on(*this);
}

void PeerCore::decline(const QuestionId& id, Failure why) noexcept {
    Inside& in = *inside_;
    const std::lock_guard guard(in.mutex);
    if (in.is_still_wanted(id)) in.say_failure(id, why);
    in.go_on(*this);
}

bool PeerCore::Inside::is_still_wanted(const QuestionId& id) noexcept {
    const auto question = questions.find(id);
    if (question == questions.end()) return false;
    const bool is_wanted = question->second.is_wanted && !has_closed;
    questions.erase(question);
    session.took(1);
    return is_wanted;
}

void PeerCore::Inside::unwant(Question& question) noexcept {
    question.is_wanted = false;
    if (const auto answerer = question.by.lock()) answerer->cancel();
}

void PeerCore::Inside::say_failure(const QuestionId& question, Failure why) noexcept {
    try {
        ParcelPtr body = messenger.parcel();
        body->bytes.assign(1, static_cast<std::byte>(why));
        session.push(Priority::urgent, {.kind = messages::Kind::failure,
                                        .id = question.number,
                                        .body = std::move(body),
                                        .only_to = question.session});
        ++answers;
    } catch (...) {  // no memory: they wait as long as they wanted to
    }
}

// ---- of who looks after all peers -------------------------------------------------------------------------------

std::optional<PeerCore::Moment> PeerCore::look_again_at() const {
    const std::lock_guard guard(inside_->mutex);
    const Inside& in = *inside_;
    if (in.has_closed) return std::nullopt;
    if (in.alone_since) return *in.alone_since + in.messenger.options().keep;
    if (in.dialed && !in.links.empty() && !in.is_retiring) return in.active_at + in.messenger.idle();
    return std::nullopt;
}

PeerCore::Looked PeerCore::look(Moment now) {
    const std::lock_guard guard(inside_->mutex);
    Inside& in = *inside_;
    Looked looked;
    in.is_to_be_dialed = false;
    if (in.has_closed) return looked;
    if (in.alone_since && now - *in.alone_since >= in.messenger.options().keep) {
        const messages::Lost lost = in.session.unfinished();
        looked.undelivered = {.peer = id(), .unsent = lost.unsent, .unconfirmed = lost.unconfirmed};
        looked.dialed = std::move(in.dialed);
        in.finish_asked(errc::unconfirmed, [](const auto& one) { return one.was_written; });
        in.finish_asked(errc::unreachable, [](const auto&) { return true; });
        for (auto& [question, one] : in.questions) in.unwant(one);
        in.stat.unconfirmed += lost.unconfirmed;
        in.begin_anew();  // whoever has to do with it still does not keep its bytes
        looked.is_gone = in.has_closed = in.holders == 0;
        in.alone_since.reset();
        in.cannot_be_dialed = false;
        in.line->call_all();
        return looked;
    }
    const bool is_in_use = in.session.queued() != 0 || !in.asked.empty() || !in.questions.empty();
    if (std::exchange(in.seen_activity, in.activity()) != in.activity() || is_in_use) in.active_at = now;
    const bool is_idle = in.dialed && !in.links.empty() && now - in.active_at >= in.messenger.idle();
    if (is_idle || in.is_retiring) looked.dialed = std::move(in.dialed);
    in.is_retiring = false;
    return looked;
}

bool PeerCore::wants_dialing() const {
    const std::lock_guard guard(inside_->mutex);
    const Inside& in = *inside_;
    return in.messenger.dials() && !in.has_closed && in.links.empty() && !in.dialed && !in.cannot_be_dialed &&
           in.session.queued() != 0;
}

void PeerCore::was_dialed(std::shared_ptr<DialedLink> dialed) {
    const std::lock_guard guard(inside_->mutex);
    Inside& in = *inside_;
    if (in.has_closed) return;  // the caller's goes, too
    in.cannot_be_dialed = !dialed;
    in.active_at = in.messenger.now();
    in.dialed = std::move(dialed);
}

void PeerCore::dialing_has_ended(const DialedLink* dialed) {
    std::shared_ptr<DialedLink> ended;  // goes under no lock
    const std::lock_guard guard(inside_->mutex);
    if (inside_->dialed.get() != dialed) return;
    ended = std::move(inside_->dialed);
    inside_->cannot_be_dialed = true;  // they do not want it
}

}  // namespace event::net::detail
