#pragma once

#include <event/detail/event/event_type.hpp>
#include <event/detail/event/payload.hpp>
#include <event/detail/intrusive_list.hpp>
#include <event/detail/order/aftermath.hpp>
#include <event/detail/order/batch.hpp>
#include <event/detail/order/domain.hpp>
#include <event/detail/order/history.hpp>
#include <event/detail/order/key_index.hpp>
#include <event/detail/order/subject.hpp>
#include <event/detail/queue/mailbox.hpp>
#include <event/detail/thread.hpp>
#include <event/detail/wait/spot.hpp>
#include <event/emit_result.hpp>
#include <event/report.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace event::detail {

template <std::size_t size>
class InlineTopic;
class SharedTopic;
class Combination;
class PushedWatch;

/// A topic as its emitters see it.
template <class T>
using Topic = std::conditional_t<stored_inline<T>, InlineTopic<sizeof(T)>, SharedTopic>;

/// How a subscription came to a topic: by listing its type, or as one of many.
enum class SinkKind : std::uint8_t { listed, behaviour, wildcard };

/// A subscription's queue as a topic sees it.
struct Sink {
    Mailbox* mailbox;
    std::uint32_t binding;  // in the mailbox's list of topics
    std::uint16_t type;     // in the list of what was subscribed to
    SinkKind kind;
};

/// An event that waits for room, and what is left to do once it was asked whom it is for.
struct Waiting {
    Batch& event;
    Aftermath& after;
};

/// What an event type has on one bus, or what a value is made of, as far as it does not depend on the type. It lives
/// as long as its core, so nobody ever holds a dangling topic; one that nobody uses is merely not reported.
class TopicBase : public Subject {
public:
    ~TopicBase() override;

    [[nodiscard]] const EventType& type() const noexcept { return *type_; }
    [[nodiscard]] bool has_emitter() const noexcept final { return emitters != 0; }

    /// Memory for events in their shared form.
    [[nodiscard]] PayloadPool& pool() noexcept { return *pool_.load(std::memory_order_relaxed); }
    /// Needs the bus's mutex. Throws `std::bad_alloc`.
    void make_pool() {
        if (!has_pool()) pool_.store(new PayloadPool(*type_, core().pooled_bytes()), std::memory_order_relaxed);
    }
    /// Of a topic that is not used: gives back what its pool keeps. No domain's lock is held.
    void empty_pool() noexcept {
        if (has_pool()) pool().empty();
    }

    /// Whether an emit has anything to do: one load, all that an emit to nobody costs.
    [[nodiscard]] bool wanted() const noexcept { return is_wanted_.load(std::memory_order_relaxed); }

    /// Emits an event that has its shared form already, maybe from another bus; one reference goes along.
    EmitResult emit_shared(PayloadBase& payload);
    /// Emits an event that comes from elsewhere, where so many were lost before it.
    EmitResult relay(Batch&& event, std::uint64_t missed);
    /// Emits the batch if the retained event is still that of `sequence`; otherwise nothing, and it stays the caller's.
    std::optional<EmitResult> emit_if_unchanged(std::uint64_t sequence, Batch& batch);
    struct Nothing {
        void operator()() const noexcept {}
    };
    /// The one way into the order and the queues beside the shortest: emits the batch if `admits`, under the lock, says
    /// so, and then calls `emitted`. `turn`: where the emit has waited, or null.
    template <class Admits, class Emitted = Nothing>
    std::optional<EmitResult> emit_if(Batch& batch, Admits&& admits, const EmitSpot* turn, Aftermath& after,
                                      Emitted&& emitted = {}) {
        for (;;) {
            {
                DomainGuard domain(*this);
                if (closed_ || !wants_shared() || batch.is_shared()) {
                    std::optional<EmitResult> result;
                    if (admits()) {
                        result = fan_out(batch, domain, turn, after);
                        emitted();
                    }
                    return result;
                }
            }
            batch.share(pool());
        }
    }

