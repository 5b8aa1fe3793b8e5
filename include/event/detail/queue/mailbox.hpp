#pragma once

#include <event/backpressure.hpp>
#include <event/detail/bus/core.hpp>
#include <event/detail/order/aftermath.hpp>
#include <event/detail/queue/keyed_slots.hpp>
#include <event/detail/queue/refinement.hpp>
#include <event/detail/queue/slot.hpp>
#include <event/detail/wait/parked_op.hpp>
#include <event/options.hpp>
#include <event/report.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <source_location>
#include <span>
#include <string>
#include <thread>
#include <utility>

namespace event::detail {

class Subject;
class TopicBase;

/// Where a mailbox stands in a topic's list of sinks.
struct Binding {
    TopicBase* topic = nullptr;
    std::uint32_t position = 0;  // guarded by the domain's lock
    bool is_erased = false;      // in its list of erased sinks
};

/// The event is in the queue, for the first two of them only. `merged_away`: an older one went, too.
enum class Pushed : std::uint8_t { queued, displaced, refused, rejected, merged_away, killed };
enum class Look : std::uint8_t { empty, readable, ended };

/// The bounded queue of one subscription, and the spot where its receiver waits.
///
/// A ring with one producer and one consumer. Producer is whoever holds the domain's lock; consumer is the receiver,
/// who takes an event from a non-empty queue without a lock. Where the producer must move the reader's end
/// (`DropOldest`), or room is awaited (`Wait`), the consumer takes the lock as well. With keys (`latest_by`, and
/// `Latest`, whose keys are the types) it is no ring, but slots that are linked in the order of their events.
class alignas(64) Mailbox final : public ParkingSpot {
public:
    struct Options {
        SubscriptionOptions& wanted;  // moved from
        std::source_location where;
        std::uint64_t number = 0;                     // among the subscriptions of the bus
        std::span<Subject* const> subjects = {};      // what was subscribed to; copied
        std::size_t topics = 0;                       // that feed it, so far
        bool is_erased = false;                       // more may come
        std::size_t stride = 0;                       // bytes from slot to slot
        std::size_t replay_room = 0;                  // slots beside the capacity, for retained events
        std::unique_ptr<Refinement> refinement = {};  // null: every event is wanted as it is
    };
    using SlowCallback = std::function<void(const SlowSubscriber&)>;

    /// Throws `std::bad_alloc`. `bus_options` live as long as the core; their callback is called where the policy
    /// brings none of its own.
    [[nodiscard]] static IntrusivePtr<Mailbox> create(IntrusivePtr<Core> core, const BusOptions& bus_options,
                                                      Options&& options);

    // ---- producer: under the domain's lock -------------------------------------------------------------------

    /// The one place where a queue fills. `event` is a pointer to an inline event, or a payload whose reference goes
    /// along if the event is queued.
    template <class Event>
    Pushed push(std::uint16_t type, std::uint64_t sequence, Event event, Aftermath& after) noexcept {
        if (tail() != limit_) [[likely]] {
            append(type, sequence, event, 0, false);
            return Pushed::queued;
        }
        if (is_special_) return push_specially(type, sequence, OfferedEvent(event), false, after);
        const Pushed pushed = make_room(type, after);
        if (pushed > Pushed::displaced) return pushed;
        append(type, sequence, event, std::exchange(gap_, 0), false);
        after.wake(claim());
        return pushed;
    }
    /// Queues a retained event, before any other, if it is wanted; there is room for it. The payload's reference goes
    /// along in any case.
    template <class Event>
    void replay(std::uint16_t type, std::uint64_t sequence, Event event, Aftermath& after) noexcept {
        const OfferedEvent offered(event);
        if (push_specially(type, sequence, offered, true, after) > Pushed::displaced && offered.is_shared)
            after.drop(*offered.payload());
    }
    /// Loses an event although there may be room: others were promised it.
    Pushed refuse(std::uint16_t type, Aftermath& after) noexcept;
    [[nodiscard]] bool has_room() const noexcept;
    [[nodiscard]] Policy policy() const noexcept { return policy_; }

    // ---- the end: under the domain's lock --------------------------------------------------------------------

