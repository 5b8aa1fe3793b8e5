#include "bus/unique_name.hpp"

#include <event/detail/order/topic.hpp>
#include <event/detail/queue/mailbox.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <limits>
#include <memory>
#include <new>
#include <optional>

namespace event::detail {
namespace {

/// A queue of that size gets its memory with the first event. Most subscriptions of a host wait for what never comes.
constexpr std::size_t most_bytes_at_first_event = 64 * 1024;

constexpr std::size_t aligned(std::size_t size, std::size_t alignment) noexcept {
    return (size + alignment - 1) / alignment * alignment;
}

}  // namespace

// ---- life -------------------------------------------------------------------------------------------------------

IntrusivePtr<Mailbox> Mailbox::create(IntrusivePtr<Core> core, const BusOptions& bus_options, Options&& options) {
    const bool one_each = policy_of(options.wanted.on_full) == Policy::latest;
    const bool has_keys = one_each || (options.refinement && options.refinement->has_keys());
    const std::size_t capacity = one_each ? options.subjects.size() : options.wanted.capacity;
    const std::size_t replay_room = one_each ? 0 : options.replay_room;
    const std::size_t subjects_at = aligned(sizeof(Mailbox), alignof(Subject*));
    const std::size_t bindings_at = aligned(subjects_at + options.subjects.size() * sizeof(Subject*), alignof(Binding));
    const std::size_t size = bindings_at + options.topics * sizeof(Binding);
    const std::size_t most = (std::numeric_limits<std::size_t>::max() / 2 - size) / options.stride;
    if (capacity > most - replay_room) throw std::bad_alloc{};

    const std::size_t slots = capacity + replay_room;
    auto keyed = has_keys ? std::make_unique<KeyedSlots>(slots) : nullptr;
    const std::size_t bytes = slots * options.stride;
    // memory that may not be there is asked for while the subscriber can still be told
    const bool is_needed_now = keyed || replay_room != 0 || bytes > most_bytes_at_first_event;
    std::unique_ptr<std::byte[]> ring(is_needed_now ? new std::byte[bytes] : nullptr);
    auto* block = static_cast<std::byte*>(::operator new(size + alignof(Mailbox) - __STDCPP_DEFAULT_NEW_ALIGNMENT__));
    std::byte* memory = block + (-reinterpret_cast<std::uintptr_t>(block) & (alignof(Mailbox) - 1));
    auto* mailbox = ::new (memory) Mailbox(std::move(core), bus_options, std::move(options), memory + subjects_at,
                                           memory + bindings_at, slots, std::move(keyed));
    mailbox->block_ = block;
    if (ring) mailbox->use(std::move(ring));
    return IntrusivePtr<Mailbox>::adopt(mailbox);
}

Mailbox::Mailbox(IntrusivePtr<Core> core, const BusOptions& bus_options, Options&& options, std::byte* subjects,
                 std::byte* bindings, std::size_t slots, std::unique_ptr<KeyedSlots> keyed) noexcept
    : write_stride_(options.stride),
      read_stride_(options.stride),
      policy_(policy_of(options.wanted.on_full)),
      capacity_(options.wanted.capacity),
      slots_(slots),
      types_(options.subjects.size()),
      subjects_(reinterpret_cast<Subject**>(subjects)),
      bindings_(reinterpret_cast<Binding*>(bindings)),
      binding_room_(static_cast<std::uint32_t>(options.topics)),
      is_erased_(options.is_erased),
      refinement_(std::move(options.refinement)),
      keyed_(std::move(keyed)),
      core_(std::move(core)),
      bus_options_(bus_options),
      slow_(&bus_options.on_slow_subscriber),
      name_(std::move(options.wanted.name)),
      where_(options.where),
      number_(options.number) {
    reads_under_lock_ = keyed_ || policy_ == Policy::drop_oldest || policy_ == Policy::wait;
    is_special_ = keyed_ || refinement_ || bus_options.measure_age;
    requires_emitters_ = options.wanted.require_emitters;
    if (auto* notify = std::get_if<Notify>(&options.wanted.on_full); notify != nullptr && notify->callback) {
        callback_ = std::move(notify->callback);
        slow_ = &callback_;
    }
    std::uninitialized_copy_n(options.subjects.data(), types_, subjects_);
    std::uninitialized_value_construct_n(bindings_, binding_room_);
}

void Mailbox::use(std::unique_ptr<std::byte[]> ring) noexcept {
    ring_ = std::move(ring);
    slots_begin_ = ring_.get();
    write_end_ = read_end_ = slots_begin_ + slots_ * read_stride_;
    write_ = read_ = &slot(0);
}

bool Mailbox::make_ring() noexcept {
    std::unique_ptr<std::byte[]> ring(new (std::nothrow) std::byte[slots_ * read_stride_]);
    if (!ring) return false;
    use(std::move(ring));
    return true;
}

Mailbox::~Mailbox() {
    if (!has_ended()) state_.store(State::closed, std::memory_order_relaxed);
    discard();
}

void Mailbox::destroy_spot() noexcept {
    std::byte* block = block_;
    this->~Mailbox();
    ::operator delete(static_cast<void*>(block));
}

const DomainMember& Mailbox::home() const noexcept { return **subjects_; }

void Mailbox::reserve_bindings(std::size_t more) {
    if (binding_count_ + more <= binding_room_) return;  // counted under the bus's mutex
    const std::size_t room = std::max<std::size_t>(2 * std::size_t{binding_room_}, binding_count_ + more);
    auto larger = std::make_unique<Binding[]>(room);
    const DomainGuard guard(home());
    std::copy_n(bindings_, binding_count_, larger.get());
    more_bindings_.swap(larger);
    bindings_ = more_bindings_.get();
    binding_room_ = static_cast<std::uint32_t>(room);
}

// ---- a queue where not every event just takes the next slot -----------------------------------------------------

Pushed Mailbox::push_specially(std::uint16_t type, std::uint64_t sequence, const OfferedEvent& event, bool replayed,
                               Aftermath& after) noexcept {
    if (has_ended()) return Pushed::killed;  // just now: one event may reach it in two ways
    limit_ = tail();
    if (head_.load(std::memory_order_acquire) == limit_) episode_is_open_ = false;
    if (refinement_) {
        try {
            const UserCode filter(home(), *core_);
            if (!refinement_->accepts(type, event.bytes)) {
                ++rejected_;
                return Pushed::rejected;
            }
        } catch (...) {
            after.fail();
            ++rejected_;
            return Pushed::rejected;
        }
    }
    if (bus_options_.measure_age) note_age(type, after);
    Pushed pushed = Pushed::queued;
    if (keyed_) {
        pushed = push_by_key(type, sequence, event, replayed, after);
    } else {
        if (!replayed) pushed = make_room(type, after);
        if (pushed <= Pushed::displaced) {
            append(type, sequence, event, std::exchange(gap_, 0), replayed);
            if (replayed) replay_end_ = high_water_ = tail();
        }
    }
    if (pushed > Pushed::displaced) return pushed;
    limit_ = tail();
    after.wake(claim());
    return pushed;
}

Pushed Mailbox::push_by_key(std::uint16_t type, std::uint64_t sequence, const OfferedEvent& event, bool replayed,
                            Aftermath& after) noexcept {
    using Merged = Refinement::Merged;
    std::optional<std::size_t> hash;
    KeyedSlots::Place place = KeyedSlots::none;
    Merged merged = Merged::unasked;
    alignas(std::max_align_t) std::byte both[most_inline_bytes];
    if (policy_ == Policy::latest) {
        hash = type;
        place = keyed_->find(*hash, [](KeyedSlots::Place) { return true; });
    } else {
        try {
            const UserCode code(home(), *core_);
            hash = refinement_->hash(type, event.bytes);
            if (hash)
                place = keyed_->find(*hash, [&](KeyedSlots::Place candidate) {
                    Slot& queued = slot(candidate);
                    return queued.tag.index == type && refinement_->same_key(type, queued.storage(), event.bytes);
                });
            if (place != KeyedSlots::none) merged = refinement_->merge(type, slot(place).storage(), event.bytes, both);
        } catch (...) {
            after.fail();
            ++rejected_;
            return Pushed::rejected;
        }
    }
    if (place == KeyedSlots::none) {
        Pushed pushed = Pushed::queued;
        if (!replayed && policy_ != Policy::latest && !has_room()) pushed = overflow(type, after);
        if (pushed > Pushed::displaced) return pushed;
        fill(keyed_->add(hash), type, sequence, event, replayed, 0);
        const std::uint64_t queued = tail() + 1;
        high_water_ = std::max(high_water_, queued - head_.load(std::memory_order_relaxed));
        published_.store(queued, std::memory_order_release);
        return pushed;
    }
    ++lost_;
    if (merged == Merged::nothing) {
        merge_away(place, after);
        return Pushed::merged_away;
    }
    const std::uint64_t missed = slot(place).tag.missed + 1;
    empty_out(place, after);
    keyed_->move_to_back(place);
    if (merged == Merged::event) {
        OfferedEvent made = event;
        made.bytes = both;
        fill(place, type, sequence, made, replayed, missed);
        if (event.is_shared) after.drop(*event.payload());
    } else {
        fill(place, type, sequence, event, replayed, missed);
    }
    return Pushed::displaced;
}

void Mailbox::fill(KeyedSlots::Place place, std::uint16_t type, std::uint64_t sequence, const OfferedEvent& event,
                   bool replayed, std::uint64_t missed) noexcept {
    Slot& slot = *::new (&this->slot(place)) Slot{};
    slot.tag.sequence = sequence;
    slot.tag.missed = (std::exchange(gap_, 0) + missed) & max_missed;
    slot.tag.index = type;
    slot.tag.replayed = replayed ? 1 : 0;
    slot.store(event);
    if (replayed) ++replayed_;
}

void Mailbox::empty_out(KeyedSlots::Place place, Aftermath& after) noexcept {
    Slot& slot = this->slot(place);
    if (slot.tag.shared != 0) after.drop(*slot.payload());
    if (slot.tag.replayed != 0) --replayed_;
}

void Mailbox::merge_away(KeyedSlots::Place place, Aftermath& after) noexcept {
    ++rejected_;
    gone_before(keyed_->after(place), slot(place).tag.missed + 1);
    empty_out(place, after);
    keyed_->remove(place);
    forget_one();
    if (policy_ == Policy::wait) TopicBase::give_turns(bindings(), after);
}

void Mailbox::gone_before(KeyedSlots::Place next, std::uint64_t missed) noexcept {
    if (next == KeyedSlots::none) {
        gap_ += missed;
    } else {
        slot(next).tag.missed = (slot(next).tag.missed + missed) & max_missed;
    }
}

void Mailbox::displace_oldest_key(Aftermath& after) noexcept {
    KeyedSlots::Place victim = keyed_->oldest();
    while (slot(victim).tag.replayed != 0) victim = keyed_->after(victim);
    gone_before(keyed_->after(victim), slot(victim).tag.missed + 1);
    empty_out(victim, after);
    keyed_->remove(victim);
}

// ---- a full queue -----------------------------------------------------------------------------------------------

Pushed Mailbox::make_room(std::uint16_t type, Aftermath& after) noexcept {
    const std::uint64_t tail = this->tail();
    std::uint64_t head = head_.load(std::memory_order_acquire);
    if (head == tail) episode_is_open_ = false;
    if (write_ == nullptr && !make_ring()) [[unlikely]]
        return refuse(type, after);

    Pushed pushed = Pushed::queued;
    if (tail >= std::max(head, replay_end_) + capacity_) {
        pushed = overflow(type, after);
        if (pushed > Pushed::displaced) return pushed;
        head = head_.load(std::memory_order_relaxed);
    }
    high_water_ = std::max(high_water_, tail + 1 - head);
    limit_ = std::min(std::max(head, replay_end_) + capacity_, head + high_water_);
    // an episode ends when the queue has been empty, which only a look at the reader's end can tell
    if (episode_is_open_) limit_ = tail + 1;
    return pushed;
}

Pushed Mailbox::overflow(std::uint16_t type, Aftermath& after) noexcept {
    switch (policy_) {
        case Policy::kill:
            if (!has_ended()) end(State::killed, after);  // one event may reach it in two ways
            return Pushed::killed;
        case Policy::drop_oldest:
            displace_oldest(after);
            return Pushed::displaced;
        default:
            return refuse(type, after);
    }
}

Pushed Mailbox::refuse(std::uint16_t type, Aftermath& after) noexcept {
    ++lost_;
    ++gap_;
    limit_ = tail();
    if (head_.load(std::memory_order_acquire) == tail()) episode_is_open_ = false;
    if (policy_ == Policy::notify || policy_ == Policy::wait) open_episode(type, after);
    return Pushed::refused;
}

bool Mailbox::has_room() const noexcept {
    if (keyed_) return tail() - head_.load(std::memory_order_relaxed) - replayed_ < capacity_;
    return tail() < std::max(head_.load(std::memory_order_acquire), replay_end_) + capacity_;
}

void Mailbox::displace_oldest(Aftermath& after) noexcept {
    ++lost_;
    if (keyed_) {
        displace_oldest_key(after);
        forget_one();
        return;
    }
    // Replayed events lie in front and stay: the oldest of the others goes, and they move up into its place.
    const std::uint64_t head = head_.load(std::memory_order_relaxed);
    const std::uint64_t replayed = head < replay_end_ ? replay_end_ - head : 0;
    Slot* victim = read_;
    for (std::uint64_t i = 0; i < replayed; ++i) victim = this->after(victim);
    const std::uint64_t missed = victim->tag.missed + 1;
    if (victim->tag.shared != 0) after.drop(*victim->payload());

    Slot* next = this->after(victim);
    if (head + replayed + 1 == tail()) {
        gap_ += missed;
    } else {
        next->tag.missed = (next->tag.missed + missed) & max_missed;
    }
    for (std::uint64_t i = replayed; i > 0; --i) {
        Slot* previous = read_;
        for (std::uint64_t step = 1; step < i; ++step) previous = this->after(previous);
        std::memcpy(static_cast<void*>(victim), previous, read_stride_);
        victim = previous;
    }
    read_ = this->after(read_);
    if (replayed != 0) ++replay_end_;
    forget_one();
}

void Mailbox::forget_one() noexcept {
    ++discarded_;
    head_.store(head_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
}

// ---- taking under the lock --------------------------------------------------------------------------------------

Slot* Mailbox::oldest() noexcept {
    if (published_.load(std::memory_order_relaxed) == head_.load(std::memory_order_relaxed)) return nullptr;
    return keyed_ ? &slot(keyed_->oldest()) : read_;
}

void Mailbox::forget_oldest_key() noexcept {
    const KeyedSlots::Place place = keyed_->oldest();
    if (slot(place).tag.replayed != 0) --replayed_;
    keyed_->remove(place);
}

void Mailbox::taken_under_lock(Aftermath& after) noexcept {
    if (!keyed_) read_ = this->after(read_);
    const std::uint64_t head = head_.load(std::memory_order_relaxed) + 1;
    head_.store(head, std::memory_order_release);
    if (state() == State::draining && published_.load(std::memory_order_relaxed) == head) end(State::closed, after);
    if (policy_ == Policy::wait) TopicBase::give_turns(bindings(), after);
}

// ---- the end ----------------------------------------------------------------------------------------------------

namespace {
void wake_all(SpotList& waiters, Aftermath& after) noexcept {
    while (ParkingSpot* waiter = waiters.front()) {
        SpotList::remove(*waiter);
        after.wake(waiter->claim());
    }
}
}  // namespace

void Mailbox::end(State why, Aftermath& after) noexcept {
    state_.store(why, std::memory_order_release);
    limit_ = tail();
    after.wake(claim());
    wake_all(end_waiters_, after);
    wake_all(ready_waiters_, after);
}

void Mailbox::resolve(Readiness readiness, Aftermath& after) noexcept {
    readiness_.store(readiness, std::memory_order_release);
    wake_all(ready_waiters_, after);
}

void Mailbox::drain(Aftermath& after) noexcept {
    if (state() != State::open) return;
    // against a receiver that takes the last event meanwhile, see take()
    state_.store(State::draining, std::memory_order_seq_cst);
    wake_all(ready_waiters_, after);
    if (head_.load(std::memory_order_seq_cst) == published_.load(std::memory_order_relaxed)) end(State::closed, after);
}

void Mailbox::finish_draining() noexcept {
    Aftermath after;
    {
        const DomainGuard guard(home());
        if (state() == State::draining &&
            head_.load(std::memory_order_relaxed) == published_.load(std::memory_order_relaxed))
            end(State::closed, after);
    }
    after.settle();
}

Look Mailbox::drained() noexcept {
    finish_draining();
    return Look::ended;
}

Look Mailbox::discard() noexcept {
    const std::uint64_t tail = published_.load(std::memory_order_acquire);
    const std::uint64_t head = head_.load(std::memory_order_relaxed);
    if (head == tail) return Look::ended;
    {
        const DomainGuard guard(home());  // stat() reads the two together
        discarded_ += tail - head;
        head_.store(tail, std::memory_order_release);
    }
    if (keyed_) {
        for (KeyedSlots::Place place = keyed_->oldest(); place != KeyedSlots::none; place = keyed_->after(place)) {
            if (slot(place).tag.shared != 0) slot(place).payload()->release();
        }
    } else {
        for (std::uint64_t i = head; i != tail; ++i) {
            Slot* slot = std::exchange(read_, after(read_));
            if (slot->tag.shared != 0) slot->payload()->release();
        }
    }
    return Look::ended;
}

// ---- slow subscribers -------------------------------------------------------------------------------------------

void Mailbox::open_episode(std::uint16_t type, Aftermath& after) noexcept {
    if (std::exchange(episode_is_open_, true)) return;
    limit_ = tail();
    loss_is_due_ = true;
    begin_episode(type, after);
}

void Mailbox::note_age(std::uint16_t type, Aftermath& after) noexcept {
    const auto now = std::chrono::steady_clock::now();
    if (head_.load(std::memory_order_acquire) == tail()) {
        not_empty_since_ = now;
        is_too_old_ = false;
    } else if (!is_too_old_ && now - not_empty_since_ >= bus_options_.slow_after) {
        is_too_old_ = age_is_due_ = true;
        begin_episode(type, after);
    }
}

void Mailbox::begin_episode(std::uint16_t type, Aftermath& after) noexcept {
    ++episodes_;
    slow_type_ = type;
    if (calling_.load(std::memory_order_relaxed)) {
        call_again_ = true;
        return;
    }
    if (std::exchange(call_is_due_, true)) return;
    add_reference();
    after.notify(*this);
}

void Mailbox::call_back() {
    struct Reference {
        Mailbox* mailbox;
        ~Reference() { mailbox->release(); }
    } reference{this};
    {
        // Only now does closing wait for the callback: before it, others' callbacks may have run on this thread.
        const DomainGuard guard(home());
        call_is_due_ = false;
        if (has_ended()) return;
        calling_.store(true, std::memory_order_relaxed);
        caller_ = std::this_thread::get_id();
    }
    std::exception_ptr first;
    for (bool again = true; again;) {
        SlowSubscriber slow;
        const Subject* subject = nullptr;
        bool is_loss_due = false;
        bool is_age_due = false;
        std::chrono::nanoseconds age(0);
        {
            const DomainGuard guard(home());
            if (!has_ended()) subject = subjects_[slow_type_];
            slow.capacity = capacity_;
            slow.lost = lost_;
            slow.episodes = episodes_;
            is_loss_due = std::exchange(loss_is_due_, false);
            is_age_due = std::exchange(age_is_due_, false);
            age = std::chrono::steady_clock::now() - not_empty_since_;
        }
        if (subject != nullptr) {
            const auto call = [&](const SlowCallback& callback) {
                try {
                    slow.name = name();
                    slow.type = subject->label();
                    callback(slow);
                } catch (...) {
                    if (!first) first = std::current_exception();
                }
            };
            if (is_loss_due) call(*slow_);
            slow.age = std::max(age, std::chrono::nanoseconds(1));
            if (is_age_due) call(bus_options_.on_slow_subscriber);
        }
        const DomainGuard guard(home());
        again = std::exchange(call_again_, false) && !has_ended();
        if (!again) calling_.store(false, std::memory_order_release);
    }
    calling_.notify_all();
    if (first) std::rethrow_exception(first);
}

void Mailbox::await_callback() noexcept {
    // A callback that began before the mailbox was closed is seen without the lock: who closed has held it since.
    if (calling_.load(std::memory_order_acquire)) {
        {
            const DomainGuard guard(home());
            if (calling_.load(std::memory_order_relaxed) && caller_ == std::this_thread::get_id()) return;
        }
        calling_.wait(true, std::memory_order_acquire);
    }
    is_done_.store(true, std::memory_order_release);
}

// ---- figures ----------------------------------------------------------------------------------------------------

std::string Mailbox::name() const { return name_.empty() ? unique_name(where_, number_) : name_; }

SubscriptionStat Mailbox::stat() {
    SubscriptionStat stat;
    stat.name = name();
    stat.capacity = policy_ == Policy::latest ? types_ : capacity_;
    stat.policy = policy_;
    stat.where = file_and_line(where_);
    stat.types.reserve(types_);
    for (const Subject* subject : subjects()) stat.types.emplace_back(subject->label());

    const DomainGuard guard(home());
    const std::uint64_t head = head_.load(std::memory_order_acquire);
    stat.size = has_ended() ? 0 : published_.load(std::memory_order_relaxed) - head;
    stat.high_water = high_water_;
    stat.delivered = head - discarded_;
    stat.lost = lost_;
    stat.gap = gap_;
    stat.rejected = rejected_;
    stat.killed = state() == State::killed;
    stat.waiting = occupied();
    if (bus_options_.measure_age && stat.size != 0) stat.age = std::chrono::steady_clock::now() - not_empty_since_;
    return stat;
}

}  // namespace event::detail