    // ---- under the domain's lock -----------------------------------------------------------------------------

    /// Makes the next `add`s unable to fail. Needs the bus's mutex instead of the lock.
    void reserve_sinks(SinkKind kind, std::size_t more) {
        if (sure_room(kind) < more) make_room_for_sinks(kind, more);
    }
    /// The same for one that chose by key. What its user's code throws is in `after` then.
    void reserve_keys(ChosenKeys& keys, Aftermath& after) { keyed_.reserve(keys, *this, after); }
    /// Needs the bus's mutex, too.
    void add(Mailbox& mailbox, std::uint16_t type, SinkKind kind, Aftermath& after) noexcept;
    /// Takes the mailbox from all its topics, and lets those emits go on that waited for it.
    static void remove(Mailbox& mailbox, Aftermath& after) noexcept;

    void retain() noexcept;
    /// Retains that beside the newest event, from now on.
    void retain(std::unique_ptr<History> history) noexcept;
    [[nodiscard]] const History* history() const noexcept { return history_.get(); }
    /// Whether it has none, or the same; needs the bus's mutex instead of the lock. What a user's code throws is in
    /// `after`.
    [[nodiscard]] bool may_retain(const History& history, Aftermath& after) noexcept;
    /// What was that of a topic that nobody used; no lock is held where it is destroyed.
    [[nodiscard]] std::unique_ptr<History> take_unused_history() noexcept { return std::move(unused_history_); }
    void count_unheard() noexcept;
    /// From now on the number of subscribers, and of what was forgotten, is told there, whenever it changes. Those
    /// values live as long as the topic.
    void tell_counts_to(Topic<std::size_t>& subscribers, Topic<std::size_t>& forgotten, Aftermath& after) noexcept;
    /// No more events: watchers learn of it.
    void close(Aftermath& after) noexcept;
    [[nodiscard]] bool is_closed() const noexcept { return closed_; }
    /// 0: none. Without the lock it may have changed meanwhile.
    [[nodiscard]] std::uint64_t retained_sequence() const noexcept {
        return retained_sequence_.load(std::memory_order_relaxed);
    }
    [[nodiscard]] bool is_retained() const noexcept { return retained_; }
    /// Whether the retained event is newer, and was emitted by this thread.
    [[nodiscard]] bool is_set_here_since(std::uint64_t sequence) const noexcept {
        return retained_sequence() > sequence && setter_ == this_thread();
    }
    /// One of the events that a new subscriber gets first.
    struct Replayed {
        std::uint64_t sequence = 0;  // 0: there is none
        History::Place place = History::none;
    };
    [[nodiscard]] std::size_t replays() const noexcept {
        return history_ ? history_->size() : std::size_t{retained_sequence() != 0};
    }
    /// The same of those with one of these keys, if there are any; what these throw is in `after`.
    [[nodiscard]] std::size_t replays(const ChosenKeys* keys, Aftermath& after) const noexcept;
    [[nodiscard]] Replayed first_replayed() const noexcept;
    [[nodiscard]] Replayed next_replayed(const Replayed& before) const noexcept;
    /// Queues it for the subscriber; in the shared form, if that is how it is kept, or there is memory for that.
    void replay(const Replayed& event, Mailbox& mailbox, std::uint16_t type, SinkKind kind, PayloadBlock&& block,
                Aftermath& after) noexcept;
    void forget(Aftermath& after) noexcept;
    bool forget(const GivenKey& key, Aftermath& after) noexcept;
    void stat_into(TopicStat& stat) const noexcept;
    /// Whether a subscription lists the type, somebody watches it, or its last event is kept.
    [[nodiscard]] bool is_in_use() const noexcept {
        return !sinks_.empty() || !keyed_.empty() || retained_sequence() != 0 || watchers_ != 0;
    }
    /// Nobody uses it any more: what the next user finds is new. Whether its pool is to be emptied.
    [[nodiscard]] bool reset() noexcept;

