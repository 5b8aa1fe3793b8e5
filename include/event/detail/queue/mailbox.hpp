#pragma once

#include <event/backpressure.hpp>
#include <event/detail/order/aftermath.hpp>
#include <event/detail/order/subject.hpp>
#include <event/detail/queue/in_bus.hpp>
#include <event/detail/queue/linked_slots.hpp>
#include <event/detail/queue/mailbox_options.hpp>
#include <event/detail/queue/offer.hpp>
#include <event/detail/queue/queue_spot.hpp>
#include <event/detail/queue/ring.hpp>
#include <event/detail/queue/sharing.hpp>
#include <event/detail/queue/slot.hpp>
#include <event/detail/queue/timings.hpp>
#include <event/detail/queue/turn.hpp>
#include <event/detail/wait/handling.hpp>
#include <event/detail/wait/parked_op.hpp>
#include <event/error.hpp>
#include <event/report.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <source_location>
#include <string>
#include <type_traits>
#include <utility>

/// The queue of a subscription. Its one rule: `Mailbox::push` is where it fills. Everything happens under the domain's
/// lock but the receiver's taking from a ring.

namespace event::detail {

class Behaviour;
class BusCore;
class TopicBase;

/// The bounded queue of one subscription, and the spot where its receiver waits.
///
/// Producer is whoever holds the domain's lock; consumer is the receiver. The events lie in a ring, from which they are
/// taken without a lock, or in linked slots, from which they are taken under it. Several receivers may share it: then
/// events are taken under the lock from a ring, too, and who waits does so in a line. For the first in it one event is
/// *reserved* when it comes, and its operation is woken. It takes the oldest one when it runs; who has nothing reserved
/// leaves as many as others have.
class alignas(64) Mailbox final : public QueueSpot {
public:
    using Options = MailboxOptions;

    /// Throws `std::bad_alloc`; then everything in the options is still there.
    [[nodiscard]] static IntrusivePtr<Mailbox> create(Options& options, const MailboxPlace& place);
    /// Then what the usual queue does without, if the options have turned out to ask for more. Throws `std::bad_alloc`.
    void furnish(const Options& options, std::size_t replay_room);
    /// Before it is connected: has room for so many events beside its capacity. Throws `std::bad_alloc`.
    void make_slots(std::size_t replay_room);

    // ---- producer: under the domain's lock -------------------------------------------------------------------

    /// The one place where a queue fills. `event` is a pointer to an inline event, or a payload whose reference goes
    /// along if the event is queued.
    template <class Event>
    Pushed push(std::uint16_t type, Event event, const Offer& offer) noexcept {
        if (tail() == limit_) [[unlikely]] {
            return is_special_ ? push_offered(type, event, offer) : push_at_limit(type, event, offer);
        }
        append(SlotTag(type, offer.sequence, offer.origin), event);
        return Pushed::queued;
    }
    /// Queues a retained event, before any other, if it is wanted; there is room for it. The payload's reference goes
    /// along in any case.
    void replay(std::uint16_t type, const OfferedEvent& event, const Offer& offer) noexcept;
    [[nodiscard]] Policy policy() const noexcept { return policy_; }
    /// Null: every event is wanted.
    [[nodiscard]] const Refinement* refinement() const noexcept { return refinement_.get(); }
    /// What that, which is not null, says: `queued`, `rejected`, or, of a replayed event that has another key, `gone`.
    [[nodiscard]] Pushed ask(std::uint16_t type, const OfferedEvent& event, const Offer& offer, bool replayed) const;
    [[nodiscard]] bool has_room() const noexcept;
    std::uint64_t miss(std::uint64_t events, Origin of) noexcept;  // how many of them count here
    /// An operation parks: the next event wakes it.
    void await_next(ParkedOp& op) noexcept {
        wake_at_next();
        if (!is_simple_.load(std::memory_order_relaxed)) queue_up(op);
    }

    // ---- turns, where the policy is Wait: under the domain's lock ---------------------------------------------

