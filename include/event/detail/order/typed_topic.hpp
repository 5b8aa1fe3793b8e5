#pragma once

#include <event/detail/event/event_type.hpp>
#include <event/detail/event/payload.hpp>
#include <event/detail/order/aftermath.hpp>
#include <event/detail/order/batch.hpp>
#include <event/detail/order/retained.hpp>
#include <event/detail/order/topic.hpp>
#include <event/emit_result.hpp>
#include <event/interface.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#pragma push_macro("emit")  // Qt has one
#undef emit

namespace event::detail {

/// A topic as its emitters see it: how an event gets its place in the order, and into every queue.
template <class T>
class Topic final : public TopicBase {
public:
    using Event = T;
    using Item = EventItem<T>;

    Topic(const EventType& type, std::string&& label, Core& core) : TopicBase(type, std::move(label), core) {
        if constexpr (!stored_inline<T>) make_pool();
    }
    ~Topic() override {
        if (PayloadBase* payload = retained_sequence() != 0 ? kept_.payload() : nullptr) payload->release();
    }
    [[nodiscard]] static std::unique_ptr<TopicBase> make(const EventType& type, std::string&& label, Core& core) {
        return std::unique_ptr<TopicBase>(new Topic(type, std::move(label), core));
    }

    /// Emits one event; a payload's reference goes along.
    EmitResult emit(Item event) {
        OneEvent<T> one(event);
        return emit_batch(one);
    }
    /// Emits events one after the other, with nothing in between.
    EmitResult emit_all(ManyEvents<T>& events) { return emit_batch(events); }
    EmitResult emit_shared(PayloadBase& payload) override {
        OneEvent<T> one(static_cast<Payload<T>&>(payload));
        return wanted() ? emit_specially(std::move(one)) : EmitResult();
    }
    /// Emits one event if the retained one is still that of `sequence`; otherwise none.
    std::optional<EmitResult> emit_if_unchanged(std::uint64_t sequence, OneEvent<T>& event) {
        Aftermath after;
        auto result = emit_if(event, [&] { return retained_sequence() == sequence; }, false, after);
        after.settle();
        return result;
    }

    struct Nothing {
        void operator()() const noexcept {}
    };
    /// The one way into the order and the queues beside the shortest: emits the batch if `admits`, under the lock, says
    /// so, and then calls `emitted`. `has_turn`: the room that waiting emits wait for is this emit's.
    template <class Batch, class Admits, class Emitted = Nothing>
    std::optional<EmitResult> emit_if(Batch& batch, Admits&& admits, bool has_turn, Aftermath& after,
                                      Emitted&& emitted = {}) {
        std::optional<EmitResult> result;
        for (bool is_ready = false; !is_ready;) {
            {
                DomainGuard domain(*this);
                is_ready = !stored_inline<T> || closed_ || erased_sinks_.empty() || batch.is_shared();
                if (is_ready && admits()) {
                    result.emplace();
                    if (closed_) result->error = errc::closed;
                    for (std::size_t i = 0; !closed_ && wanted() && i < batch.size(); ++i)
                        *result += fan_out_one(batch, i, domain, has_turn, after);
                    emitted();
                }
            }
            if constexpr (stored_inline<T>) {
                if (!is_ready) batch.share(pool());
            }
        }
        return result;
    }

    /// Sets the latest value of a count, whose lock may be taken under that of another one: who holds it takes no
    /// further lock.
    void tell(Item number, Aftermath& after) noexcept {
        DomainGuard domain(*this);
        if (!closed_) fan_out<false>(number, nullptr, domain, false, after);
    }

    void replay(Mailbox& mailbox, std::uint16_t type, PayloadBlock&& block, Aftermath& after) noexcept override {
        if (PayloadBase* payload = kept_.payload()) payload->add_reference();
        if constexpr (stored_inline<T>) {
            if (block) {
                PayloadBase* payload = Payload<T>::create(std::move(block), kept_.value());
                return mailbox.replay(type, retained_sequence(), payload, after);
            }
        }
        mailbox.replay(type, retained_sequence(), stored(kept_.item()), after);
    }

    void forget(Aftermath& after) noexcept override {
        if (retained_sequence() == 0) return;
        if (PayloadBase* payload = kept_.payload()) after.drop(*payload);
        retained_sequence_.store(0, std::memory_order_relaxed);
        note_forgotten(after);
    }

    /// The retained event and its sequence; 0 if there is none. A payload's reference goes along.
    std::uint64_t read(Retained<T>& copy) const noexcept {
        if (retained_sequence() == 0) return 0;
        copy = kept_;
        if (PayloadBase* payload = copy.payload()) payload->add_reference();
        return retained_sequence();
    }

private:
    /// What a queue stores: the events' bytes, or a pointer to the payload without its type.
    [[nodiscard]] static auto stored(Item event) noexcept {
        if constexpr (stored_inline<T>) {
            return event;
        } else {
            return static_cast<PayloadBase*>(event);
        }
    }

    template <class Batch>
    [[gnu::always_inline]] EmitResult emit_batch(Batch& batch) {
        // Nothing is made ready before the lock: to take it waits for every store before it.
        DomainGuard domain(*this);
        if (is_special_) [[unlikely]] {
            domain.unlock();
            return emit_specially(std::move(batch));  // which else would be in memory on the way below, too
        }
        Aftermath after;
        EmitResult result = fan_out<false>(batch.take(0), nullptr, domain, false, after);
        for (std::size_t i = 1; i < batch.size() && wanted(); ++i)  // the one before may have killed all
            result += fan_out<false>(batch.take(i), nullptr, domain, false, after);
        domain.unlock();
        after.settle();
        return result;
    }
    template <class Batch>
    [[gnu::noinline]] EmitResult emit_specially(Batch batch) {
        Aftermath after;
        const auto result = emit_if(batch, [] { return true; }, false, after);
        after.settle();
        return *result;
    }
    template <class Batch>
    EmitResult fan_out_one(Batch& batch, std::size_t i, DomainGuard& domain, bool has_turn, Aftermath& after) noexcept {
        if constexpr (stored_inline<T>) {
            if (Payload<T>* shared = batch.take_shared(i))
                return fan_out<true>(batch.take(i), shared, domain, has_turn, after);
            return fan_out<false>(batch.take(i), nullptr, domain, has_turn, after);
        } else {
            Payload<T>* payload = batch.take(i);
            return fan_out<true>(payload, payload, domain, has_turn, after);
        }
    }

