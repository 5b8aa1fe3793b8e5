#include <event/detail/wait/parked_op.hpp>

namespace event::detail {
namespace {

/// The operation that this thread is posting at the moment. What is posted destroys its operation when it is thrown
/// away; while the post itself is failing, that would be wrong.
struct Posting {
    explicit Posting(PostedOp& posted) noexcept : op(&posted), outer(std::exchange(current, this)) {}
    ~Posting() { current = outer; }
    Posting(const Posting&) = delete;
    Posting& operator=(const Posting&) = delete;

    PostedOp* op;
    bool dropped = false;
    Posting* outer;

    static thread_local Posting* current;
};

thread_local Posting* Posting::current = nullptr;

}  // namespace

inline bool PostedOp::post_or_not() noexcept {
    for (int attempts = 2; attempts > 0; --attempts) {
        Posting posting(*this);
        chaos(Point::before_wake, this);
        try {
            post();
            chaos(Point::woken, this);
            if (posting.dropped) destroy();
            return true;
        } catch (...) {
            if (!posting.dropped) return true;  // it was queued before that was thrown
        }
    }
    return false;
}

bool PostedOp::try_post() noexcept { return post_or_not(); }

void PostedOp::dropped(PostedOp& op) noexcept {
    for (Posting* posting = Posting::current; posting != nullptr; posting = posting->outer) {
        if (posting->op == &op) {
            posting->dropped = true;
            return;
        }
    }
    op.destroy();
}

void ParkedOp::wake() noexcept {
    if (const auto parked_by = std::exchange(parked_by_, nullptr); parked_by == nullptr) {
        woken_ = Woken::unparked;
    } else if (parked_by == this_thread()) {
        woken_ = Woken::here;
    } else {
        const bool is_soon = waits_since_ != Clock::time_point() && Clock::now() - waits_since_ < Polling::soon;
        woken_ = is_soon ? Woken::soon : Woken::elsewhere;
    }
    if (post_or_not()) return;
    {
        const CertainGuard guard(spot_.home());
        if (spot_.phase() == Phase::pending && !spot_.home_is_gone() && may_recur()) {
            spot_.park(*this);
            return list();
        }
    }
    destroy();
}

ContextListener& ParkedOp::listener() const noexcept {
    if (spot_.core().context_is(context())) return spot_.core();
    return spot_;
}

bool ParkedOp::pin() noexcept {
    ContextListener& listener = this->listener();
    if (listener.registry()->pin()) return true;
    if (&listener == &spot_) {
        spot_.park(*this);
    } else {
        spot_.core().adopt(*this);
    }
    return false;
}

void ParkedOp::wake_pinned() noexcept {
    is_pinned = false;
    const ContextRegistry::Pinned pinned(listener().registry());
    wake();
}

void ParkedOp::destroy_pinned() noexcept {
    const ContextRegistry::Pinned pinned(listener().registry());
    leave_timers();
    destroy();
}

void Doomed::add(ParkedOp* op) noexcept {
    if (op == nullptr) return;
    if (!op->is_foreign()) {
        op->next = std::exchange(first_, op);
    } else {
        op->leave_in_spot();
        ParkingSpot& spot = op->place();
        spot.add_reference();
        spot.next_doomed = std::exchange(first_foreign_, &spot);
    }
}

Doomed::~Doomed() {
    while (first_ != nullptr) std::exchange(first_, first_->next)->destroy();
    while (first_foreign_ != nullptr) {
        const auto spot = IntrusivePtr<ParkingSpot>::adopt(first_foreign_);
        first_foreign_ = spot->next_doomed;
        ParkedOp* op = nullptr;
        {
            const CertainGuard guard(spot->home());
            op = spot->claim();
            if (op != nullptr && !op->pin()) op = nullptr;
        }
        if (op != nullptr) op->destroy_pinned();
    }
}

}  // namespace event::detail