    /// Emits that wait for room here, of all types, in the order in which they came; how long they do (null: for ever).
    [[nodiscard]] IntrusiveList<Turn>& line() noexcept { return line_; }
    [[nodiscard]] const FullLimit* patience() const noexcept {
        return policy_ == Policy::wait ? full_limit() : nullptr;
    }
    /// There may be room: offers it to the first in the line.
    void offer_turn(Aftermath& after) noexcept;
    /// Whether a receiver waits; and whether it does so in vain.
    [[nodiscard]] bool is_waited_for() const noexcept { return is_shared() ? sharing()->is_waited_for() : occupied(); }
    [[nodiscard]] bool is_starving() const noexcept { return is_waited_for() && look() == Look::empty; }
    /// Nobody waits for room here any more: it is not the queue's to give.
    void dissolve_line(Aftermath& after) noexcept;

    // ---- the end: under the domain's lock --------------------------------------------------------------------

    enum class State : std::uint8_t { open, draining, closed, killed };
    [[nodiscard]] State state() const noexcept { return state_.load(std::memory_order_acquire); }
    [[nodiscard]] bool has_ended() const noexcept override { return state() >= State::closed; }
    [[nodiscard]] bool is_open() const noexcept override { return state() == State::open; }
    [[nodiscard]] bool is_given_up() const noexcept override;
    /// What is queued is given up, but for what a receiver is just taking.
    void end(State why, Aftermath& after) noexcept;
    void drain(Aftermath& after) noexcept;
    WaitList& end_waiters() noexcept override { return end_waiters_; }

    // ---- the start: under the domain's lock, but for reading --------------------------------------------------

    enum class Readiness : std::uint8_t { unknown, ready, no_emitters };
    [[nodiscard]] Readiness readiness() const noexcept { return readiness_.load(std::memory_order_acquire); }
    [[nodiscard]] bool requires_emitters() const noexcept { return requires_emitters_; }
    /// What the start of the bus has found.
    void resolve(Readiness readiness, Aftermath& after) noexcept;
    WaitList& ready_waiters() noexcept { return ready_waiters_; }

    // ---- what feeds it ---------------------------------------------------------------------------------------

    /// Their memory lies behind this.
    [[nodiscard]] std::span<Listing> listings() noexcept {
        return {static_cast<Listing*>(static_cast<void*>(this + 1)), types_};
    }
    [[nodiscard]] bool is_erased() const noexcept { return is_erased_; }
    /// Calls `f` with each behaviour that it lists, and that one's place. Needs the bus's mutex.
    template <class F>
    void for_each_behaviour(F&& f) {
        if (!is_erased_) return;
        for (std::uint16_t place = 0; const Listing& listing : listings()) {
            if (Behaviour* behaviour = listing.subject->as_behaviour()) f(*behaviour, place);
            ++place;
        }
    }
    /// All topics that feed it. Under the domain's lock, or the bus's mutex.
    [[nodiscard]] std::span<Binding> bindings() noexcept { return {bindings_, binding_count_}; }
    /// Makes the next `bind`s, which are under the domain's lock, unable to fail. Needs the bus's mutex.
    void reserve_bindings(std::size_t more);
    std::uint32_t bind(const Binding& binding) noexcept {
        std::construct_at(bindings_ + binding_count_, binding);
        return binding_count_++;
    }
    /// Null if one topic feeds it, and no other ever will.
    [[nodiscard]] Tie* tie() noexcept {
        static_assert(alignof(Tie) <= alignof(Listing));
        if (types_ == 1 && !is_erased_) return nullptr;
        return static_cast<Tie*>(static_cast<void*>(listings().data() + types_));
    }

    // ---- consumer: the receiver ------------------------------------------------------------------------------

    /// Whether there is nothing, and no turn that is not taken and so is to be passed on. If there is something, it is
    /// reserved for who asks, where others wait. Under the domain's lock.
    [[nodiscard]] bool is_idle(QueueSpot& spot) noexcept {
        return is_simple_.load(std::memory_order_relaxed) ? is_empty() : has_nothing_for(spot);
    }
    [[nodiscard]] Look look() const noexcept {
        const State state = state_.load(std::memory_order_acquire);
        if (state >= State::closed) return Look::ended;
        if (!is_empty()) return Look::readable;
        return state == State::draining ? Look::ended : Look::empty;
    }
    /// The same by a receiver who waits for an event, and passes the turn on.
    [[nodiscard]] Look look_or_pass_on(QueueSpot& spot);
    /// Whether there is something to receive or to do, as far as that can be said without the lock.
    [[nodiscard]] bool seems_ready() const noexcept {
        return is_simple_.load(std::memory_order_acquire) ? !is_empty() : seems_ready_otherwise();
    }

