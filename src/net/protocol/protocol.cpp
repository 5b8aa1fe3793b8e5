#include "net/protocol/protocol.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <limits>
#include <utility>

namespace event::net::protocol {

void Protocol::start(Moment now) {
    if (state_ == LinkState::closed) return;
    assert(limits_.max_frame >= LinkLimits::min_frame && "event: the other side refuses less");
    outbox_.hello({.version = newest_version,
                   .epoch = options_.epoch,
                   .max_frame = limits_.max_frame,
                   .max_subscriptions = limits_.max_subscriptions,
                   .serves = options_.serves,
                   .consumes = options_.consumes});
    has_started_ = true;
    if (state_ == LinkState::opening) deadlines_.handshake = Deadlines::after(now, options_.times.handshake_timeout);
}

View Protocol::output(Moment now) {
    if (!has_started_ || state_ == LinkState::closed) return {};
    const View bytes = outbox_.output();
    if (!bytes.empty() && !deadlines_.write) deadlines_.write = Deadlines::after(now, options_.times.write_timeout);
    return bytes;
}

void Protocol::written(std::size_t count, Moment now) {
    if (count == 0 || state_ == LinkState::closed) return;
    // a PING that waits behind much, for a stream that takes it slowly, has not been asked yet
    if (deadlines_.pong && outbox_.has_ping()) deadlines_.pong = Deadlines::after(now, options_.times.pong_timeout);
    outbox_.written(count);
    deadlines_.write.reset();
    if (outbox_.is_writing()) deadlines_.write = Deadlines::after(now, options_.times.write_timeout);
    close_if_done();
}

void Protocol::lost(std::string text, end_code code) {
    if (state_ == LinkState::closed) return;
    const bool was_ended = is_ended();
    if (!was_ended) reason_ = Reason{.code = code, .text = std::move(text)};
    close_at_once();
    if (!was_ended) actions_.ended(*reason_);
}

void Protocol::tick(Moment now) {
    const auto is_over = [now](const std::optional<Moment>& deadline) { return Deadlines::is_over(deadline, now); };
    if (is_over(deadlines_.close)) return close_at_once();
    if (is_over(deadlines_.write)) {
        // nothing can be said any more
        const bool was_ended = is_ended();
        if (!was_ended) reason_ = Reason{.code = end_code::write_timeout, .text = {}};
        close_at_once();
        if (!was_ended) actions_.ended(*reason_);
        return;
    }
    if (is_over(deadlines_.handshake)) return fail({.code = end_code::handshake_timeout, .text = {}}, now);
    if (is_over(deadlines_.pong)) return fail({.code = end_code::pong_timeout, .text = {}}, now);
    if (is_over(deadlines_.ping)) {
        rest();
        outbox_.ping(++pings_);
        deadlines_.ping.reset();
        deadlines_.pong = Deadlines::after(now, options_.times.pong_timeout);
    }
}

Alias Protocol::subscribe(const Subscribe& wanted, std::vector<std::size_t> max_payload, Reason& refusal) {
    const auto refuse = [&refusal](end_code code, std::string text) -> Alias {
        refusal = {.code = code, .text = std::move(text)};
        return 0;
    };
    if (state_ != LinkState::running) return refuse(end_code::closed, "the link is not open");
    if (!options_.consumes || !remote_.serves) return refuse(end_code::not_served, "the other side serves nothing");
    const std::uint64_t most = std::min<std::uint64_t>(limits_.max_subscriptions, remote_.max_subscriptions);
    if (consumed_.size() >= most) return refuse(end_code::too_many_subscriptions, fmt::format("{} at most", most));

    const Alias alias = consumed_.last() + 1;
    Subscribe subscribe = wanted;
    subscribe.alias = alias;
    Bytes frame;
    write(subscribe, frame);
    if (frame.size() > max_sent()) {
        return refuse(end_code::frame_too_large,
                      fmt::format("a SUB of {} bytes, of {} at most", frame.size(), max_sent()));
    }
    outbox_.subscribe(alias, std::move(frame));
    consumed_.add({.alias = alias, .mode = wanted.mode, .max_payload = std::move(max_payload)});
    return alias;
}

void Protocol::unsubscribe(Alias alias, const Reason& reason) {
    const Consumed* const consumed = consumed_.find(alias);
    if (consumed == nullptr || state_ != LinkState::running) return;
    keys_ -= consumed->versions.size();
    consumed_.remove(alias);
    outbox_.unsubscribe({.alias = alias, .of = Side::here, .reason = reason});
}

Sent Protocol::send_event(const Event& event) {
    return *send_next(event.alias, [&event](Bytes& out, std::size_t room, Event& sent) {
        out.resize(out.size() + room);
        out.insert(out.end(), event.payload.begin(), event.payload.end());
        sent = event;
        return true;
    });
}

Sent Protocol::send_state(const State& state) {
    const Served* const served = state_ == LinkState::running ? served_.find(state.alias) : nullptr;
    if (served == nullptr || served->mode != Mode::latest) return Sent::ended;
    if (size_of(state) > max_sent() || state.key.size() > limits_.max_key) {
        // the other side would go on with an older one
        end(state.alias, {.code = end_code::payload_too_large,
                          .text = fmt::format("a latest value of {} bytes", state.payload.size())});
        return Sent::too_large;
    }
    return outbox_.state(state) ? Sent::yes : Sent::no_room;
}

void Protocol::end(Alias alias, const Reason& reason) {
    const Served* const served = state_ == LinkState::running ? served_.find(alias) : nullptr;
    if (served == nullptr) return;
    const Mode mode = served->mode;
    served_.remove(alias);
    outbox_.end({.alias = alias, .of = Side::remote, .reason = reason}, mode);
}

void Protocol::close(const Reason& reason, Moment now) {
    if (!is_ended()) drain(reason, reason, now);
}

void Protocol::fail(const Reason& reason, Moment now) {
    outbox_.clear();
    drain(reason, reason, now);
}

void Protocol::drain(const Reason& reason, const Reason& said, Moment now) {
    // what may throw comes first: `lost` then still has an end to tell
    outbox_.bye(said);
    reason_ = reason;
    state_ = LinkState::draining;
    deadlines_.handshake.reset();
    deadlines_.ping.reset();
    deadlines_.pong.reset();
    deadlines_.close = Deadlines::after(now, options_.times.close_timeout);
    consumed_.clear();
    served_.clear();
    actions_.ended(*reason_);
}

/// A PING, of either side, tells that there was nothing else for long.
void Protocol::rest() {
    inbox_.rest();
    outbox_.rest();
}

/// Both have said all.
void Protocol::close_if_done() {
    if (state_ == LinkState::draining && remote_reason_ && outbox_.is_bye_written()) close_at_once();
}

void Protocol::close_at_once() {
    state_ = LinkState::closed;
    is_deaf_ = true;
    deadlines_ = {};
    outbox_.clear();
    consumed_.clear();
    served_.clear();
}

}  // namespace event::net::protocol