    enum class State : std::uint8_t { open, draining, closed, killed };
    [[nodiscard]] State state() const noexcept { return state_.load(std::memory_order_acquire); }
    [[nodiscard]] bool has_ended() const noexcept { return state() >= State::closed; }
    void end(State why, Aftermath& after) noexcept;
    void drain(Aftermath& after) noexcept;
    SpotList& end_waiters() noexcept { return end_waiters_; }

    // ---- the start: under the domain's lock, but for reading --------------------------------------------------

    enum class Readiness : std::uint8_t { unknown, ready, no_emitters };
    [[nodiscard]] Readiness readiness() const noexcept { return readiness_.load(std::memory_order_acquire); }
    [[nodiscard]] bool requires_emitters() const noexcept { return requires_emitters_; }
    /// What the start of the bus has found.
    void resolve(Readiness readiness, Aftermath& after) noexcept;
    SpotList& ready_waiters() noexcept { return ready_waiters_; }

    // ---- what feeds it ---------------------------------------------------------------------------------------

    /// What was subscribed to: topics and behaviours.
    [[nodiscard]] std::span<Subject* const> subjects() const noexcept { return {subjects_, types_}; }
    [[nodiscard]] bool is_erased() const noexcept { return is_erased_; }
    /// All topics that feed it. Under the domain's lock, or the bus's mutex.
    [[nodiscard]] std::span<Binding> bindings() noexcept { return {bindings_, binding_count_}; }
    /// Makes the next `bind`s unable to fail. Needs the bus's mutex.
    void reserve_bindings(std::size_t more);
    /// Under the domain's lock.
    std::uint32_t bind(const Binding& binding) noexcept {
        bindings_[binding_count_] = binding;
        return binding_count_++;
    }

    /// Whether there is nothing to receive, and the next event is to wake an operation that parks now. Under the
    /// domain's lock.
    [[nodiscard]] bool is_idle() noexcept {
        limit_ = tail();
        return look() == Look::empty;
    }
    void parked_again() noexcept override { limit_ = tail(); }

    // ---- consumer: the receiver ------------------------------------------------------------------------------

    [[nodiscard]] Look look() const noexcept {
        const State state = state_.load(std::memory_order_acquire);
        if (state >= State::closed) return Look::ended;
        if (published_.load(std::memory_order_acquire) != head_.load(std::memory_order_relaxed)) return Look::readable;
        return state == State::draining ? Look::ended : Look::empty;
    }

    /// Moves the next event out: `f` gets its slot, and must not throw.
    template <class F>
    Look take(F&& f) noexcept {
        const State state = state_.load(std::memory_order_acquire);
        if (state >= State::closed) [[unlikely]]
            return discard();
        if (reads_under_lock_) return take_under_lock(f);

        const std::uint64_t head = head_.load(std::memory_order_relaxed);
        if (head == seen_tail_) {
            seen_tail_ = published_.load(std::memory_order_acquire);
            if (head == seen_tail_) return state == State::draining ? drained() : Look::empty;
        }
        f(*read_);
        read_ = after(read_);
        if (head + 1 != seen_tail_) {
            head_.store(head + 1, std::memory_order_release);
        } else {
            // Against a close_after_drain() on another thread: it stores the state, then looks whether anything is
            // queued; here the other way round.
            head_.store(head + 1, std::memory_order_seq_cst);
            if (state_.load(std::memory_order_seq_cst) == State::draining) finish_draining();
        }
        return Look::readable;
    }

    /// Destroys what is queued, once the subscription has ended.
    Look discard() noexcept;

    // ---- any thread that does not hold the lock --------------------------------------------------------------

    [[nodiscard]] boost::system::error_code end_reason() const noexcept {
        return state() == State::killed ? errc::killed : errc::closed;
    }
    [[nodiscard]] SubscriptionStat stat();
    [[nodiscard]] std::string name() const;
    /// Once the mailbox has been closed: waits for a callback that runs on another thread; none will start after it.
    void await_callback() noexcept;
    /// It has been closed, and no callback runs: another close has nothing to do.
    [[nodiscard]] bool is_done() const noexcept { return is_done_.load(std::memory_order_acquire); }
    /// Runs the callback. Releases the reference that the list of slow mailboxes held.
    void call_back();

