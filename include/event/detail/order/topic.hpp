#pragma once

#include <event/detail/event/event_type.hpp>
#include <event/detail/event/payload.hpp>
#include <event/detail/order/aftermath.hpp>
#include <event/detail/order/domain.hpp>
#include <event/detail/order/retained.hpp>
#include <event/detail/order/subject.hpp>
#include <event/detail/queue/mailbox.hpp>
#include <event/emit_result.hpp>
#include <event/interface.hpp>
#include <event/report.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace event::detail {

class EmitterState;
template <class T>
class Topic;

/// How a subscription came to a topic: by listing its type, or as one of many.
enum class SinkKind : std::uint8_t { listed, behaviour, wildcard };

/// A subscription's queue as a topic sees it.
struct Sink {
    Mailbox* mailbox;
    std::uint32_t binding;  // in the mailbox's list of topics
    std::uint16_t type;     // in the list of what was subscribed to
    SinkKind kind;
};

/// Where one `async_emit` waits for its turn. It keeps its place among the emits of its topic until it is done.
class EmitSpot final : public ParkingSpot {
public:
    EmitSpot(IntrusivePtr<Core> core, TopicBase& topic, const EmitterState& emitter) noexcept
        : core_(std::move(core)), topic_(topic), emitter_(&emitter) {}

    [[nodiscard]] TopicBase& topic() const noexcept { return topic_; }
    [[nodiscard]] bool belongs_to(const EmitterState& emitter) const noexcept { return emitter_ == &emitter; }
    [[nodiscard]] const DomainMember& home() const noexcept override;
    [[nodiscard]] bool home_is(const boost::asio::execution_context& context) const noexcept override {
        return core_->context_is(context);
    }
    [[nodiscard]] bool home_is_gone() const noexcept override { return core_->context_is_gone(); }

    std::uint64_t arrival = 0;  // guarded by the domain's lock

private:
    void destroy_spot() noexcept override;

    const IntrusivePtr<Core> core_;
    TopicBase& topic_;
    const EmitterState* const emitter_;
};

/// What an event type has on one bus, or what a value is made of, as far as it does not depend on the type. It lives
/// as long as its core, so nobody ever holds a dangling topic; one that nobody uses is merely not reported.
class TopicBase : public Subject {
public:
    /// `type` lives as long as the program.
    TopicBase(const EventType& type, std::string label) noexcept : Subject(std::move(label)), type_(&type) {}
    ~TopicBase() override {
        if (pool_ != nullptr) pool_->abandon();
    }

    [[nodiscard]] const EventType& type() const noexcept { return *type_; }
    [[nodiscard]] bool has_emitter() const noexcept final { return emitters != 0; }

    /// Memory for events in their shared form.
    [[nodiscard]] PayloadPool& pool() noexcept { return *pool_; }
    /// Needs the bus's mutex. Throws `std::bad_alloc`.
    void make_pool() {
        if (pool_ == nullptr) pool_ = new PayloadPool(*type_);
    }

    /// Whether an emit has anything to do: one load, all that an emit to nobody costs.
    [[nodiscard]] bool wanted() const noexcept { return attention_.load(std::memory_order_relaxed) != 0; }

    // ---- under the domain's lock -----------------------------------------------------------------------------

    /// Makes the next `add`s unable to fail. Needs the bus's mutex instead of the lock.
    void reserve_sinks(SinkKind kind, std::size_t more);
    /// Needs the bus's mutex, too.
    void add(Mailbox& mailbox, std::uint16_t type, SinkKind kind, Aftermath& after) noexcept;
    /// Takes the mailbox from all its topics, and lets those emits go on that waited for it.
    static void remove(Mailbox& mailbox, Aftermath& after) noexcept;

