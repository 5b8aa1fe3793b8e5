#include "net/protocol/protocol.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace event::net::protocol {
namespace {

Reason wrong(end_code code, std::string text) { return {.code = code, .text = std::move(text)}; }

Reason with_place(Reason reason, Kind kind, std::uint64_t frame) {
    const std::string_view name = name_of(kind);
    reason.text = fmt::format("{}{}{}, in frame {}", name, name.empty() ? "" : ": ", reason.text, frame);
    return reason;
}

/// A record of TLS, alert or handshake: as a frame it would be no HELLO.
bool is_of_tls(View bytes) {
    const auto is = [&](std::size_t i, unsigned byte) { return std::to_integer<unsigned>(bytes[i]) == byte; };
    return bytes.size() >= 2 && (is(0, 0x15) || is(0, 0x16)) && is(1, 0x03);
}

/// Of an event that it does not take.
Reason fault_of(const Consumed& consumed, const Event& event) {
    if (consumed.mode != Mode::events) return wrong(end_code::unexpected_frame, "of a subscription to latest values");
    const std::size_t types = consumed.max_payload.size();
    if (event.type >= types) return wrong(end_code::unknown_type, fmt::format("type {} of {}", event.type, types));
    return wrong(end_code::payload_too_large,
                 fmt::format("{} bytes, of {} at most", event.payload.size(), consumed.max_payload[event.type]));
}

}  // namespace

void Protocol::received(View bytes, Moment now) {
    if (state_ == LinkState::opening && frames_ == 0 && inbox_.held() == 0 && is_of_tls(bytes)) {
        is_deaf_ = true;
        return fail(wrong(end_code::not_a_link, "the other side speaks TLS"), now);
    }
    received_ = bytes;
    const std::uint64_t frames_before = frames_;
    take_all(now);
    received_ = {};
    // any frame tells that the other side is there; the answer to a PING has a limit of its own
    if (frames_ != frames_before && state_ == LinkState::running && !deadlines_.pong) {
        deadlines_.ping = Deadlines::after(now, options_.times.ping_interval);
    }
}

void Protocol::take_all(Moment now) {
    while (!is_deaf_) {
        View frame;
        const Inbox::Step step = inbox_.next(received_, max_frame(), frame);
        if (step == Inbox::Step::more) return;
        ++frames_;
        Kind kind{};
        Fault fault;
        if (step == Inbox::Step::too_large) {
            fault = Reason{.code = end_code::frame_too_large, .text = fmt::format("more than {} bytes", max_frame())};
        } else if (step == Inbox::Step::malformed) {
            fault = Reason{.code = end_code::malformed, .text = "a length that is none"};
        } else {
            kind = static_cast<Kind>(frame.front());
            const View body = frame.subspan(1);
            if (is_ended()) {
                take_while_draining(kind, body);
                continue;
            }
            fault = take(kind, body, now);
        }
        if (!fault) continue;
        is_deaf_ = true;
        if (!is_ended()) fail(with_place(std::move(*fault), kind, frames_), now);
    }
}

Protocol::Fault Protocol::take(Kind kind, View body, Moment now) {
    if (name_of(kind).empty()) {
        const end_code code = has_hello_ ? end_code::unknown_frame : end_code::not_a_link;
        return wrong(code, fmt::format("a frame of kind {}", static_cast<unsigned>(kind)));
    }
    if (has_hello_ == (kind == Kind::hello)) {
        return wrong(end_code::unexpected_frame, has_hello_ ? "there was one before" : "before HELLO");
    }
    switch (kind) {
        case Kind::hello:
            return take_hello(body, now);
        case Kind::sub:
            return take_subscribe(body);
        case Kind::unsub:
            return take_unsubscribe(body);
        case Kind::event:
            return take_event(body);
        case Kind::state:
            return take_state(body);
        case Kind::ping: {
            std::uint64_t nonce = 0;
            if (Fault fault = read_nonce(body, nonce)) return fault;
            rest();
            outbox_.pong(nonce);
            return {};
        }
        case Kind::pong:
            return take_pong(body, now);
        case Kind::bye:
            return take_bye(body, now);
    }
    return {};
}

Protocol::Fault Protocol::take_hello(View body, Moment now) {
    if (Fault fault = read(body, remote_)) return fault;
    version_ = std::min(newest_version, remote_.version);
    if (version_ < oldest_version) {
        return wrong(end_code::version, fmt::format("{}, of {} at least", remote_.version, oldest_version));
    }
    has_hello_ = true;
    state_ = LinkState::running;
    deadlines_.handshake.reset();
    deadlines_.ping = Deadlines::after(now, options_.times.ping_interval);
    actions_.opened(remote_);
    return {};
}

Protocol::Fault Protocol::take_subscribe(View body) {
    std::optional<Reason> refusal;
    if (Fault fault = read(body, limits_, subscribe_, refusal)) return fault;
    const Alias alias = subscribe_.alias;
    if (!options_.serves || !remote_.consumes)
        return wrong(end_code::unexpected_frame, "one of the sides has no such role");
    if (served_.was(alias))
        return wrong(end_code::alias_reused, fmt::format("alias {}, after {}", alias, served_.last()));
    // an end that has not been written is not known to the other side, and counts as it does there
    if (served_.size() + outbox_.ends() >= limits_.max_subscriptions) {
        return wrong(end_code::too_many_subscriptions, fmt::format("more than {}", limits_.max_subscriptions));
    }
    served_.add({.alias = alias, .mode = subscribe_.mode, .types = subscribe_.types.size()});
    if (refusal) {
        end(alias, *refusal);
    } else {
        actions_.subscribed(subscribe_);
    }
    return {};
}

