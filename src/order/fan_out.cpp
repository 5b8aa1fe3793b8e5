#include <event/detail/event/stored_event.hpp>
#include <event/detail/order/typed_topic.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>

/// How an emit goes on where it does more than copy an event of some size into the queues of those who list its type.

namespace event::detail {

EmitResult TopicBase::emit_shared(PayloadBase& payload) {
    // one that comes back to its own bus is still whose it was
    Batch one(payload, &payload.pool() == pool_.load(std::memory_order_relaxed) ? Origin(payload.emitter()) : Origin());
    return wanted() ? emit_specially(std::move(one)) : EmitResult();
}

EmitResult TopicBase::emit_specially(const void* events, std::size_t count, Origin origin) {
    return emit_specially(Batch(type(), events, count, origin));
}

EmitResult TopicBase::emit_specially(Batch&& batch) {
    Aftermath after;
    const auto result = emit_if(batch, [] { return true; }, nullptr, after);
    after.settle();
    return *result;
}

EmitResult TopicBase::relay(Batch&& event, std::uint64_t missed) {
    Aftermath after;
    const auto note = [&] {
        note_missed(missed, event.origin());
        return true;
    };
    const auto result = emit_if(event, note, nullptr, after);
    after.settle();
    return *result;
}

std::optional<EmitResult> TopicBase::emit_if_unchanged(std::uint64_t sequence, Batch& batch) {
    Aftermath after;
    const auto result = emit_if(batch, [&] { return retained_sequence() == sequence; }, nullptr, after);
    after.settle();
    return result;
}

/// Those who list the type get copies of it; the others, if there are any, its shared form.
template <bool is_keyed>
EmitResult TopicBase::fan_out_inline(const std::byte* event, PayloadBase* shared, Origin origin, Moment now,
                                     DomainGuard& domain, const EmitSpot* turn, Aftermath& after) noexcept {
    EmitResult result;
    const std::size_t shares = erased_sinks_.size();
    result.subscribers = sinks_.size() + shares;
    FoundKeys keyed;
    if constexpr (is_keyed) {
        keyed = find_keyed(event, after);
        result.subscribers += keyed.count;
    }
    const bool is_heard = !is_keyed || result.subscribers != 0 || retained_ || counts_unheard_;
    if (shared != nullptr) shared->add_references(static_cast<std::uint32_t>(shares));
    const std::uint64_t sequence = domain.next_sequence();
    const Offer offer{sequence, turn, after, origin, now};
    const std::size_t bytes = type().id->size;
    result.delivered += offer_to(sinks_, OfferedEvent(event, bytes), offer, result);
    if constexpr (is_keyed) result.delivered += offer_to(keyed, OfferedEvent(event, bytes), offer, result);
    if (shared != nullptr) {
        const std::size_t taken = offer_to(erased_sinks_, shared, offer, result);
        result.delivered += taken;
        after.drop(*shared, static_cast<std::uint32_t>(1 + shares - taken));
    }
    if (retained_) {
        std::memcpy(kept_, event, bytes);
        retained_at_ = now;
        note_kept(sequence, origin, after);
    }
    if (is_keyed && result.killed != 0) remove_killed(keyed, after);
    if (is_heard) note_emitted(sequence, result.killed != 0, after);
    return result;
}

/// `is_new`: nobody else has seen it. `is_keyed`: somebody chose by key.
template <bool is_new, bool is_keyed>
[[gnu::always_inline]] inline void TopicBase::fan_out_shared(PayloadBase& payload, Origin origin, Moment now,
                                                             EmitResult& result, DomainGuard& domain,
                                                             const EmitSpot* turn, Aftermath& after) noexcept {
    FoundKeys keyed;
    if constexpr (is_keyed) {
        PayloadBase* const stored = &payload;
        keyed = find_keyed(reinterpret_cast<const std::byte*>(&stored), after);
    }
    const std::size_t sinks = sinks_.size() + keyed.count + (is_new ? 0 : erased_sinks_.size());
    const std::size_t killed = result.killed;
    result.subscribers += sinks;
    // one for each sink, one for being retained, and the emitter's own
    const auto references = static_cast<std::uint32_t>(sinks + 2);
    if constexpr (is_new) {
        payload.set_references(references);
    } else {
        payload.add_references(references - 1);
    }
    const std::uint64_t sequence = domain.next_sequence();
    const Offer offer{sequence, turn, after, origin, now};
    std::size_t taken = offer_to(sinks_, &payload, offer, result);
    if constexpr (is_keyed) taken += offer_to(keyed, &payload, offer, result);
    if constexpr (!is_new) taken += offer_to(erased_sinks_, &payload, offer, result);
    result.delivered += taken;
    if (retained_) {
        ++taken;
        if (PayloadBase* before = kept_payload()) after.drop(*before);
        PayloadBase* const kept = &payload;
        std::memcpy(kept_, &kept, sizeof(kept));
        if constexpr (!is_new) retained_at_ = now;
        note_kept(sequence, origin, after);
    }
    after.drop(payload, references - static_cast<std::uint32_t>(taken));
    if constexpr (is_keyed) {
        if (result.killed != killed) remove_killed(keyed, after);
        if (sinks == 0 && !retained_ && !counts_unheard_) return;
    }
    note_emitted(sequence, result.killed != killed, after);
}

EmitResult TopicBase::fan_out(Batch& batch, DomainGuard& domain, const EmitSpot* turn, Aftermath& after) noexcept {
    EmitResult result;
    const bool is_keyed = !keyed_.empty();
    const Moment now = core().stamp();
    if (closed_) result.error = errc::closed;
    for (std::size_t i = 0; !closed_ && wanted() && i < batch.size(); ++i) {
        PayloadBase* const payload = batch.take_shared();
        History::Decision decision;
        if (history_) {
            decision = decide(type().is_inline ? batch.event(i) : OfferedEvent(payload).bytes, after);
            if (decision.action == History::Action::refuse) {
                if (result.error == errc{}) result.error = errc::too_many_keys;
                ++refused_;
                after.drop(*payload);
                continue;
            }
            payload->add_reference();
        }
        if (type().is_inline) {
            result += is_keyed
                          ? fan_out_inline<true>(batch.event(i), payload, batch.origin(), now, domain, turn, after)
                          : fan_out_inline<false>(batch.event(i), payload, batch.origin(), now, domain, turn, after);
        } else if (is_keyed) {
            fan_out_shared<false, true>(*payload, batch.origin(), now, result, domain, turn, after);
        } else {
            fan_out_shared<false, false>(*payload, batch.origin(), now, result, domain, turn, after);
        }
        if (history_) history_->carry_out(decision, SlotTag(0, last_sequence_, batch.origin()), now, *payload, after);
    }
    return result;
}

History::Decision TopicBase::decide(const std::byte* event, Aftermath& after) noexcept {
    try {
        const UserCode code(*this, after);
        return history_->decide(event);
    } catch (...) {
        after.fail();
        return {};
    }
}

SharedTopic::SharedTopic(const EventType& type, std::string&& label, Core& core)
    : TopicBase(type, std::move(label), core, &kept_) {
    make_pool();
}

SharedTopic::~SharedTopic() {
    if (retained_sequence() != 0) kept_->release();
}

std::unique_ptr<TopicBase> SharedTopic::make(const EventType& type, std::string&& label, Core& core) {
    return std::make_unique<SharedTopic>(type, std::move(label), core);
}

EmitResult SharedTopic::emit(PayloadBase& payload, Origin origin) {
    payload.set_emitter(origin.id());
    auto held = IntrusivePtr<PayloadBase>::adopt(&payload);
    // Nothing is made ready before the lock: to take it waits for every store before it.
    DomainGuard domain(*this);
    static_cast<void>(held.detach());
    EmitResult result;
    if (is_special_) [[unlikely]] {
        domain.unlock();
        result = emit_specially(Batch(payload, origin));
        return result;
    }
    Aftermath after;
    fan_out_shared<true, false>(payload, origin, {}, result, domain, nullptr, after);
    domain.unlock();
    after.settle();
    return result;
}

EmitResult SharedTopic::emit_all(Batch&& events) {
    DomainGuard domain(*this);
    if (is_special_) [[unlikely]] {
        domain.unlock();
        return emit_specially(std::move(events));
    }
    Aftermath after;
    EmitResult result;
    for (std::size_t i = 0; i == 0 || (i < events.size() && wanted()); ++i)  // the one before may have killed all
        fan_out_shared<true, false>(*events.take_shared(), events.origin(), {}, result, domain, nullptr, after);
    domain.unlock();
    after.settle();
    return result;
}

}  // namespace event::detail