    void retain() noexcept;
    void count_unheard() noexcept;
    /// From now on the number of subscribers is told there, whenever it changes. That value lives as long as the topic.
    void tell_subscribers_to(Topic<std::size_t>& count, Aftermath& after) noexcept;
    /// No more events: watchers and waiting emits learn of it.
    void close(Aftermath& after) noexcept;
    /// The waiting emits of this emitter end.
    void close_emitter(const EmitterState& emitter, Aftermath& after) noexcept;
    [[nodiscard]] bool is_closed() const noexcept { return closed_; }
    /// 0: none. Without the lock it may have changed meanwhile.
    [[nodiscard]] std::uint64_t retained_sequence() const noexcept {
        return retained_sequence_.load(std::memory_order_relaxed);
    }
    [[nodiscard]] bool is_retained() const noexcept { return retained_; }
    /// Queues the retained event for a new subscriber.
    virtual void replay(Mailbox& mailbox, std::uint16_t type, Aftermath& after) noexcept = 0;
    /// The same in the shared form, for which the memory is there.
    virtual void replay_shared(Mailbox& mailbox, std::uint16_t type, PayloadBlock&& block,
                               Aftermath& after) noexcept = 0;
    /// Emits an event that has its shared form already, maybe from another bus; one reference goes along.
    virtual EmitResult emit_shared(PayloadBase& payload) = 0;
    virtual void forget(Aftermath& after) noexcept = 0;
    void stat_into(TopicStat& stat) const noexcept;
    /// Whether a subscription lists the type, somebody watches it, or its last event is kept.
    [[nodiscard]] bool is_in_use() const noexcept {
        return !sinks_.empty() || retained_sequence() != 0 || watchers_ != 0;
    }
    /// Nobody uses it any more: what the next user finds is new.
    void reset() noexcept;

    /// Watchers that wait for a newer event.
    SpotList& watching() noexcept { return watching_; }
    /// Emits that wait for room, and first of them the one whose turn it is.
    SpotList& emitting() noexcept { return emitting_; }
    void enlist(EmitSpot& spot) noexcept;
    [[nodiscard]] EmitSpot* first_emitting() const noexcept { return static_cast<EmitSpot*>(emitting_.front()); }
    /// Whether all subscribers that are waited for have room.
    [[nodiscard]] bool has_room() const noexcept;
    /// Wakes the first waiting emit if there is room for it.
    void give_turn(Aftermath& after) noexcept;
    /// The same for several topics whose emits wait for one mailbox: the one that came first runs first.
    static void give_turns(std::span<Binding> bindings, Aftermath& after) noexcept;
    void wake_watchers(Aftermath& after) noexcept;
    /// All watchers, whether they wait or not; and those of them that have not seen the newest event.
    [[nodiscard]] std::size_t watchers() const noexcept { return watchers_; }
    [[nodiscard]] std::size_t watchers_behind() const noexcept {
        if (retained_sequence() == 0) return 0;
        return watchers_ - (seen_sequence_ == retained_sequence() ? watchers_up_to_date_ : 0);
    }
    void add_watcher() noexcept { ++watchers_; }
    /// One that has last seen the event of that sequence.
    void remove_watcher(std::uint64_t seen) noexcept {
        --watchers_;
        if (seen != 0 && seen == seen_sequence_) --watchers_up_to_date_;
    }
    /// A watcher sees the newest event for the first time.
    void newest_was_seen() noexcept {
        if (std::exchange(seen_sequence_, retained_sequence()) != retained_sequence()) watchers_up_to_date_ = 0;
        ++watchers_up_to_date_;
    }

    // ---- guarded by the bus's mutex --------------------------------------------------------------------------

    std::size_t emitters = 0;
    std::size_t values = 0;  // of the emitters: handles of the bus's latest value
    bool has_exclusive_emitter = false;
    bool is_counted = false;  // somebody asked for its counts: it stays listed
    bool is_listed = false;   // under its label; a topic that nobody uses is not, when the label was declared

protected:
    struct Counts {
        std::size_t delivered = 0, rejected = 0, refused = 0, displaced = 0, killed = 0;