    /// Moves the next event out, for who waits or would wait there: `f` gets its slot, and says whether the event was
    /// still there. It must not throw. Throws in a filter, where that would have to wait. What needs the lock takes up
    /// to `most` events under it: says what it found last.
    template <class F>
    Look take(QueueSpot& spot, F&& f, std::size_t most = 1);

    // ---- several receivers -----------------------------------------------------------------------------------

    /// Several may receive from now on. On the receiver's executor.
    void share();
    /// Null: it has one receiver.
    [[nodiscard]] Sharing* sharing() const noexcept { return sharing_.load(std::memory_order_acquire); }
    [[nodiscard]] bool is_shared() const noexcept { return sharing() != nullptr; }
    void lose_handle(QueueSpot& spot) noexcept;
    /// Where an operation has ended without having taken what was reserved for it: the next one may.
    template <class Guard>
    void give_up_reserved(QueueSpot& spot) {
        end_under<Guard>(home(), [&](Aftermath& after) { pass_reserved_on(spot, after); });
    }
    void pass_reserved_on(QueueSpot& spot, Aftermath& after) noexcept;

    // ---- the handlers of a push subscription -----------------------------------------------------------------

    [[nodiscard]] Handling& handling() noexcept override { return handling_; }
    [[nodiscard]] HandlersExecutor& handlers_executor() noexcept override { return handlers_executor_; }
    [[nodiscard]] bool handles() const noexcept override {
        return handling_.runs() || (is_shared() && another_run_handles());
    }
    [[nodiscard]] bool handles_here() override;
    [[nodiscard]] bool await_handlers() override;
    /// It does not run any more: tells who waits for that and for the end.
    void end_handling(Handling& handling) noexcept {
        if (timings_) [[unlikely]]
            timings_->leave(handling);
        handling.end();
        if (state_.load(std::memory_order_seq_cst) >= State::closed || tells_.load(std::memory_order_seq_cst))
            [[unlikely]]
            tell_end();
    }
    /// When the bus forgets it, under the domain's lock: whether its handler still runs, whose end it tells the bus.
    [[nodiscard]] bool is_left_to_its_handler() noexcept { return is_left_ = handles(); }

    // ---- for who waits until all is idle, or over: under the bus's mutex ------------------------------------------

    /// Whether something is queued, waits for room, or is handled. It says so when it may not be any more.
    [[nodiscard]] bool is_busy_and_will_tell();
    /// Whether it has not ended, or its handler still runs. The same.
    [[nodiscard]] bool goes_on_and_will_tell();

    // ---- any thread that does not hold the lock --------------------------------------------------------------

    void close() noexcept override;
    void close_after_drain() noexcept override;