    /// Gives the event its place in the order, and offers it to every queue.
    template <bool is_shared>
    EmitResult fan_out(Item event, Payload<T>* shared, DomainGuard& domain, bool has_turn, Aftermath& after) noexcept {
        EmitResult result;
        result.subscribers = sinks_.size();
        std::size_t shares = sinks_.size();
        if constexpr (is_shared) {
            // others may hold it already; an inline event's queues have copies of it
            result.subscribers += erased_sinks_.size();
            shares = stored_inline<T> ? erased_sinks_.size() : result.subscribers + 1;
            shared->add_references(static_cast<std::uint32_t>(shares));
        } else if constexpr (!stored_inline<T>) {
            // one for each sink, one for being retained, and the emitter's own
            event->set_references(static_cast<std::uint32_t>(++shares + 1));
        }
        const std::uint64_t sequence = domain.next_sequence();
        const Offer offer{sequence, has_turn, after};
        std::size_t taken = offer_to(sinks_, stored(event), offer, result);
        if constexpr (is_shared) {
            const std::size_t copies = stored_inline<T> ? std::exchange(taken, 0) : 0;
            taken += offer_to(erased_sinks_, static_cast<PayloadBase*>(shared), offer, result);
            result.delivered += copies;
        }
        result.delivered += taken;

        if constexpr (!stored_inline<T>) {
            if (retained_) ++taken;
            after.drop(*event, static_cast<std::uint32_t>(1 + shares - taken));
        } else if constexpr (is_shared) {
            after.drop(*shared, static_cast<std::uint32_t>(1 + shares - taken));
        }
        if (retained_) keep(event, sequence, after);
        if (result.killed != 0) [[unlikely]]
            remove_killed(after);

        last_sequence_ = sequence;
        ++emitted_;
        return result;
    }

    /// How many queues have taken it.
    template <class Stored>
    std::size_t offer_to(const std::vector<Sink>& sinks, Stored event, const Offer& offer,
                         EmitResult& result) noexcept {
        std::size_t taken = 0;
        for (const Sink& sink : sinks) {
            const Pushed pushed = sink.mailbox->push(sink.type, event, offer);
            if (pushed == Pushed::queued) [[likely]] {
                ++taken;
            } else {
                if (pushed == Pushed::displaced) ++taken;
                count(pushed, result);
            }
        }
        return taken;
    }

    void keep(Item event, std::uint64_t sequence, Aftermath& after) noexcept {
        if constexpr (!stored_inline<T>) {
            if (retained_sequence() != 0) after.drop(*kept_.payload());
        }
        kept_.store(event);
        setter_ = __builtin_thread_pointer();
        retained_sequence_.store(sequence, std::memory_order_relaxed);
        if (!watching_.empty()) after.wake_all(watching_);
    }

    Retained<T> kept_;  // guarded by the domain's lock
};

template <class T>
[[nodiscard]] fmt::appender print_payload(const PayloadBase& payload, fmt::appender out) {
    return detail::print_event(Payload<T>::value_of(payload), out);
}
/// Null where it is printed as all are that say nothing of it.
template <class T>
[[nodiscard]] consteval auto print_function() noexcept -> decltype(EventType::print) {
    if constexpr (Printable<T>) {
        return &print_payload<T>;
    } else {
        return nullptr;
    }
}

/// The type's `event_interfaces`, as a table.
template <class T>
struct InterfacesOf {
    template <class... Bases>
    [[nodiscard]] static consteval std::span<const ImplementedInterface> table(const Interfaces<Bases...>*) noexcept {
        static_assert((std::is_convertible_v<const T*, const Bases*> && ...),
                      "event: an event type must publicly derive from each of its event_interfaces");
        return all<Bases...>;
    }
    [[nodiscard]] static consteval std::span<const ImplementedInterface> table() noexcept {
        if constexpr (requires { typename T::event_interfaces; }) {
            static_assert(
                requires { table(static_cast<const typename T::event_interfaces*>(nullptr)); },
                "event: event_interfaces must be event::Interfaces<…> of the behaviours");
            return table(static_cast<const typename T::event_interfaces*>(nullptr));
        } else {
            return {};
        }
    }

private:
    template <class Base>
    [[nodiscard]] static const void* view(const PayloadBase& payload) noexcept {
        return static_cast<const Base*>(std::addressof(Payload<T>::value_of(payload)));
    }
    template <class... Bases>
    static constexpr std::array<ImplementedInterface, sizeof...(Bases)> all{{{&type_id<Bases>, &view<Bases>}...}};
};

/// The type as the bus sees it.
template <class T>
inline constexpr EventType event_type{.id = &type_id<T>,
                                      .interfaces = InterfacesOf<T>::table(),
                                      .payload_size = sizeof(Payload<T>),
                                      .payload_alignment = alignof(Payload<T>),
                                      .dispose = &Payload<T>::dispose_payload,
                                      .print = print_function<T>(),
                                      .make_topic = &Topic<T>::make};

}  // namespace event::detail

#pragma pop_macro("emit")