        Counts& operator+=(const Counts& other) noexcept {
            delivered += other.delivered;
            rejected += other.rejected;
            refused += other.refused;
            displaced += other.displaced;
            killed += other.killed;
            return *this;
        }
    };

    void remove_killed(Aftermath& after) noexcept;

    PayloadPool* pool_ = nullptr;  // for a type that is stored inline only once somebody wants the shared form

    // guarded by the domain's lock
    std::vector<Sink> sinks_;                          // of those who list the type
    std::vector<Sink> erased_sinks_;                   // of behaviours and wildcards: they get the shared form
    std::size_t waiting_policies_ = 0;                 // sinks whose policy is Wait
    std::atomic<std::uint64_t> retained_sequence_{0};  // 0: no retained event; read without the lock, too
    std::uint64_t emitted_ = 0;
    std::uint64_t last_sequence_ = 0;
    bool retained_ = false;
    bool counts_unheard_ = false;
    bool closed_ = false;
    bool is_special_ = false;  // closed, or with erased sinks: an emit has more to do than to push
    SpotList watching_;
    SpotList emitting_;

private:
    [[nodiscard]] std::vector<Sink>& sinks(SinkKind kind) noexcept {
        return kind == SinkKind::listed ? sinks_ : erased_sinks_;
    }
    [[nodiscard]] std::size_t subscribers() const noexcept { return sinks_.size() + erased_sinks_.size() - wildcards_; }
    [[nodiscard]] std::size_t& sure_room(SinkKind kind) noexcept {
        return kind == SinkKind::listed ? sure_room_ : sure_erased_room_;
    }
    void remove_sink(const Binding& binding, Aftermath& after) noexcept;
    void sinks_changed(Aftermath& after) noexcept;
    void refresh_attention() noexcept;

    // guarded by the domain's lock
    std::size_t wildcards_ = 0;  // of the erased sinks
    std::size_t watchers_ = 0;
    std::uint64_t seen_sequence_ = 0;      // the newest event that some watcher has seen
    std::size_t watchers_up_to_date_ = 0;  // that have seen that one

    Topic<std::size_t>* subscriber_count_ = nullptr;  // guarded by the domain's lock
    std::atomic<std::uint32_t> attention_{0};
    const EventType* const type_;

    // guarded by the bus's mutex: so many can be added to the lists at least
    std::size_t sure_room_ = 0;
    std::size_t sure_erased_room_ = 0;
};

template <class T>
class Topic final : public TopicBase {
public:
    using Item = EventItem<T>;

    explicit Topic(const EventType& type, std::string label) : TopicBase(type, std::move(label)) {
        if constexpr (!stored_inline<T>) make_pool();
    }
    ~Topic() override {
        if (PayloadBase* payload = retained_sequence() != 0 ? kept_.payload() : nullptr) payload->release();
    }
    [[nodiscard]] static std::unique_ptr<TopicBase> make(const EventType& type, std::string label) {
        return std::make_unique<Topic>(type, std::move(label));
    }

    /// Emits one event; a payload's reference goes along.
    EmitResult emit(Item event) {
        // Nothing is made ready before the lock: to take it waits for every store before it.
        DomainGuard domain = lock_for(event);
        if (is_special_) [[unlikely]] {
            domain.unlock();
            return emit_specially(event);
        }
        return emit_plainly(event, domain);
    }

    /// Emits one event if the retained one is still that of `sequence`; otherwise none, and the event stays the
    /// caller's, unless this throws.
    std::optional<EmitResult> emit_if_unchanged(std::uint64_t sequence, Item event) {
        std::optional<EmitResult> result;
        Aftermath after;
        try {
            attempt(event, [&](DomainGuard& domain, SharedForm<T>* shared) {
                if (retained_sequence() != sequence) return true;
                EmitResult emitted;
                if (!publish(event, shared, domain, false, emitted, after)) return false;
                result = emitted;
                return true;
            });
        } catch (...) {
            if constexpr (!stored_inline<T>) event->release();
            throw;
        }
        after.settle();
        return result;
    }