    /// Watchers that wait for a newer event; and those whose handlers get what they see.
    WaitList& watching() noexcept { return watching_; }
    IntrusiveList<PushedWatch>& pushed() noexcept { return pushed_; }
    /// All operations that wait here, for a newer event or for the end of a watcher, go with their context.
    void doom_waiting(Doomed& doomed) noexcept;
    /// Under the lock: what was retained is gone, and who only waits to see that ends.
    void note_forgotten(Aftermath& after) noexcept;
    [[nodiscard]] std::uint64_t next_arrival() const noexcept { return Subject::next_arrival(); }
    /// Whether those who wait for room have to ask keys or filters whom their event is for.
    [[nodiscard]] bool asks_who_waits() const noexcept { return asked_queues_ != 0; }
    /// Whether some of the queues with that policy are not waited for for ever.
    [[nodiscard]] bool limits_waiting() const noexcept { return limited_queues_ != 0; }
    /// Queues of the topic whose policy is Wait, and that want every event; one may be among them twice.
    [[nodiscard]] std::size_t waiting_queues() const noexcept { return waiting_queues_; }
    template <class Holds>
    bool all_waiting_queues(Holds&& holds) const {
        const auto holds_for_all = [&](const std::vector<Sink>& list) {
            for (const Sink& sink : list)
                if (sink.mailbox->policy() == Policy::wait && !holds(*sink.mailbox)) return false;
            return true;
        };
        return waiting_queues_ == 0 || (holds_for_all(sinks_) && holds_for_all(erased_sinks_));
    }
    /// The same of those that want the event, where somebody has to be asked.
    [[nodiscard]] std::size_t waiting_queues(const Waiting& event) noexcept;
    template <class Holds>
    bool all_waiting_queues(const Waiting& event, Holds&& holds) {
        if (!asks_who_waits()) [[likely]]
            return all_waiting_queues(holds);
        using Function = std::remove_cvref_t<Holds>;
        const auto call = [](void* f, Mailbox& queue) { return (*static_cast<Function*>(f))(queue); };
        Function function(holds);  // only its address is in other hands, then
        return all_asked_queues(event, call, &function);
    }
    /// Whether an `async_emit` need not wait, if none of its kind waits.
    [[nodiscard]] bool has_room(const Waiting& event) {
        return all_waiting_queues(event, [](Mailbox& queue) { return queue.line().empty() && queue.has_room(); });
    }

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
    /// A watcher sees the newest event, which is this one, for the first time.
    void newest_was_seen(std::uint64_t newest) noexcept {
        if (std::exchange(seen_sequence_, newest) != newest) watchers_up_to_date_ = 0;
        ++watchers_up_to_date_;
    }
    /// Drops what is retained of a closed topic once nobody can read it any more.
    void forget_if_unread(Aftermath& after) noexcept {
        if (closed_ && watchers_behind() == 0 && views_.load(std::memory_order_acquire) == 0) forget(after);
    }

    // ---- any thread ------------------------------------------------------------------------------------------

    void add_view() noexcept { views_.fetch_add(1, std::memory_order_relaxed); }
    void remove_view() noexcept {
        if (views_.fetch_sub(1, std::memory_order_acq_rel) == 1) core().unviewed(*this);
    }

    /// What the latest value is made of, if it is made of others: then it is looked at by way of that.
    [[nodiscard]] Combination* combination() const noexcept { return combination_; }
    /// Once, before anybody else knows it.
    void combine(Combination& combination) noexcept { combination_ = &combination; }

    // ---- guarded by the bus's mutex --------------------------------------------------------------------------

