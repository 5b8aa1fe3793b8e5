#include <event/detail/event/stored_event.hpp>
#include <event/detail/order/topic.hpp>
#include <event/detail/order/typed_topic.hpp>
#include <event/detail/wait/pushed_watch.hpp>

#include <algorithm>
#include <cassert>
#include <cstdint>

namespace event::detail {

TopicBase::TopicBase(const EventType& type, std::string&& label, Core& core, void* kept)
    : Subject(std::move(label), core), type_(&type), kept_(static_cast<std::byte*>(kept)) {
    refresh();  // special from its first event on, where that is to be stamped
}

TopicBase::~TopicBase() {
    if (has_pool()) pool().abandon();
}

[[gnu::always_inline]] inline void TopicBase::refresh_wanted() noexcept {
    const bool is_offered = !sinks_.empty() || !erased_sinks_.empty() || !keyed_.empty();
    is_wanted_.store(is_offered || closed_ || retained_ || counts_unheard_, std::memory_order_relaxed);
}

[[gnu::noinline]] void TopicBase::refresh() noexcept {
    is_special_ = closed_ || wants_shared() || !keyed_.empty() || core().stamps();
    refresh_wanted();
}

[[gnu::noinline]] static void tell(Topic<std::size_t>& value, std::size_t count, Aftermath& after) noexcept {
    value.tell(&count, after);
}

inline void TopicBase::sinks_changed(Aftermath& after) noexcept {
    if (!is_special_ && erased_sinks_.empty() && keyed_.empty()) [[likely]] {  // who just lists the type leaves it so
        refresh_wanted();
    } else {
        refresh();
    }
    if (subscriber_count_ != nullptr) [[unlikely]]
        detail::tell(*subscriber_count_, subscribers(), after);
}

void TopicBase::make_room_for_sinks(SinkKind kind, std::size_t more) {
    // The bus's mutex keeps everybody else from adding, so what is reserved here stays.
    std::size_t& room = sure_room(kind);
    std::vector<Sink>& reserved = sinks(kind);
    std::size_t size = 0;
    {
        const DomainGuard guard(*this);
        size = reserved.size();
        room = reserved.capacity() - size;
        if (room >= more) return;
    }
    std::vector<Sink> larger;
    larger.reserve(std::max(size + std::max<std::size_t>(4, more), 2 * size));
    const DomainGuard guard(*this);
    larger.assign(reserved.begin(), reserved.end());
    reserved.swap(larger);
    room = reserved.capacity() - size;
}

inline void TopicBase::add_sink(Mailbox& mailbox, std::uint16_t type, SinkKind kind, Aftermath& after) noexcept {
    std::vector<Sink>& list = sinks(kind);
    if (list.size() == list.capacity()) {
        assert(false);
        __builtin_unreachable();  // no room is made here, which could fail
    }
    --sure_room(kind);
    const auto position = static_cast<std::uint32_t>(list.size());
    list.push_back({&mailbox, mailbox.bind({this, position, kind != SinkKind::listed}), type, kind});
    if (kind == SinkKind::wildcard) ++wildcards_;
    sinks_changed(after);
}

[[gnu::noinline]] void TopicBase::add_waiting_or_keyed(Mailbox& mailbox, std::uint16_t type, SinkKind kind,
                                                       Aftermath& after) noexcept {
    ChosenKeys* const keys = kind == SinkKind::listed ? chosen(mailbox.refinement(), type) : nullptr;
    if (mailbox.policy() == Policy::wait) count_waiting_queue(mailbox, keys != nullptr, 1);
    if (keys == nullptr) return add_sink(mailbox, type, kind, after);
    mailbox.bind({.topic = this, .position = type, .is_keyed = true});
    keyed_.add(*keys, mailbox);
    sinks_changed(after);
}

void TopicBase::add(Mailbox& mailbox, std::uint16_t type, SinkKind kind, Aftermath& after) noexcept {
    if (mailbox.policy() == Policy::wait || mailbox.refinement() != nullptr) [[unlikely]]
        return add_waiting_or_keyed(mailbox, type, kind, after);
    add_sink(mailbox, type, kind, after);
}

void TopicBase::count_waiting_queue(const Mailbox& mailbox, bool is_keyed, std::size_t one) noexcept {
    if (!is_keyed) waiting_queues_ += one;
    if (is_keyed || may_reject(mailbox.refinement())) asked_queues_ += one;
    if (mailbox.patience() != nullptr) limited_queues_ += one;
}

inline void TopicBase::remove_sink(const Mailbox& mailbox, const Binding& binding, Aftermath& after) noexcept {
    if (mailbox.policy() == Policy::wait) [[unlikely]]
        count_waiting_queue(mailbox, binding.is_keyed, std::size_t{0} - 1);
    if (binding.is_keyed) [[unlikely]] {
        keyed_.remove(*chosen(mailbox.refinement(), static_cast<std::uint16_t>(binding.position)));
        return sinks_changed(after);
    }
    std::vector<Sink>& list = binding.is_erased ? erased_sinks_ : sinks_;
    Sink& sink = list[binding.position];
    if (sink.kind == SinkKind::wildcard) --wildcards_;
    sink = list.back();
    sink.mailbox->bindings()[sink.binding].position = binding.position;
    list.pop_back();
    sinks_changed(after);
}

void TopicBase::tell_counts_to(Topic<std::size_t>& subscribers, Topic<std::size_t>& forgotten,
                               Aftermath& after) noexcept {
    subscriber_count_ = &subscribers;
    forgotten_count_ = &forgotten;
    sinks_changed(after);
    forgotten.tell(&forgotten_, after);
}

void TopicBase::remove(Mailbox& mailbox, Aftermath& after) noexcept {
    for (const Binding& binding : mailbox.bindings()) binding.topic->remove_sink(mailbox, binding, after);
    if (!mailbox.line().empty()) mailbox.dissolve_line(after);
}

void TopicBase::wake_watching(Aftermath& after) noexcept { after.wake_all(watching_); }

void TopicBase::remove_killed(Aftermath& after) noexcept {
    for (std::vector<Sink>* list : {&sinks_, &erased_sinks_}) {
        // removing one may take others from the list: those of the same mailbox
        for (std::size_t position = list->size(); position-- > 0; position = std::min(position, list->size())) {
            Mailbox& mailbox = *(*list)[position].mailbox;
            if (mailbox.has_ended()) remove(mailbox, after);
        }
    }
}

void TopicBase::remove_killed(const FoundKeys& found, Aftermath& after) noexcept {
    for (const ChosenKey* key = found.first; key != nullptr; key = key->next_found)
        if (key->owner.is_added() && key->owner.mailbox().has_ended()) remove(key->owner.mailbox(), after);
}

// ---- whom an event that waits for room is for -------------------------------------------------------------------

FoundKeys TopicBase::find_waiting(const Waiting& event) noexcept {
    FoundKeys waiting;
    if (keyed_.empty()) return waiting;
    const OfferedEvent stored = event.event.first_as(!type_->is_inline);
    for (ChosenKey* key = keyed_.find(stored.bytes, *this, event.after, false).first; key != nullptr;) {
        ChosenKey* const next = key->next_found;
        if (key->owner.mailbox().policy() == Policy::wait) waiting.add(*key);
        key = next;
    }
    return waiting;
}

std::size_t TopicBase::waiting_queues(const Waiting& event) noexcept {
    return waiting_queues_ + (asks_who_waits() ? find_waiting(event).count : 0);
}

bool TopicBase::all_asked_queues(const Waiting& event, bool (*holds)(void* f, Mailbox& queue), void* f) {
    for (const std::vector<Sink>* list : {&sinks_, &erased_sinks_}) {
        for (const Sink& sink : *list)
            if (sink.mailbox->policy() == Policy::wait && wants(*sink.mailbox, sink.type, sink.kind, event) &&
                !holds(f, *sink.mailbox))
                return false;
    }
    for (const ChosenKey* key = find_waiting(event).first; key != nullptr; key = key->next_found) {
        Mailbox& mailbox = key->owner.mailbox();
        if (wants(mailbox, key->owner.type(), SinkKind::listed, event) && !holds(f, mailbox)) return false;
    }
    return true;
}

bool TopicBase::wants(Mailbox& mailbox, std::uint16_t type, SinkKind kind, const Waiting& event) noexcept {
    if (!may_reject(mailbox.refinement())) return true;
    const bool is_shared = kind != SinkKind::listed || !type_->is_inline;
    try {
        if (is_shared && !event.event.is_shared()) event.event.share(pool());
        const Offer offer{coming_sequence(), nullptr, event.after, event.event.origin(), core().stamp()};
        return mailbox.ask(type, event.event.first_as(is_shared), offer, false) == Pushed::queued;
    } catch (...) {
        return false;  // it will throw again when it is offered the event
    }
}

void TopicBase::retain() noexcept {
    retained_ = true;
    refresh();
}

void TopicBase::retain(std::unique_ptr<History> history) noexcept {
    history_ = std::move(history);
    refresh();
}

bool TopicBase::may_retain(const History& history, Aftermath& after) noexcept {
    if (!history_) return true;
    try {
        const DomainGuard guard(*this);
        const UserCode code(*this, after);
        return history_->is_like(history);
    } catch (...) {
        after.fail();
        return false;
    }
}

void TopicBase::count_unheard() noexcept {
    counts_unheard_ = true;
    refresh();
}

void TopicBase::close(Aftermath& after) noexcept {
    closed_ = true;
    if (history_) history_->clear(after);  // nobody subscribes any more
    refresh();
    after.wake_all(watching_);
}

void TopicBase::doom_waiting(Doomed& doomed) noexcept {
    doomed.add_all(watching_);
    for (PushedWatch& watch : pushed_) doomed.add_all(watch.end_waiters());
}

void TopicBase::forget(Aftermath& after) noexcept {
    if (retained_sequence() == 0) return;
    if (history_) history_->clear(after);
    if (PayloadBase* payload = kept_payload()) after.drop(*payload);
    retained_sequence_.store(0, std::memory_order_relaxed);
    note_forgotten(after);
    count_forgotten(after);
}

void TopicBase::count_forgotten(Aftermath& after) noexcept {
    ++forgotten_;
    if (forgotten_count_ != nullptr) forgotten_count_->tell(&forgotten_, after);
}

PayloadBase* TopicBase::kept_payload() const noexcept {
    if (type_->is_inline || retained_sequence() == 0) return nullptr;
    return StoredEvent::payload(kept_);
}

bool TopicBase::forget(const GivenKey& key, Aftermath& after) noexcept {
    try {
        const UserCode code(*this, after);
        if (!history_ || !history_->forget(key, after)) return false;
    } catch (...) {
        after.fail();
        return false;
    }
    count_forgotten(after);
    return true;
}

std::size_t TopicBase::replays(const ChosenKeys* keys, Aftermath& after) const noexcept {
    if (keys == nullptr || !history_) return replays();
    std::size_t count = 0;
    try {
        const UserCode code(*this, after);
        for (auto place = history_->oldest(); place != History::none; place = history_->after(place)) {
            PayloadBase* payload = &history_->payload(place);
            const void* inside = type_->is_inline ? type_->value(*payload) : static_cast<const void*>(&payload);
            if (keys->are_of(static_cast<const std::byte*>(inside))) ++count;
        }
    } catch (...) {
        after.fail();
    }
    return count;
}

TopicBase::Replayed TopicBase::first_replayed() const noexcept {
    if (!history_) return {retained_sequence(), History::none};
    const History::Place place = history_->oldest();
    return place != History::none ? Replayed{history_->tag(place).sequence(), place} : Replayed{};
}

TopicBase::Replayed TopicBase::next_replayed(const Replayed& before) const noexcept {
    const History::Place place = before.place != History::none ? history_->after(before.place) : History::none;
    return place != History::none ? Replayed{history_->tag(place).sequence(), place} : Replayed{};
}

void TopicBase::replay(const Replayed& event, Mailbox& mailbox, std::uint16_t type, SinkKind kind, PayloadBlock&& block,
                       Aftermath& after) noexcept {
    const bool is_old = event.place != History::none;
    const Origin origin = is_old ? history_->tag(event.place).origin() : retained_from_;
    const Offer offer{event.sequence, nullptr, after, origin,
                      is_old ? history_->emitted_at(event.place) : retained_at_};
    PayloadBase* payload = is_old ? &history_->payload(event.place) : kept_payload();
    if (payload != nullptr) {
        if (kind == SinkKind::listed && type_->is_inline) {
            const auto* bytes = static_cast<const std::byte*>(type_->value(*payload));
            return mailbox.replay(type, OfferedEvent(bytes, type_->id->size), offer);
        }
        payload->add_reference();
    } else if (block) {
        payload = type_->share(std::move(block), kept_);
        payload->set_emitter(retained_from_.id());
    }
    if (payload != nullptr) {
        mailbox.replay(type, OfferedEvent(payload), offer);
    } else {
        mailbox.replay(type, OfferedEvent(kept_, type_->id->size), offer);
    }
}

void TopicBase::note_forgotten(Aftermath& after) noexcept {
    for (PushedWatch& watch : pushed_) watch.note_forgotten(after);
}

void TopicBase::count(Pushed pushed, EmitResult& result) noexcept {
    switch (pushed) {
        case Pushed::queued:
            break;
        case Pushed::displaced:
            ++result.displaced;
            ++lost_;
            break;
        case Pushed::rejected:
            ++result.rejected;
            break;
        case Pushed::merged_away:
            ++result.rejected;
            ++result.displaced;
            ++lost_;
            break;
        case Pushed::refused:
            ++result.refused;
            ++lost_;
            break;
        case Pushed::killed_twice:
            --result.delivered;
            --result.subscribers;
            [[fallthrough]];
        case Pushed::killed:
            ++result.killed;
            ++killed_;
            break;
        case Pushed::gone:
            --result.subscribers;
            break;
    }
}

void TopicBase::stat_into(TopicStat& stat) const noexcept {
    stat.subscribers = subscribers();
    stat.retained = retained_;
    stat.emitted = emitted_;
    stat.lost = lost_;
    stat.killed = killed_;
    stat.last_sequence = last_sequence_;
    stat.refused = refused_;
    stat.replays = replays();
    stat.replayable = stat.replays != 0;
}

void TopicBase::note_missed(std::uint64_t events, Origin of) noexcept {
    if (events == 0 || closed_) return;
    const auto miss = [&](Mailbox& mailbox) { lost_ += mailbox.miss(events, of); };
    for (const std::vector<Sink>* list : {&sinks_, &erased_sinks_})
        for (const Sink& sink : *list) miss(*sink.mailbox);
    keyed_.for_each(miss);
}

[[gnu::noinline]] void TopicBase::retain_no_longer() noexcept {
    retained_ = false;
    if (history_) unused_history_ = std::move(history_);  // another one was taken out before this was set
    refresh();
}

bool TopicBase::reset() noexcept {
    if (retained_) [[unlikely]]
        retain_no_longer();
    emitted_ = 0;
    lost_ = 0;
    killed_ = 0;
    refused_ = 0;
    last_sequence_ = 0;
    sure_room_ = sinks_.capacity();
    if (has_pool()) pool().rest();
    return has_pool();
}

}  // namespace event::detail