    /// Emits events one after the other, with nothing in between. `next(i)` is the i-th of them.
    template <class Next>
    EmitResult emit_all(std::size_t count, Next&& next) {
        EmitResult result;
        Aftermath after;
        {
            DomainGuard domain(*this);
            if (is_special_) [[unlikely]] {
                domain.unlock();
                return emit_all_specially(count, next);
            }
            for (std::size_t i = 0; i < count; ++i) add(result, fan_out<false>(next(i), nullptr, domain, false, after));
        }
        after.settle();
        return result;
    }

    EmitResult emit_shared(PayloadBase& payload) override {
        if (!wanted()) {
            payload.release();
            return {};
        }
        auto& event = static_cast<Payload<T>&>(payload);
        EmitResult result;
        Aftermath after;
        {
            DomainGuard domain(*this, &event);
            if (closed_) {
                result.error = errc::closed;
                after.drop(event);
            } else if constexpr (stored_inline<T>) {
                add(result, fan_out<true>(&event.value(), &event, domain, false, after));
            } else {
                add(result, fan_out<true>(&event, &event, domain, false, after));
            }
        }
        after.settle();
        return result;
    }

    /// Calls `emit(domain, shared)` under the lock; when that says that it needs the event's shared form, builds it
    /// without the lock and calls it once more.
    template <class Emit>
    void attempt(Item event, Emit&& emit) {
        {
            DomainGuard domain(*this);
            if (emit(domain, static_cast<SharedForm<T>*>(nullptr))) [[likely]]
                return;
        }
        if constexpr (stored_inline<T>) {
            SharedForm<T> shared(pool(), *event);
            DomainGuard domain(*this);
            emit(domain, &shared);
        }
    }

    /// The one way into the order and the queues. Under the domain's lock, which `domain` holds.
    /// `has_turn`: the room that waiting emits wait for is this emit's.
    /// False if nothing was done because somebody wants the shared form of an inline event.
    bool publish(Item event, SharedForm<T>* shared, DomainGuard& domain, bool has_turn, EmitResult& result,
                 Aftermath& after) noexcept {
        if (is_special_) [[unlikely]]
            return publish_specially(event, shared, domain, has_turn, result, after);
        add(result, fan_out<false>(event, nullptr, domain, has_turn, after));
        return true;
    }

    void replay(Mailbox& mailbox, std::uint16_t type, Aftermath& after) noexcept override {
        if (PayloadBase* payload = kept_.payload()) payload->add_reference();
        mailbox.replay(type, retained_sequence(), stored(kept_.item()), after);
    }
    void replay_shared(Mailbox& mailbox, std::uint16_t type, PayloadBlock&& block, Aftermath& after) noexcept override {
        if constexpr (stored_inline<T>) {
            PayloadBase* payload = Payload<T>::create(std::move(block), kept_.value());
            mailbox.replay(type, retained_sequence(), payload, after);
        } else {
            replay(mailbox, type, after);
        }
    }

    void forget(Aftermath& after) noexcept override {
        if (retained_sequence() == 0) return;
        if (PayloadBase* payload = kept_.payload()) after.drop(*payload);
        retained_sequence_.store(0, std::memory_order_relaxed);
    }

    /// The retained event and its sequence; 0 if there is none. A payload's reference goes along.
    std::uint64_t read(Retained<T>& copy) const noexcept {
        if (retained_sequence() == 0) return 0;
        copy = kept_;
        if (PayloadBase* payload = copy.payload()) payload->add_reference();
        return retained_sequence();
    }

private:
    [[nodiscard]] DomainGuard lock_for(Item event) const {
        if constexpr (stored_inline<T>) {
            return DomainGuard(*this);
        } else {
            return DomainGuard(*this, event);
        }
    }

    /// What a queue stores: the events' bytes, or a pointer to the payload without its type.
    [[nodiscard]] static auto stored(Item event) noexcept {
        if constexpr (stored_inline<T>) {
            return event;
        } else {
            return static_cast<PayloadBase*>(event);
        }
    }

