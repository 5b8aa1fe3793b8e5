#include "bus/unique_name.hpp"

#include <event/detail/bus/bus_core.hpp>
#include <event/detail/order/subject.hpp>
#include <event/detail/order/topic.hpp>
#include <event/detail/queue/mailbox.hpp>

#include <algorithm>
#include <limits>
#include <memory>
#include <new>

namespace event::detail {
namespace {

/// A queue of that size gets its memory with the first event. Most subscriptions of a host wait for what never comes.
constexpr std::size_t most_bytes_at_first_event = 64 * 1024;

constexpr std::size_t aligned(std::size_t size, std::size_t alignment) noexcept {
    return (size + alignment - 1) / alignment * alignment;
}

/// How long a queue may be full until something is done about it; 0: at once, or never.
std::chrono::nanoseconds time_when_full(const Backpressure& policy) noexcept {
    if (const auto* kill = std::get_if<Kill>(&policy)) return kill->after;
    const auto* wait = std::get_if<Wait>(&policy);
    return wait != nullptr ? wait->limit : std::chrono::nanoseconds(0);
}

/// So many slots are asked for while the subscriber can still be told that there is no such memory.
constexpr bool is_large(std::size_t slots, std::size_t stride) noexcept {
    return slots > most_bytes_at_first_event || slots * stride > most_bytes_at_first_event;
}

/// Whether it brings something of its own with it.
bool has_own(const Backpressure& policy) noexcept {
    if (const auto* notify = std::get_if<Notify>(&policy)) return notify->callback != nullptr;
    return time_when_full(policy).count() > 0;
}

bool has_keys(Policy policy, const Refinement* refinement) noexcept {
    return policy == Policy::latest || (refinement != nullptr && refinement->has_keys());
}

}  // namespace

// ---- life -------------------------------------------------------------------------------------------------------

IntrusivePtr<Mailbox> Mailbox::create(Options& options, const MailboxPlace& place) {
    const Policy policy = policy_of(options.wanted.on_full);
    if (policy == Policy::latest)  // one slot for each type, whatever was asked for
        options.wanted.capacity = place.subjects.size();
    if (options.bus.stamp) options.stride += stamp_stride;
    options.is_unusual = policy > Policy::drop || options.refinement || options.bus.measure_age || options.bus.stamp ||
                         options.wanted.concurrency > 1 || place.replay_room != 0 ||
                         is_large(options.wanted.capacity, options.stride);

    std::unique_ptr<Own> own;
    if (!options.wanted.name.empty() || has_own(options.wanted.on_full)) own = std::make_unique<Own>();
    const std::size_t tie_at = aligned(sizeof(Mailbox) + place.subjects.size() * sizeof(Listing), alignof(Tie));
    const bool has_tie = place.is_erased || place.subjects.size() > 1;
    const std::size_t bindings_at = aligned(tie_at + (has_tie ? sizeof(Tie) : 0), alignof(Binding));
    const std::size_t size = bindings_at + place.topics * sizeof(Binding);
    auto* block = static_cast<std::byte*>(::operator new(size + alignof(Mailbox) - __STDCPP_DEFAULT_NEW_ALIGNMENT__));
    std::byte* memory = block + (-reinterpret_cast<std::uintptr_t>(block) & (alignof(Mailbox) - 1));
    auto* mailbox = ::new (memory) Mailbox(std::move(options), place, memory + bindings_at, std::move(own));
    mailbox->block_ = block;
    return IntrusivePtr<Mailbox>::adopt(mailbox);
}

void Mailbox::make_slots(std::size_t replay_room) {
    if (policy_ == Policy::latest) replay_room = 0;
    const std::size_t most = std::numeric_limits<std::size_t>::max() / 4 / stride_;
    if (capacity_ > most - std::min(most, replay_room)) throw std::bad_alloc{};
    slot_count_ = capacity_ + replay_room;
    if (has_keys(policy_, refinement()) || replay_room != 0 || is_large(slot_count_, stride_))
        static_cast<void>(make_memory(true));
}

const SlowNotifier::Callback* Mailbox::own_callback() const noexcept {
    return own_ && own_->callback ? &own_->callback : nullptr;
}

void Mailbox::furnish(const Options& options, std::size_t replay_room) {
    const auto limit = time_when_full(options.wanted.on_full);
    const bool is_limited = limit.count() > 0;
    const bool is_stamped = options.bus.stamp;
    const bool is_keyed = has_keys(policy_, refinement());
    const bool is_linked = is_keyed || policy_ == Policy::drop_oldest || policy_ == Policy::wait;
    is_simple_.store(!is_linked && !is_stamped, std::memory_order_relaxed);
    is_special_ = is_linked || is_stamped || may_reject(refinement()) || slow_.measures_age() || is_limited;
    only_excludes_ = may_reject(refinement()) && !refinement()->has_filter() && !is_linked && !is_stamped &&
                     !slow_.measures_age() && !is_limited;
    if (is_limited) own_->full_limit.emplace(limit, options.slow_line.clock());
    if (is_stamped) timings_ = std::make_unique<Timings>(options.slow_line.clock());
    if (options.wanted.concurrency > 1) share_by(std::make_unique<Sharing>(options.wanted.concurrency));
    if (is_linked) linked_ = std::make_unique<LinkedSlots>(stride_, is_keyed);
    make_slots(replay_room);
}

Mailbox::Mailbox(Options&& options, const MailboxPlace& place, std::byte* bindings, std::unique_ptr<Own> own) noexcept
    : QueueSpot(*place.subjects.front(), *this),
      policy_(policy_of(options.wanted.on_full)),
      is_erased_(place.is_erased),
      requires_emitters_(options.wanted.require_emitters),
      types_(static_cast<std::uint16_t>(place.subjects.size())),
      capacity_(options.wanted.capacity),
      slot_count_(capacity_),
      stride_(options.stride),
      refinement_(std::move(options.refinement)),
      bindings_(static_cast<Binding*>(static_cast<void*>(bindings))),
      binding_room_(static_cast<std::uint32_t>(place.topics)),
      slow_(options.bus, options.slow_line),
      own_(std::move(own)),
      where_(options.where),
      number_(place.number) {
    static_assert(sizeof(Mailbox) % alignof(Listing) == 0);
    if (own_) {
        own_->name = std::move(options.wanted.name);
        if (auto* notify = std::get_if<Notify>(&options.wanted.on_full)) own_->callback = std::move(notify->callback);
    }
    for (std::size_t i = 0; i < types_; ++i) std::construct_at(listings().data() + i, Listing{place.subjects[i]});
    if (Tie* memory = tie()) std::construct_at(memory, *this);
}

bool Mailbox::make_memory(bool may_throw) {
    const std::size_t size = linked_ ? linked_->bytes(slot_count_) : slot_count_ * stride_;
    std::unique_ptr<std::byte[]> memory(may_throw ? new std::byte[size] : new (std::nothrow) std::byte[size]);
    if (!memory) return false;
    if (linked_) {
        linked_->use(std::move(memory), slot_count_);
    } else {
        slots_ = std::move(memory);
        writer_.use(slots_.get(), slot_count_, stride_);
        reader_.use(slots_.get(), slot_count_, stride_);
    }
    return true;
}

Mailbox::~Mailbox() { delete sharing(); }

[[gnu::noinline]] void Mailbox::end_unregistered() noexcept {
    Aftermath after;
    after.only_ends();
    end(State::closed, after);
    after.settle();
}

void Mailbox::let_go() noexcept {
    if (!has_ended()) [[unlikely]]
        end_unregistered();
    if (linked_) linked_.reset();
    if (slots_) slots_.reset();
    if (refinement_) refinement_.reset();
    if (own_) own_->callback = nullptr;  // none will start any more
}

void Mailbox::destroy_spot() noexcept {
    std::byte* block = block_;
    this->~Mailbox();
    ::operator delete(static_cast<void*>(block));
}

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

BusCore& Mailbox::bus() const noexcept { return static_cast<BusCore&>(core()); }

// ---- the end ----------------------------------------------------------------------------------------------------

void Mailbox::end(State why, Aftermath& after) noexcept {
    is_simple_.store(false, std::memory_order_seq_cst);
    state_.store(why, std::memory_order_seq_cst);  // against a handler that begins: see Handling
    wake_at_next();
    if (size() != 0 || occupied() || is_shared() || !end_waiters_.empty() || !ready_waiters_.empty()) [[unlikely]]
        discard_and_wake(after);
    tell_progress(after);
}

[[gnu::noinline]] void Mailbox::discard_and_wake(Aftermath& after) noexcept {
    if (linked_ && linked_->has_memory()) {
        for (auto place = linked_->oldest(); place != LinkedSlots::none; place = linked_->after(place))
            if ((*linked_)[place].tag.is_shared()) after.drop(*(*linked_)[place].payload());
    } else if (slots_ != nullptr) {
        // from the back: a receiver may be taking the oldest
        for (std::uint64_t i = reader_.count.load(std::memory_order_acquire); i < tail(); ++i) {
            Slot& slot = *static_cast<Slot*>(static_cast<void*>(slots_.get() + i % slot_count_ * stride_));
            if (PayloadBase* payload = slot.tag.is_shared() ? slot.take_payload() : nullptr) after.drop(*payload);
        }
    }
    after.wake(claim());
    if (Sharing* shared = sharing()) after.wake_all(shared->waiting());
    after.wake_all(end_waiters_);
    after.wake_all(ready_waiters_);
}

void Mailbox::resolve(Readiness readiness, Aftermath& after) noexcept {
    readiness_.store(readiness, std::memory_order_release);
    after.wake_all(ready_waiters_);
}

void Mailbox::drain(Aftermath& after) noexcept {
    // against a receiver that takes the last event meanwhile, see take()
    is_simple_.store(false, std::memory_order_seq_cst);
    state_.store(State::draining, std::memory_order_seq_cst);
    after.wake_all(ready_waiters_);
    if (reader_.count.load(std::memory_order_seq_cst) == tail()) end(State::closed, after);
}

void Mailbox::end_if_drained(Aftermath& after) noexcept {
    if (state() == State::draining && look() == Look::ended) end(State::closed, after);
}

void Mailbox::finish_draining() {
    if (defer_request(drain_it)) return;
    end_under<DomainGuard>(home(), [this](Aftermath& after) { end_if_drained(after); });
}

Look Mailbox::drained() {
    finish_draining();
    return Look::ended;
}

void Mailbox::close() noexcept {
    if (slow_.is_over() || defer_request(close_it)) return;
    is_closed_.store(true, std::memory_order_seq_cst);
    bus().end_subscription(*this, State::closed);
    if (handles()) tell_end();
    slow_.await_end(*this);
}

void Mailbox::close_after_drain() noexcept {
    if (!defer_request(drain_it)) bus().end_subscription(*this, State::draining);
}

bool Mailbox::is_given_up() const noexcept {
    return is_closed_.load(std::memory_order_acquire) || state() == State::killed;
}

boost::system::error_code Mailbox::end_reason() const noexcept {
    return state() == State::killed ? errc::killed : errc::closed;
}

void Mailbox::tell_end() noexcept {
    end_under<CertainGuard>(home(), [this](Aftermath& after) {
        if (has_ended()) after.wake_all(end_waiters_);
        if (!handles() && std::exchange(is_left_, false)) bus().handler_has_left(after);
        tell_progress(after);
    });
}

void Mailbox::tell_progress(Aftermath& after) noexcept {
    if (tells_.load(std::memory_order_seq_cst) && tells_.exchange(false, std::memory_order_seq_cst))
        bus().tell_progress(after);
}

void Mailbox::tell_progress() noexcept {
    if (tells_.exchange(false, std::memory_order_seq_cst)) bus().tell_progress();
}

bool Mailbox::is_busy() {
    const DomainGuard guard(home());
    if (handles()) return true;
    return !has_ended() && (tail() != reader_.count.load(std::memory_order_seq_cst) || line_.front() != nullptr);
}

bool Mailbox::is_busy_and_will_tell() {
    if (!is_busy()) return false;
    tells_.store(true, std::memory_order_seq_cst);
    return is_busy();
}

bool Mailbox::goes_on_and_will_tell() {
    if (has_ended() && !handles()) return false;
    tells_.store(true, std::memory_order_seq_cst);
    return !has_ended() || handles();
}

void Mailbox::tell() noexcept {
    if (defer_request(tell_it)) return release();
    std::exception_ptr ignored;
    slow_.run(*this, ignored);
}

void Mailbox::fulfil(Requests requests) noexcept {
    if ((requests & tell_it) != 0) {
        add_reference();
        tell();
    }
    if ((requests & drain_it) != 0) {
        close_after_drain();
        finish_draining();
    }
    if ((requests & close_it) != 0) close();
}

// ---- turns ------------------------------------------------------------------------------------------------------

void Mailbox::offer_turn(Aftermath& after) noexcept { pass_turns_on(is_starving(), after); }

void Mailbox::pass_turns_on(bool is_starving, Aftermath& after) noexcept {
    while (Turn* first = line_.front()) {
        if (!has_room()) return;
        first->emit->count_ready(*first, after);
        if (!is_starving || first->emit->is_offered()) return;
        first->pass_by();  // it waits for another queue, and this one waits for events
    }
    tell_progress(after);
}

void Mailbox::dissolve_line(Aftermath& after) noexcept {
    while (Turn* turn = line_.pop_front()) turn->emit->count_ready(*turn, after);
}

// ---- figures ----------------------------------------------------------------------------------------------------

std::string Mailbox::name() const { return own_ && !own_->name.empty() ? own_->name : unique_name(where_, number_); }

SubscriptionStat Mailbox::stat() {
    SubscriptionStat stat;
    stat.name = name();
    stat.capacity = capacity_;
    if (const Sharing* shared = sharing()) stat.receivers = shared->receivers();
    stat.policy = policy_;
    stat.where = file_and_line(where_);
    stat.types.reserve(types_);
    for (const Listing& listing : listings()) stat.types.emplace_back(listing.subject->label());
    if (refinement_)
        for (const auto& chosen : refinement_->chosen()) chosen->print(stat.keys);

    const DomainGuard guard(home());
    const Figures figures = this->figures();
    if (!has_ended()) stat.size = tail() - reader_.count.load(std::memory_order_acquire);
    stat.high_water = high_water_;
    stat.delivered = figures.delivered;
    stat.lost = figures.lost;
    stat.gap = gap_;
    stat.rejected = figures.rejected;
    stat.discarded = figures.discarded;
    stat.killed = state() == State::killed;
    stat.waiting = is_waited_for();
    for ([[maybe_unused]] const Turn& turn : line_) ++stat.emits_waiting;
    if (slow_.measures_age() && stat.size != 0) stat.age = slow_.age();
    if (timings_) {
        stat.latency = timings_->latency();
        if (const DurationStat time = timings_->handler_time(); time.count != 0) stat.handler_time = time;
    }
    return stat;
}

Figures Mailbox::figures() const noexcept {
    const std::uint64_t head = reader_.count.load(std::memory_order_acquire);
    const std::uint64_t left = has_ended() ? tail() - head : 0;
    return {.delivered = head - removed_,
            .lost = lost_,
            .rejected = rejected_,
            .discarded = is_killed_by_last_ && left != 0 ? left - 1 : left,
            .killed = state() == State::killed ? 1U : 0U};
}

}  // namespace event::detail