    std::size_t emitters = 0;
    std::size_t values = 0;  // of the emitters: handles of the bus's latest value
    bool has_exclusive_emitter = false;
    bool is_counted = false;    // somebody asked for its counts: it stays listed
    bool is_listed = false;     // under its label; a topic that nobody uses is not
    bool is_connected = false;  // to all who subscribe to its behaviours; before, it is not listed
    /// In the bus's table: who is listed, or was last, under the label of the type.
    TopicBase** namesake = nullptr;

protected:
    /// `type` lives as long as the program. The retained event is kept at `kept`: its bytes, or a pointer to its
    /// payload.
    TopicBase(const EventType& type, std::string&& label, Core& core, void* kept);

    /// Where there is more to do than to push, see `is_special_`. Without the lock.
    EmitResult emit_specially(Batch&& batch);
    EmitResult emit_specially(const void* events, std::size_t count, Origin origin);
    /// Offers an event to the queues; how many have taken it.
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
    template <class Stored>
    std::size_t offer_to(const FoundKeys& found, Stored event, const Offer& offer, EmitResult& result) noexcept {
        std::size_t taken = 0;
        for (const ChosenKey* key = found.first; key != nullptr; key = key->next_found) {
            const Pushed pushed = key->owner.mailbox().push(key->owner.type(), event, offer);
            if (pushed <= Pushed::displaced) ++taken;
            count(pushed, result);
        }
        return taken;
    }
    /// The event of that sequence is kept.
    void note_kept(std::uint64_t sequence, Origin origin, Aftermath& after) noexcept {
        setter_ = this_thread();
        retained_from_ = origin;
        retained_sequence_.store(sequence, std::memory_order_relaxed);
        if (!watching_.empty()) wake_watching(after);
    }
    /// The event of that sequence is in all queues.
    void note_emitted(std::uint64_t sequence, bool has_killed, Aftermath& after) noexcept {
        if (has_killed) [[unlikely]]
            remove_killed(after);
        last_sequence_ = sequence;
        ++emitted_;
    }
    [[nodiscard]] bool has_pool() const noexcept { return pool_.load(std::memory_order_relaxed) != nullptr; }
    // for a type that is stored inline only once somebody wants the shared form; an emit compares it without a lock
    std::atomic<PayloadPool*> pool_{nullptr};

    // guarded by the domain's lock
    std::vector<Sink> sinks_;                          // of those who list the type, and choose by no key
    std::vector<Sink> erased_sinks_;                   // of behaviours and wildcards: they get the shared form
    std::atomic<std::uint64_t> retained_sequence_{0};  // 0: no retained event; read without the lock, too
    ThreadId setter_ = nullptr;                        // on which thread it was emitted
    Origin retained_from_;
    Moment retained_at_;                // if it is stamped
    std::unique_ptr<History> history_;  // null: nothing but that is retained
    std::uint64_t emitted_ = 0;
    std::uint64_t last_sequence_ = 0;
    bool retained_ = false;
    bool counts_unheard_ = false;
    bool closed_ = false;
    bool is_special_ = false;  // closed, stamped, with a history, erased or keyed sinks: not just to push
    WaitList watching_;

private:
    void wake_watching(Aftermath& after) noexcept;
    void remove_killed(Aftermath& after) noexcept;
    void remove_killed(const FoundKeys& found, Aftermath& after) noexcept;
    [[nodiscard]] FoundKeys find_waiting(const Waiting& event) noexcept;  // who chose its key, and whose policy is Wait
    /// Whether an event that may have to wait will be queued there, as far as a filter can say now.
    [[nodiscard]] bool wants(Mailbox& mailbox, std::uint16_t type, SinkKind kind, const Waiting& event) noexcept;
    bool all_asked_queues(const Waiting& event, bool (*holds)(void* f, Mailbox& queue), void* f);
    void note_missed(std::uint64_t events, Origin of) noexcept;
    void count_forgotten(Aftermath& after) noexcept;
    void count(Pushed pushed, EmitResult& result) noexcept;  // what became of an event that was not just queued
    /// Gives each event of the batch its place in the order, and offers it to every queue.
    EmitResult fan_out(Batch& batch, DomainGuard& domain, const EmitSpot* turn, Aftermath& after) noexcept;
    template <bool is_keyed>
    EmitResult fan_out_inline(const std::byte* event, PayloadBase* shared, Origin origin, Moment now,
                              DomainGuard& domain, const EmitSpot* turn, Aftermath& after) noexcept;
    friend SharedTopic;
    template <bool is_new, bool is_keyed>
    void fan_out_shared(PayloadBase& payload, Origin origin, Moment now, EmitResult& result, DomainGuard& domain,
                        const EmitSpot* turn, Aftermath& after) noexcept;
    /// Somebody gets the shared form of its events.
    [[nodiscard]] bool wants_shared() const noexcept { return !erased_sinks_.empty() || history_; }
    /// What the history says of an event; if it cannot say, that is in `after`.
    [[nodiscard]] History::Decision decide(const std::byte* event, Aftermath& after) noexcept;
    [[nodiscard]] PayloadBase* kept_payload() const noexcept;  // null: the type is inline, or nothing is retained