    [[nodiscard]] boost::system::error_code end_reason() const noexcept override;
    [[nodiscard]] SubscriptionStat stat() override;
    [[nodiscard]] std::string name() const;
    /// For what it loses; null: the bus's. As long as its callbacks may run.
    [[nodiscard]] const SlowNotifier::Callback* own_callback() const noexcept;
    [[nodiscard]] std::uint64_t number() const noexcept { return number_; }  // no other of the bus has it
    [[nodiscard]] SlowNotifier& slow() noexcept { return slow_; }
    /// Tells of it, if it is slow; in a filter, when that is over. Takes over a reference.
    void tell() noexcept;
    [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
    /// Under the domain's lock.
    [[nodiscard]] Figures figures() const noexcept;
    /// Whether any of them is not 0: nothing is killed that no event came to.
    [[nodiscard]] bool has_figures() const noexcept { return (tail() | lost_ | rejected_) != 0; }
    [[nodiscard]] BusCore& bus() const noexcept;

private:
    using Own = MailboxOwn;
    [[nodiscard]] FullLimit* full_limit() const noexcept { return own_ ? own_->limit() : nullptr; }  // null: none
    Mailbox(Options&& options, const MailboxPlace& place, std::byte* bindings, std::unique_ptr<Own> own) noexcept;
    ~Mailbox() override;
    void let_go() noexcept override;
    void destroy_spot() noexcept override;
    void fulfil(Requests requests) noexcept override;
    [[nodiscard]] bool another_run_handles() const noexcept;
    void tell_end() noexcept;
    void tell_progress(Aftermath& after) noexcept;  // to whoever asked
    void tell_progress() noexcept;
    [[nodiscard]] bool is_busy();
    void discard_and_wake(Aftermath& after) noexcept;
    void end_unregistered() noexcept;
    [[nodiscard]] bool make_memory(bool may_throw);
    void share_by(std::unique_ptr<Sharing> sharing) noexcept;

    [[nodiscard]] std::uint64_t tail() const noexcept { return writer_.own_count(); }

    template <class Event>
    void append(const SlotTag& tag, Event event) noexcept {
        writer_.slot().store(tag, event);
        writer_.advance(slots_);
        writer_.count_one();
    }
    /// Where the reader's end is to be looked at, lost events are to be told of, or an operation is to be woken.
    template <class Event>
    [[gnu::always_inline]] Pushed push_at_limit(std::uint16_t type, Event event, const Offer& offer) noexcept {
        const Pushed pushed = make_room(type, offer);
        if (pushed != Pushed::queued) return pushed;
        SlotTag tag(type, offer.sequence, offer.origin);
        if (gap_ != 0) tag.set_missed(std::exchange(gap_, 0));
        append(tag, event);
        offer.after.wake(claim());
        if (is_special_) refinement_->next_look = std::exchange(limit_, tail());
        return Pushed::queued;
    }
    /// Out of line, so that the usual way of the event's pointer is through a register.
    template <class Event>
    [[gnu::noinline]] Pushed push_offered(std::uint16_t type, Event event, const Offer& offer) noexcept {
        if (only_excludes_ && !refinement_->excludes(offer.origin)) {
            if (tail() == refinement_->next_look) return push_at_limit(type, event, offer);
            append(SlotTag(type, offer.sequence, offer.origin), event);
            limit_ = tail();
            return Pushed::queued;
        }
        return push_specially(type, OfferedEvent(event), offer, false);
    }
    Pushed push_specially(std::uint16_t type, const OfferedEvent& event, const Offer& offer, bool replayed) noexcept;
    [[nodiscard]] SlotTag tag_of(std::uint16_t type, const Offer& offer) const noexcept;
    void append_specially(SlotTag tag, const OfferedEvent& event, const Offer& offer) noexcept;
    Pushed push_linked(const OfferedEvent& event, SlotTag tag, const Offer& offer) noexcept;
    Pushed replace(LinkedSlots::Place place, std::size_t hash, const OfferedEvent& event, SlotTag tag,
                   bool leaves_nothing, Aftermath& after) noexcept;
    Pushed make_room(std::uint16_t type, const Offer& offer) noexcept;
    [[nodiscard]] bool is_full() const noexcept;
    /// The policy's answer to a full queue.
    Pushed overflow(std::uint16_t type, const Offer& offer) noexcept;
    Pushed refuse(std::uint16_t type, Aftermath& after) noexcept;
    /// Takes an event that nobody received out of the linked slots; the next one tells of what is lost before it.
    void remove(LinkedSlots::Place place, Aftermath& after) noexcept;
    void tell_if(bool is_due, Aftermath& after) noexcept;
    [[nodiscard]] std::uint64_t last_sequence() const noexcept;

    template <class F>
    Look take_from_ring(F&& f);
    /// Where the lock, or the clock, costs more than a call through a pointer.
    Look take_otherwise(QueueSpot& spot, const TakeFromSlot& f);
    template <class F>
    Look take_under_lock(QueueSpot& spot, std::size_t most, const F& f);
    void have_taken(Aftermath& after) noexcept;
    [[nodiscard]] std::uint64_t size() const noexcept { return tail() - reader_.count.load(std::memory_order_acquire); }
    [[nodiscard]] bool is_empty() const noexcept {
        return writer_.count.load(std::memory_order_acquire) == reader_.own_count();
    }
    [[nodiscard]] bool seems_ready_otherwise() const noexcept;
    /// What there is for who waits there: not what is reserved for others.
    [[nodiscard]] Look look_for(const QueueSpot& spot) const noexcept;
    void queue_up(ParkedOp& op) noexcept;
    [[nodiscard]] bool has_nothing_for(QueueSpot& spot) noexcept;
    /// An event has come for who waits, or has waited longest.
    void wake_receiver(Aftermath& after) noexcept;
    void wake_at_next() noexcept {
        limit_ = tail();
        if (only_excludes_) refinement_->next_look = limit_;
    }
    void found_nothing(Aftermath& after) noexcept;  // passes turns on that are not taken, ends what was drained
    /// Offers room to the first in the line; a starving queue passes by who waits for another one.
    void pass_turns_on(bool is_starving, Aftermath& after) noexcept;
    void end_if_drained(Aftermath& after) noexcept;
    /// The receiver of a ring that is drained has found nothing more: that is the end.
    Look drained();
    /// Ends it if it is drained and empty; in a filter, when the emit is done.
    void finish_draining();

    // The producer's cache line, together with the spot's parked operation: nothing comes before it. Guarded by the
    // domain's lock; the consumer reads only the writer's count.
    // of that count, where a push has more to do: look at the reader's end, tell of lost events, wake an operation
    std::uint64_t limit_ = 0;
    RingEnd writer_;

    // The consumer's cache line (of linked slots: under the domain's lock).
    alignas(64) RingEnd reader_;
    std::uint64_t seen_tail_ = 0;            // of the writer's count, when last looked
    std::unique_ptr<std::byte[]> slots_;     // of the ring; null: made at the first event
    std::unique_ptr<LinkedSlots> linked_;    // null: a ring
    std::atomic<State> state_{State::open};  // written under the domain's lock
    std::atomic<Readiness> readiness_{Readiness::unknown};
    const Policy policy_;
    const bool is_erased_;
    const bool requires_emitters_;
    Handling handling_;
    std::atomic<bool> is_closed_{false};  // by its owner
    std::atomic<bool> is_simple_{true};   // open, a ring, no stamps, one receiver; unsaid before the state changes
    // guarded by the domain's lock
    bool is_special_ = false;  // linked slots, a refinement, ages, stamps, a limit, several receivers: `push_specially`
    bool only_excludes_ = false;      // some emitters' events, and it is special for nothing else
    bool is_left_ = false;            // by the bus, to its handler
    bool is_killed_by_last_ = false;  // the event that killed it had just been queued, too
    // Who asks says so first and then looks whether it is busy; what ends that does it the other way round.
    std::atomic<bool> tells_{false};
    const std::uint16_t types_;
    const std::size_t capacity_;
    std::size_t slot_count_;
    const std::size_t stride_;
    std::unique_ptr<Refinement> refinement_;
    std::unique_ptr<Timings> timings_;  // null: its events are not stamped
    Binding* bindings_;                 // in own memory, until there are too many of them
    std::uint32_t binding_count_ = 0;
    std::uint32_t binding_room_;
    std::unique_ptr<Binding[]> more_bindings_;

    std::uint64_t gap_ = 0;         // lost since the last queued event
    std::uint64_t replay_end_ = 0;  // of a ring: the events below it are replayed ones
    std::uint64_t high_water_ = 0;
    std::uint64_t lost_ = 0;
    std::uint64_t rejected_ = 0;
    std::uint64_t removed_ = 0;  // left the queue without being received, while it was open
    IntrusiveList<Turn> line_;
    WaitList end_waiters_;
    WaitList ready_waiters_;

    std::atomic<Sharing*> sharing_{nullptr};  // owned; made once, by the receiver
    HandlersExecutor handlers_executor_;
    SlowNotifier slow_;
    std::unique_ptr<Own> own_;  // null: nothing
    const std::source_location where_;
    const std::uint64_t number_;
    std::byte* block_ = nullptr;  // that this lies in, of the usual alignment, for which the allocator has a fast path

public:
    Mailbox* next_slow = nullptr;  // among those that are to be told of
    InBus in_bus{*this};
};

inline void QueueSpot::end_handling(Handling& handling) noexcept { mailbox_.end_handling(handling); }

}  // namespace event::detail