    /// The bus's.
    [[nodiscard]] Core& core() const noexcept { return *core_; }

    [[nodiscard]] const DomainMember& home() const noexcept override;
    [[nodiscard]] bool home_is(const boost::asio::execution_context& context) const noexcept override {
        return core_->context_is(context);
    }
    [[nodiscard]] bool home_is_gone() const noexcept override { return core_->context_is_gone(); }

private:
    Mailbox(IntrusivePtr<Core> core, const BusOptions& bus_options, Options&& options, std::byte* subjects,
            std::byte* bindings, std::size_t slots, std::unique_ptr<KeyedSlots> keyed) noexcept;
    ~Mailbox();
    void destroy_spot() noexcept override;
    /// Before anything is queued.
    void use(std::unique_ptr<std::byte[]> ring) noexcept;
    [[nodiscard]] bool make_ring() noexcept;

    [[nodiscard]] Slot& slot(std::size_t index) const noexcept {
        return *reinterpret_cast<Slot*>(slots_begin_ + index * read_stride_);
    }
    /// The slot behind this one. Producer and consumer have copies of their own of what it takes.
    [[nodiscard]] Slot* after(Slot* slot, std::size_t stride, const std::byte* end) const noexcept {
        std::byte* next = reinterpret_cast<std::byte*>(slot) + stride;
        return reinterpret_cast<Slot*>(next == end ? slots_begin_ : next);
    }
    [[nodiscard]] Slot* after(Slot* slot) const noexcept { return after(slot, read_stride_, read_end_); }
    [[nodiscard]] std::uint64_t tail() const noexcept { return published_.load(std::memory_order_relaxed); }

    template <class Event>
    void append(std::uint16_t type, std::uint64_t sequence, Event event, std::uint64_t missed, bool replayed) noexcept {
        Slot& slot = *write_;
        slot.tag.sequence = sequence;
        slot.tag.missed = missed & max_missed;
        slot.tag.index = type;
        slot.tag.replayed = replayed ? 1 : 0;
        slot.store(event);
        write_ = after(write_, write_stride_, write_end_);
        published_.store(tail() + 1, std::memory_order_release);
    }
    /// The same for whom not every event just takes the next slot of the ring.
    Pushed push_specially(std::uint16_t type, std::uint64_t sequence, const OfferedEvent& event, bool replayed,
                          Aftermath& after) noexcept;
    Pushed push_by_key(std::uint16_t type, std::uint64_t sequence, const OfferedEvent& event, bool replayed,
                       Aftermath& after) noexcept;
    void fill(KeyedSlots::Place place, std::uint16_t type, std::uint64_t sequence, const OfferedEvent& event,
              bool replayed, std::uint64_t missed) noexcept;
    /// What the queue held there is gone.
    void empty_out(KeyedSlots::Place place, Aftermath& after) noexcept;
    void merge_away(KeyedSlots::Place place, Aftermath& after) noexcept;
    void gone_before(KeyedSlots::Place next, std::uint64_t missed) noexcept;

    /// The policy's answer to a full queue.
    Pushed overflow(std::uint16_t type, Aftermath& after) noexcept;
    Pushed make_room(std::uint16_t type, Aftermath& after) noexcept;
    void displace_oldest(Aftermath& after) noexcept;
    void displace_oldest_key(Aftermath& after) noexcept;
    /// The reader's end moves on without the receiver.
    void forget_one() noexcept;
    void open_episode(std::uint16_t type, Aftermath& after) noexcept;
    void begin_episode(std::uint16_t type, Aftermath& after) noexcept;
    /// Before an event is queued.
    void note_age(std::uint16_t type, Aftermath& after) noexcept;

    template <class F>
    Look take_under_lock(F& f) noexcept {
        Aftermath after;
        Look found = Look::empty;
        {
            const DomainGuard guard(home());
            Slot* slot = oldest();
            if (has_ended()) {
                found = Look::ended;
            } else if (slot != nullptr) {
                found = Look::readable;
                if (keyed_) forget_oldest_key();
                f(*slot);
                taken_under_lock(after);
            } else if (state() == State::draining) {
                found = Look::ended;
                end(State::closed, after);
            }
        }
        after.settle();
        return found;
    }
    [[nodiscard]] Slot* oldest() noexcept;
    void forget_oldest_key() noexcept;
    void taken_under_lock(Aftermath& after) noexcept;
    Look drained() noexcept;
    void finish_draining() noexcept;