    [[gnu::always_inline]] EmitResult emit_plainly(Item event, DomainGuard& domain) {
        Aftermath after;
        const EmitResult result = fan_out<false>(event, nullptr, domain, false, after);
        domain.unlock();
        after.settle();
        return result;
    }

    [[gnu::noinline]] EmitResult emit_specially(Item event) {
        EmitResult result;
        Aftermath after;
        attempt(event, [&](DomainGuard& domain, SharedForm<T>* shared) {
            return publish(event, shared, domain, false, result, after);
        });
        after.settle();
        return result;
    }

    template <class Next>
    [[gnu::noinline]] EmitResult emit_all_specially(std::size_t count, Next& next) {
        EmitResult result;
        Aftermath after;
        std::vector<SharedForm<T>> shared;
        if constexpr (stored_inline<T>) shared.reserve(count);
        for (bool is_done = false; !is_done;) {
            {
                DomainGuard domain(*this);
                is_done = !stored_inline<T> || closed_ || erased_sinks_.empty() || !shared.empty();
                for (std::size_t i = 0; is_done && i < count; ++i)
                    publish(next(i), shared.empty() ? nullptr : &shared[i], domain, false, result, after);
            }
            if constexpr (stored_inline<T>) {
                for (std::size_t i = 0; !is_done && i < count; ++i) shared.emplace_back(pool(), *next(i));
            }
        }
        after.settle();
        return result;
    }

    [[gnu::noinline]] bool publish_specially(Item event, SharedForm<T>* shared, DomainGuard& domain, bool has_turn,
                                             EmitResult& result, Aftermath& after) noexcept {
        if (closed_) {
            result.error = errc::closed;
            if constexpr (!stored_inline<T>) after.drop(*event);
        } else if constexpr (stored_inline<T>) {
            if (shared == nullptr) return false;
            add(result, fan_out<true>(event, shared->release(), domain, has_turn, after));
        } else {
            add(result, fan_out<true>(event, event, domain, has_turn, after));
        }
        return true;
    }

    /// Gives the event its place in the order, and offers it to every queue.
    template <bool is_shared>
    EmitResult fan_out(Item event, Payload<T>* shared, DomainGuard& domain, bool has_turn, Aftermath& after) noexcept {
        std::size_t subscribers = sinks_.size();
        if constexpr (is_shared) {
            // others may hold it already; an inline event's queues have copies of it
            subscribers += erased_sinks_.size();
            const std::size_t shares = stored_inline<T> ? erased_sinks_.size() : subscribers + 1;
            shared->add_references(static_cast<std::uint32_t>(shares));
        } else if constexpr (!stored_inline<T>) {
            // one for each sink, one for being retained, and the emitter's own
            event->set_references(static_cast<std::uint32_t>(subscribers + 2));
        }
        const std::uint64_t sequence = domain.next_sequence();
        const bool room_is_promised = !has_turn && !emitting_.empty();
        Counts counts = offer(sinks_, stored(event), sequence, room_is_promised, after);
        [[maybe_unused]] const std::size_t delivered_inline = stored_inline<T> ? counts.delivered : 0;
        if constexpr (is_shared)
            counts += offer(erased_sinks_, static_cast<PayloadBase*>(shared), sequence, room_is_promised, after);

        std::size_t unused = 1 + subscribers - counts.delivered;
        if (retained_) {
            keep(event, sequence, after);
        } else {
            ++unused;
        }
        if constexpr (!stored_inline<T>) {
            after.drop(*event, static_cast<std::uint32_t>(unused));
        } else if constexpr (is_shared) {
            const std::size_t taken = counts.delivered - delivered_inline;
            after.drop(*shared, static_cast<std::uint32_t>(1 + erased_sinks_.size() - taken));
        }
        if (counts.killed != 0) [[unlikely]]
            remove_killed(after);

        last_sequence_ = sequence;
        ++emitted_;
        return {.subscribers = subscribers,
                .delivered = counts.delivered,
                .rejected = counts.rejected,
                .refused = counts.refused,
                .displaced = counts.displaced,
                .killed = counts.killed};
    }
    static void add(EmitResult& sum, const EmitResult& one) noexcept {
        sum.subscribers += one.subscribers;
        sum.delivered += one.delivered;
        sum.rejected += one.rejected;
        sum.refused += one.refused;
        sum.displaced += one.displaced;
        sum.killed += one.killed;
    }

