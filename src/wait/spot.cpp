#include <event/detail/chaos.hpp>
#include <event/detail/order/aftermath.hpp>
#include <event/detail/wait/operation.hpp>
#include <event/detail/wait/spot.hpp>

namespace event::detail {

std::uint64_t ParkingSpot::begin() noexcept {
    std::uint64_t state = state_.load(std::memory_order_relaxed);
    std::uint64_t pending = 0;
    do {
        if (phase_of(state) != Phase::idle) return 0;
        pending = state + one_ticket + static_cast<std::uint64_t>(Phase::pending);
    } while (!state_.compare_exchange_weak(state, pending, std::memory_order_acq_rel, std::memory_order_relaxed));
    chaos(Point::began, this);
    return pending & ~reference_mask;
}

void ParkingSpot::finish() noexcept {
    std::uint64_t state = state_.load(std::memory_order_relaxed);
    while (!state_.compare_exchange_weak(state, (state & ~phase_mask) - one_reference, std::memory_order_acq_rel,
                                         std::memory_order_relaxed)) {
    }
    chaos(Point::ended, this);
    if (is_last(state)) let_all_go();
}

bool ParkingSpot::try_add_reference() noexcept {
    std::uint64_t state = state_.load(std::memory_order_relaxed);
    while ((state & reference_mask) != 0 &&
           !state_.compare_exchange_weak(state, state + one_reference, std::memory_order_relaxed)) {
    }
    return (state & reference_mask) != 0;
}

void ParkingSpot::let_all_go() noexcept {
    chaos(Point::let_go, this);
    if (registry()) stop_listening([this] { let_executor_go(); });  // without one it has no executor
    Core& core = this->core();
    let_go();
    core.release();
    give_memory_back();
}

void ParkingSpot::cancel(std::uint64_t ticket, Phase why) noexcept {
    std::uint64_t state = state_.load(std::memory_order_relaxed);
    do {
        if (phase_of(state) != Phase::pending || (state & ~reference_mask) != ticket) return;
        // the pending operation has a reference, and so another one may be taken
    } while (!state_.compare_exchange_weak(state,
                                           ((state & ~phase_mask) | static_cast<std::uint64_t>(why)) + one_reference,
                                           std::memory_order_acq_rel, std::memory_order_relaxed));
    chaos(Point::cancelled, this);
    const bool only_looks = why == Phase::pending;
    if (!(only_looks ? defer_request(look_again) : defer())) wake_cancelled(only_looks);
    release();
}

void ParkingSpot::cancel() noexcept {
    cancel(state_.load(std::memory_order_acquire) & ~reference_mask, Phase::cancelled);
}

void ParkingSpot::wake_cancelled(bool or_pending) noexcept {
    end_under<DomainGuard>(home(), [&](Aftermath& after) {
        const Phase phase = this->phase();
        if (phase == Phase::idle || (phase == Phase::pending && !or_pending)) return;
        // Not parked: it was posted already, or is about to park and will see the phase.
        after.wake(claim());
        if (phase != Phase::pending) pass_on(after);
    });
}

void ParkingSpot::run_deferred() noexcept {
    const Requests requests = requests_.exchange(0, std::memory_order_acq_rel);
    wake_cancelled((requests & look_again) != 0);
    if (const auto asked = static_cast<Requests>(requests & ~look_again); asked != 0) fulfil(asked);
    release();
}

bool ParkingSpot::defer_in_filter(Requests request) noexcept {
    requests_.fetch_or(request, std::memory_order_acq_rel);
    return defer();
}

void ParkingSpot::context_gone(const boost::asio::execution_context& context) noexcept {
    ParkedOp* op = nullptr;
    {
        const CertainGuard guard(home());
        if (parked_ != nullptr && &parked_->context() == &context) op = claim();
    }
    if (op != nullptr) op->destroy();
    let_executor_go();
    release();
}

}  // namespace event::detail