    static constexpr std::uint64_t max_missed = (std::uint64_t{1} << 46) - 1;

    // The producer's cache line, together with the spot's parked operation: nothing comes before it. Guarded by the
    // domain's lock; the consumer reads only `published_`.
    std::atomic<std::uint64_t> published_{0};  // events ever queued
    // of published_, where a push has more to do: look at the reader's end, tell of lost events, wake an operation
    std::uint64_t limit_ = 0;
    std::uint64_t gap_ = 0;  // lost since the last queued event
    Slot* write_ = nullptr;
    std::byte* write_end_ = nullptr;  // of all slots
    std::size_t write_stride_ = 0;    // from slot to slot

    // The consumer's cache line (under the domain's lock where reads_under_lock_).
    alignas(64) std::atomic<std::uint64_t> head_{0};  // events ever taken, displaced or discarded
    std::uint64_t seen_tail_ = 0;                     // of published_, when last looked
    Slot* read_ = nullptr;
    std::byte* read_end_ = nullptr;
    std::size_t read_stride_ = 0;
    std::byte* slots_begin_ = nullptr;
    std::atomic<State> state_{State::open};  // written under the domain's lock
    std::atomic<Readiness> readiness_{Readiness::unknown};
    bool requires_emitters_ = false;
    bool reads_under_lock_ = false;
    Policy policy_ = Policy::notify;

    std::size_t capacity_ = 0;
    std::size_t slots_ = 0;
    std::unique_ptr<std::byte[]> ring_;  // null: made at the first event
    std::size_t types_ = 0;
    Subject** subjects_ = nullptr;
    Binding* bindings_ = nullptr;  // in own memory, until there are too many of them
    std::uint32_t binding_count_ = 0;
    std::uint32_t binding_room_ = 0;
    std::unique_ptr<Binding[]> more_bindings_;
    bool is_erased_ = false;
    bool is_special_ = false;  // with a refinement, keys, or an age: every push looks
    std::unique_ptr<Refinement> refinement_;
    std::unique_ptr<KeyedSlots> keyed_;  // null: a ring

    // guarded by the domain's lock, and rarely touched
    std::uint64_t replay_end_ = 0;  // of a ring: the events below it are replayed ones
    std::uint64_t replayed_ = 0;    // with keys: queued events that are replayed ones
    std::uint64_t high_water_ = 0;
    std::uint64_t lost_ = 0;
    std::uint64_t rejected_ = 0;
    std::uint64_t discarded_ = 0;  // left the queue without being received
    std::uint64_t episodes_ = 0;
    std::uint16_t slow_type_ = 0;
    bool episode_is_open_ = false;
    bool loss_is_due_ = false;  // to be told
    bool age_is_due_ = false;
    bool is_too_old_ = false;  // that was told, or will be
    bool call_is_due_ = false;
    bool call_again_ = false;
    std::chrono::steady_clock::time_point not_empty_since_;
    std::atomic<bool> calling_{false};  // written under the domain's lock
    std::atomic<bool> is_done_{false};
    std::thread::id caller_;
    SpotList end_waiters_;
    SpotList ready_waiters_;

    IntrusivePtr<Core> core_;
    const BusOptions& bus_options_;
    SlowCallback callback_;
    const SlowCallback* slow_ = nullptr;  // callback_, or the bus's
    std::string name_;
    std::source_location where_;
    std::uint64_t number_ = 0;
    // The memory that this lies in, from the allocator's fast path: memory of a greater alignment than usual has none.
    std::byte* block_ = nullptr;

public:
    Mailbox* next_slow = nullptr;  // among those whose callback is to run

    // guarded by the bus's mutex
    Mailbox* next_in_bus = nullptr;
    Mailbox* previous_in_bus = nullptr;
    bool in_bus = false;
};

}  // namespace event::detail