    [[nodiscard]] std::vector<Sink>& sinks(SinkKind kind) noexcept {
        return kind == SinkKind::listed ? sinks_ : erased_sinks_;
    }
    [[nodiscard]] std::size_t subscribers() const noexcept {
        return sinks_.size() + keyed_.size() + erased_sinks_.size() - wildcards_;
    }
    /// Those who chose the key of an event, which is given as it lies in their queues.
    [[nodiscard]] FoundKeys find_keyed(const std::byte* event, Aftermath& after) noexcept {
        return keyed_.find(event, *this, after, true);
    }
    [[nodiscard]] std::size_t& sure_room(SinkKind kind) noexcept {
        return kind == SinkKind::listed ? sure_room_ : sure_erased_room_;
    }
    void make_room_for_sinks(SinkKind kind, std::size_t more);
    void add_sink(Mailbox& mailbox, std::uint16_t type, SinkKind kind, Aftermath& after) noexcept;
    void add_waiting_or_keyed(Mailbox& mailbox, std::uint16_t type, SinkKind kind, Aftermath& after) noexcept;
    void count_waiting_queue(const Mailbox& mailbox, bool is_keyed, std::size_t one) noexcept;
    void remove_sink(const Mailbox& mailbox, const Binding& binding, Aftermath& after) noexcept;
    void sinks_changed(Aftermath& after) noexcept;
    void refresh() noexcept;
    void refresh_wanted() noexcept;
    void retain_no_longer() noexcept;

    // guarded by the domain's lock
    KeyedSinks keyed_;
    std::size_t waiting_queues_ = 0;  // but for those that chose by key
    std::size_t asked_queues_ = 0;    // whose policy is Wait, too, and that may not want an event
    std::size_t limited_queues_ = 0;  // whose policy is Wait with a limit
    std::size_t wildcards_ = 0;       // of the erased sinks
    std::uint64_t lost_ = 0;
    std::uint64_t killed_ = 0;
    std::uint64_t refused_ = 0;  // of one key too many
    std::size_t watchers_ = 0;
    std::size_t watchers_up_to_date_ = 0;  // those that have seen the event of seen_sequence_
    IntrusiveList<PushedWatch> pushed_;
    std::uint64_t seen_sequence_ = 0;
    std::size_t forgotten_ = 0;
    Topic<std::size_t>* subscriber_count_ = nullptr;
    Topic<std::size_t>* forgotten_count_ = nullptr;
    std::atomic<bool> is_wanted_{false};
    std::atomic<std::uint32_t> views_{0};  // handles and views of the latest value
    const EventType* const type_;
    Combination* combination_ = nullptr;
    std::byte* const kept_;  // what lies there is guarded by the domain's lock
    // guarded by the bus's mutex
    std::unique_ptr<History> unused_history_;
    std::size_t sure_room_ = 0;  // so many can be added to the lists at least
    std::size_t sure_erased_room_ = 0;
};

}  // namespace event::detail
