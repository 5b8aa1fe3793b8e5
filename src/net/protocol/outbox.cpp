#include "net/protocol/outbox.hpp"

#include <algorithm>
#include <utility>

namespace event::net::protocol {

void Outbox::subscribe(Alias alias, Bytes frame) {
    notes_.push_back({.alias = alias, .is_subscribe = true, .frame = std::move(frame)});
}

void Outbox::unsubscribe(const Unsubscribe& unsubscribe) {
    const auto is_its_sub = [&](const Note& note) { return note.alias == unsubscribe.alias && note.is_subscribe; };
    if (std::erase_if(notes_, is_its_sub) != 0) return;
    Note& note = notes_.emplace_back(Note{.alias = unsubscribe.alias, .is_subscribe = false, .frame = {}});
    write(unsubscribe, note.frame);
}

void Outbox::end(const Unsubscribe& unsubscribe, Mode mode) {
    if (mode == Mode::latest) return states_.put_end(unsubscribe);
    End& end = ends_.emplace_back(End{.alias = unsubscribe.alias, .at = events_.size(), .frame = {}});
    write(unsubscribe, end.frame);
}

void Outbox::drop(Alias alias) {
    states_.drop(alias);
    std::erase_if(ends_, [alias](const End& end) { return end.alias == alias; });
}

void Outbox::clear() {
    ping_.reset();
    pong_.reset();
    notes_.clear();
    states_.give_back();
    Bytes().swap(events_);
    ends_.clear();
}

void Outbox::take_control() {
    if (pong_) write_pong(*std::exchange(pong_, std::nullopt), batch_);
    is_asking_ = ping_.has_value();
    if (ping_) write_ping(*std::exchange(ping_, std::nullopt), batch_);
    for (const Note& note : notes_) {
        batch_.insert(batch_.end(), note.frame.begin(), note.frame.end());
        if (note.is_subscribe) last_subscribed_ = note.alias;
    }
    notes_.clear();
}

void Outbox::take_events() {
    if (batch_.empty() && ends_.empty()) return batch_.swap(events_);
    auto from = events_.begin();
    for (const End& end : ends_) {
        const auto to = events_.begin() + static_cast<std::ptrdiff_t>(end.at);
        batch_.insert(batch_.end(), from, to);
        batch_.insert(batch_.end(), end.frame.begin(), end.frame.end());
        from = to;
    }
    batch_.insert(batch_.end(), from, events_.end());
    ends_.clear();
    events_.clear();
}

View Outbox::output() {
    if (!is_writing() && !has_bye_) {
        batch_.clear();
        at_ = 0;
        take_control();
        states_.take(batch_, quantum_);
        take_events();
        if (bye_ && states_.empty()) {
            write_bye(*bye_, batch_);
            has_bye_ = true;
        }
    }
    return View(batch_).subspan(at_);
}

void Outbox::rest() noexcept {
    if (!was_needed_ && !is_writing() && events_.empty() && states_.empty()) {
        batch_.clear();
        at_ = 0;
        give_back(batch_);
        give_back(events_);
        states_.give_back();
    }
    was_needed_ = false;
}

std::size_t Outbox::held() const noexcept {
    std::size_t held = batch_.capacity() + events_.capacity() + states_.held();
    for (const Note& note : notes_) held += sizeof(Note) + note.frame.capacity();
    for (const End& end : ends_) held += sizeof(End) + end.frame.capacity();
    return held;
}

}  // namespace event::net::protocol
