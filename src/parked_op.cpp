#include <event/detail/parked_op.hpp>

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

std::uint64_t ParkingSpot::begin() noexcept {
    std::uint64_t state = state_.load(std::memory_order_relaxed);
    if (static_cast<Phase>(state & phase_mask) != Phase::idle) return 0;
    const std::uint64_t ticket = (state & ~phase_mask) + one_ticket;
    const std::uint64_t pending = ticket | static_cast<std::uint64_t>(Phase::pending);
    return state_.compare_exchange_strong(state, pending, std::memory_order_acq_rel) ? ticket : 0;
}

void ParkingSpot::finish() noexcept { state_.fetch_and(~phase_mask, std::memory_order_acq_rel); }

bool ParkingSpot::set_phase(std::uint64_t expected, Phase why) noexcept {
    const std::uint64_t ticket = expected & ~phase_mask;
    return state_.compare_exchange_strong(expected, ticket | static_cast<std::uint64_t>(why),
                                          std::memory_order_acq_rel);
}

void ParkingSpot::cancel(std::uint64_t ticket, Phase why) noexcept {
    if (!set_phase(ticket | static_cast<std::uint64_t>(Phase::pending), why)) return;
    ParkedOp* op = nullptr;
    {
        DomainGuard guard(home());
        op = claim();
        if (op != nullptr) SpotList::remove(*this);
    }
    // Not parked: it was posted already, or is about to park and will see the phase.
    if (op != nullptr) op->wake();
}

void ParkingSpot::cancel() noexcept { cancel(state_.load(std::memory_order_acquire) & ~phase_mask, Phase::cancelled); }

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
    Posting posting(*this);
    try {
        post();
    } catch (...) {
        if (!posting.dropped) return;
        const DomainGuard guard(spot_->home());
        spot_->park(*this);
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