Protocol::Fault Protocol::take_unsubscribe(View body) {
    Unsubscribe unsubscribe;
    if (Fault fault = read(body, unsubscribe)) return fault;
    const Alias alias = unsubscribe.alias;
    const bool is_theirs = unsubscribe.of == Side::here;
    if (!(is_theirs ? served_.was(alias) : outbox_.has_subscribed(alias))) {
        return wrong(end_code::unknown_alias, fmt::format("alias {}", alias));
    }
    if (is_theirs) {
        outbox_.drop(alias);
        if (served_.find(alias) == nullptr) return {};  // ended on this side, too
        served_.remove(alias);
        actions_.unsubscribed(alias, unsubscribe.reason);
    } else if (const Consumed* const consumed = consumed_.find(alias)) {
        keys_ -= consumed->versions.size();
        consumed_.remove(alias);
        actions_.ended(alias, unsubscribe.reason);
    }
    return {};
}

Protocol::Fault Protocol::take_event(View body) {
    Event event;
    if (Fault fault = read(body, event)) return fault;
    if (!outbox_.has_subscribed(event.alias)) {
        return wrong(end_code::unknown_alias, fmt::format("alias {}", event.alias));
    }
    const Consumed* const consumed = consumed_.find(event.alias);
    if (consumed == nullptr) return {};  // was on its way when this side had enough of it
    if (!consumed->takes(event)) return fault_of(*consumed, event);
    actions_.event(event);
    return {};
}

/// What is out of the ordinary comes by itself: there is one place that says what is wrong with it.
bool Protocol::next_event(Event& event) {
    const View frame = inbox_.peek(received_, limits_.max_frame);
    if (!is_next(frame, event) || state_ != LinkState::running) return false;
    const View payload = frame.subspan(short_head - 1);
    const Consumed* const consumed = consumed_.find(event.alias);
    if (consumed == nullptr || payload.size() > consumed->max_payload[event.type]) return false;
    Inbox::skip(received_, frame);
    ++frames_;
    event.payload = payload;
    event.missed = 0;
    return true;
}

Protocol::Fault Protocol::take_state(View body) {
    State state;
    if (Fault fault = read(body, state)) return fault;
    if (!outbox_.has_subscribed(state.alias)) {
        return wrong(end_code::unknown_alias, fmt::format("alias {}", state.alias));
    }
    Consumed* const consumed = consumed_.find(state.alias);
    if (consumed == nullptr) return {};
    if (consumed->mode != Mode::latest) return wrong(end_code::unexpected_frame, "of a subscription to events");
    if (const std::size_t most = consumed->max_payload.front(); state.payload.size() > most) {
        return wrong(end_code::payload_too_large, fmt::format("{} bytes, of {} at most", state.payload.size(), most));
    }
    const auto version = consumed->versions.find(state.key);
    const bool is_known = version != consumed->versions.end();
    if (is_known && state.version <= version->second) {
        return wrong(end_code::stale_state, fmt::format("version {} after {}", state.version, version->second));
    }
    if (state.present && is_known) {
        version->second = state.version;
    } else if (is_known) {
        consumed->versions.erase(version);
        --keys_;
    } else if (state.present) {
        if (keys_ == limits_.max_state_keys || state.key.size() > limits_.max_key) {
            const Reason reason{
                .code = end_code::key_limit,
                .text = fmt::format("{} keys of {} bytes at most", limits_.max_state_keys, limits_.max_key)};
            unsubscribe(state.alias, reason);
            actions_.ended(state.alias, reason);
            return {};
        }
        consumed->versions.emplace(Bytes(state.key.begin(), state.key.end()), state.version);
        ++keys_;
    }
    actions_.state(state);
    return {};
}

Protocol::Fault Protocol::take_pong(View body, Moment now) {
    std::uint64_t nonce = 0;
    if (Fault fault = read_nonce(body, nonce)) return fault;
    if (!deadlines_.pong || nonce != pings_) return wrong(end_code::unexpected_frame, "nobody asked");
    deadlines_.pong.reset();
    deadlines_.ping = Deadlines::after(now, options_.times.ping_interval);
    return {};
}

Protocol::Fault Protocol::take_bye(View body, Moment now) {
    Reason reason;
    if (Fault fault = read_bye(body, reason)) return fault;
    remote_reason_ = reason;
    is_deaf_ = true;
    outbox_.clear();
    drain(reason, {}, now);
    close_if_done();
    return {};
}

/// Of what was on its way, only the end counts.
void Protocol::take_while_draining(Kind kind, View body) {
    if (kind == Kind::hello) has_hello_ = true;  // the frames behind it may be large
    if (kind != Kind::bye) return;
    Reason reason;
    is_deaf_ = true;
    if (read_bye(body, reason)) return;
    remote_reason_ = reason;
    close_if_done();
}

}  // namespace event::net::protocol