    template <class Stored>
    Counts offer(const std::vector<Sink>& sinks, Stored event, std::uint64_t sequence, bool room_is_promised,
                 Aftermath& after) noexcept {
        Counts counts;
        for (const Sink& sink : sinks) {
            Mailbox& mailbox = *sink.mailbox;
            const Pushed pushed = room_is_promised && mailbox.policy() == Policy::wait
                                      ? mailbox.refuse(sink.type, after)
                                      : mailbox.push(sink.type, sequence, event, after);
            if (pushed == Pushed::queued) [[likely]] {
                ++counts.delivered;
            } else {
                count(pushed, counts);
            }
        }
        return counts;
    }

    static void count(Pushed pushed, Counts& counts) noexcept {
        switch (pushed) {
            case Pushed::displaced:
                ++counts.delivered;
                ++counts.displaced;
                break;
            case Pushed::rejected:
                ++counts.rejected;
                break;
            case Pushed::merged_away:
                ++counts.rejected;
                ++counts.displaced;
                break;
            case Pushed::refused:
                ++counts.refused;
                break;
            case Pushed::killed:
                ++counts.killed;
                break;
            case Pushed::queued:
                break;
        }
    }

    void keep(Item event, std::uint64_t sequence, Aftermath& after) noexcept {
        if constexpr (!stored_inline<T>) {
            if (retained_sequence() != 0) after.drop(*kept_.payload());
        }
        kept_.store(event);
        retained_sequence_.store(sequence, std::memory_order_relaxed);
        if (!watching_.empty()) wake_watchers(after);
    }

    Retained<T> kept_;  // guarded by the domain's lock
};

/// Sets the latest value of a count. The lock of its domain may be taken under that of another one: who holds it takes
/// no further lock.
void tell(Topic<std::size_t>& count, std::size_t number, Aftermath& after) noexcept;

/// The type's `event_interfaces`, as a table.
template <class T>
struct InterfacesOf {
    template <class... Bases>
    [[nodiscard]] static std::span<const ImplementedInterface> table(const Interfaces<Bases...>*) noexcept {
        static_assert((std::is_convertible_v<const T*, const Bases*> && ...),
                      "event: an event type must publicly derive from each of its event_interfaces");
        if constexpr (sizeof...(Bases) == 0) {
            return {};
        } else {
            static const ImplementedInterface all[]{{&type_id<Bases>(), &view<Bases>}...};
            return all;
        }
    }
    [[nodiscard]] static std::span<const ImplementedInterface> table() noexcept {
        if constexpr (requires { typename T::event_interfaces; }) {
            return table(static_cast<const typename T::event_interfaces*>(nullptr));
        } else {
            return {};
        }
    }

private:
    template <class Base>
    [[nodiscard]] static const void* view(const PayloadBase& payload) noexcept {
        return static_cast<const Base*>(&Payload<T>::value_of(payload));
    }
};

/// The type as the bus sees it.
template <class T>
[[nodiscard]] const EventType& event_type() noexcept {
    static const EventType type{
        .id = &type_id<T>(),
        .interfaces = InterfacesOf<T>::table(),
        .payload_size = sizeof(Payload<T>),
        .payload_alignment = alignof(Payload<T>),
        .dispose = &Payload<T>::dispose_payload,
        .print = [](const PayloadBase& payload,
                    fmt::appender out) { return print_event(Payload<T>::value_of(payload), out); },
        .make_topic = &Topic<T>::make};
    return type;
}

}  // namespace event::detail
