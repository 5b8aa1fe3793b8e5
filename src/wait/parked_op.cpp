#include <event/detail/wait/parked_op.hpp>

namespace event::detail {
namespace {

/// The operation that this thread is posting at the moment. What is posted destroys its operation when it is thrown
/// away; while the post itself is failing, that would be wrong.
struct Posting {
    explicit Posting(ParkedOp& posted) noexcept : op(&posted), outer(std::exchange(current, this)) {}
    ~Posting() { current = outer; }
    Posting(const Posting&) = delete;
    Posting& operator=(const Posting&) = delete;

    ParkedOp* op;
    bool dropped = false;
    Posting* outer;

    static thread_local Posting* current;
};

thread_local Posting* Posting::current = nullptr;

}  // namespace

std::uint64_t ParkingSpot::begin(std::uint32_t references) noexcept {
    std::uint64_t state = state_.load(std::memory_order_relaxed);
    std::uint64_t pending = 0;
    do {
        if (phase_of(state) != Phase::idle) return 0;
        pending = state + one_ticket + references * one_reference + static_cast<std::uint64_t>(Phase::pending);
    } while (!state_.compare_exchange_weak(state, pending, std::memory_order_acq_rel, std::memory_order_relaxed));
    return pending & ~reference_mask;
}

void ParkingSpot::finish() noexcept {
    std::uint64_t state = state_.load(std::memory_order_relaxed);
    while (!state_.compare_exchange_weak(state, (state & ~phase_mask) - one_reference, std::memory_order_acq_rel,
                                         std::memory_order_relaxed)) {
    }
    if (is_last(state)) destroy_spot();
}

void ParkingSpot::cancel(std::uint64_t ticket, Phase why) noexcept {
    std::uint64_t state = state_.load(std::memory_order_relaxed);
    do {
        if (phase_of(state) != Phase::pending || (state & ~reference_mask) != ticket) return;
    } while (!state_.compare_exchange_weak(state, (state & ~phase_mask) | static_cast<std::uint64_t>(why),
                                           std::memory_order_acq_rel, std::memory_order_relaxed));
    ParkedOp* op = nullptr;
    {
        DomainGuard guard(home());
        op = claim();
        if (op != nullptr) SpotList::remove(*this);
    }
    // Not parked: it was posted already, or is about to park and will see the phase.
    if (op != nullptr) op->wake();
}

void ParkingSpot::cancel() noexcept {
    cancel(state_.load(std::memory_order_acquire) & ~reference_mask, Phase::cancelled);
}

void ParkingSpot::context_gone(boost::asio::execution_context& context) noexcept {
    ParkedOp* op = nullptr;
    {
        DomainGuard guard(home());
        if (parked_ != nullptr && &parked_->context() == &context) {
            op = claim();
            SpotList::remove(*this);
        }
    }
    if (op != nullptr) op->destroy();
}

void SpotList::push_back(ParkingSpot& spot) noexcept {
    spot.list_ = this;
    spot.previous_ = last_;
    spot.next_ = nullptr;
    (last_ != nullptr ? last_->next_ : first_) = &spot;
    last_ = &spot;
}

void SpotList::remove(ParkingSpot& spot) noexcept {
    SpotList* list = std::exchange(spot.list_, nullptr);
    if (list == nullptr) return;
    (spot.previous_ != nullptr ? spot.previous_->next_ : list->first_) = spot.next_;
    (spot.next_ != nullptr ? spot.next_->previous_ : list->last_) = spot.previous_;
}

void ParkedOp::wake() noexcept {
    if (const auto parked_by = std::exchange(parked_by_, std::thread::id()); parked_by == std::thread::id()) {
        woken_ = Woken::unparked;
    } else if (parked_by == std::this_thread::get_id()) {
        woken_ = Woken::here;
    } else {
        const bool is_soon = waits_since_ != Clock::time_point() && Clock::now() - waits_since_ < Polling::soon;
        woken_ = is_soon ? Woken::soon : Woken::elsewhere;
    }
    Posting posting(*this);
    try {
        post();
    } catch (...) {
        if (!posting.dropped) return;
        const DomainGuard guard(spot_.home());
        spot_.park(*this);
        spot_.parked_again();
        return;
    }
    if (posting.dropped) destroy();
}

void ParkedOp::dropped(ParkedOp& op) noexcept {
    for (Posting* posting = Posting::current; posting != nullptr; posting = posting->outer) {
        if (posting->op == &op) {
            posting->dropped = true;
            return;
        }
    }
    op.destroy();
}

}  // namespace event::detail
