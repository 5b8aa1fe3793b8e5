#include <event/detail/bus/bus_core.hpp>
#include <event/detail/queue/mailbox.hpp>
#include <event/detail/queue/receiver.hpp>
#include <event/detail/queue/taking.hpp>

#include <boost/system/system_error.hpp>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>

/// How events leave a queue where that needs the lock, and how several receivers share one.

namespace event::detail {

// ---- taking under the lock --------------------------------------------------------------------------------------

template <class F>
Look Mailbox::take_under_lock(QueueSpot& spot, std::size_t most, const F& f) {
    Aftermath after;
    after.only_ends();
    Look found = Look::empty;
    {
        const DomainGuard guard(home());
        Sharing* const sharing = this->sharing();
        std::size_t left = most;
        for (; left != 0 && (found = look_for(spot)) == Look::readable; --left) {
            if (linked_) {
                f((*linked_)[linked_->oldest()]);
                linked_->remove(linked_->oldest());
            } else {
                f(reader_.slot());
                reader_.advance(slots_);
            }
            reader_.count_one();
            if (sharing != nullptr) sharing->unreserve(spot);
        }
        if (left != most) have_taken(after);
        if (found != Look::readable) found_nothing(after);
    }
    after.settle();
    return found;
}

Look Mailbox::take_otherwise(QueueSpot& spot, const TakeFromSlot& f) {
    if (!timings_) return take_under_lock(spot, f.most, [&](Slot& slot) { return f(slot, {}); });
    Handling& handling = spot.handling();
    const Moment now = timings_->come(handling);
    const auto take = [&](Slot& slot) {
        const Moment emitted_at = slot.stamp(stride_);
        const bool is_replayed = slot.tag.is_replayed();
        if (!f(slot, emitted_at)) return false;
        timings_->take(handling, emitted_at, is_replayed, now);
        return true;
    };
    return linked_ || is_shared() ? take_under_lock(spot, f.most, take) : take_from_ring(take);
}

void Mailbox::have_taken(Aftermath& after) noexcept {
    end_if_drained(after);
    if (policy_ == Policy::wait) {
        offer_turn(after);
        // who waits beside finds that nothing is there, and passes the turn on if it is not taken
        if (is_shared() && !line_.empty() && look() == Look::empty) sharing()->have_first_look(after);
    }
    tell_progress(after);
}

void Mailbox::found_nothing(Aftermath& after) noexcept {
    if (look() == Look::readable) return;  // it is reserved for others
    end_if_drained(after);
    pass_turns_on(true, after);
    if (Turn* first = line_.front(); first != nullptr && first->emit->is_offered())
        first->emit->overlook(*first, after);
}

Look Mailbox::look_for(const QueueSpot& spot) const noexcept {
    const Look seen = look();
    if (seen != Look::readable || spot.has_reserved || !is_shared()) return seen;
    return size() > sharing()->reserved() ? seen : Look::empty;
}

Look Mailbox::look_or_pass_on(QueueSpot& spot) {
    if (is_simple_.load(std::memory_order_seq_cst)) return look();
    Look found = Look::empty;
    end_under<DomainGuard>(home(), [&](Aftermath& after) {
        found = look_for(spot);
        if (found == Look::empty) found_nothing(after);
        if (Sharing* sharing = this->sharing()) {  // it is only seen here: who comes first takes it
            sharing->unreserve(spot);
            if (found == Look::readable) sharing->have_first_look(after);
        }
    });
    return found;
}

bool Mailbox::seems_ready_otherwise() const noexcept { return is_shared() ? has_ended() : look() != Look::empty; }

void Mailbox::queue_up(ParkedOp& op) noexcept {
    if (!is_shared()) return;
    sharing()->unreserve(op.place());  // it could not be woken for it
    sharing()->stand_in_line(op);
}

// ---- several receivers ------------------------------------------------------------------------------------------

void QueueSpot::pass_on(Aftermath& after) noexcept {
    if (mailbox_.is_shared()) mailbox_.pass_reserved_on(*this, after);
}

void QueueSpot::leave() noexcept { mailbox_.lose_handle(*this); }

void Mailbox::lose_handle(QueueSpot& spot) noexcept {
    if (Sharing* sharing = this->sharing(); sharing == nullptr || sharing->remove_handle()) {
        close();
    } else {
        spot.cancel();
    }
}

void Mailbox::share_by(std::unique_ptr<Sharing> sharing) noexcept {
    is_special_ = true;
    only_excludes_ = false;
    is_simple_.store(false, std::memory_order_seq_cst);
    sharing_.store(sharing.release(), std::memory_order_release);
}

void Mailbox::share() {
    if (is_shared()) return;
    auto sharing = std::make_unique<Sharing>(1);
    const CertainGuard guard(home());
    if (ParkedOp* op = claim()) {
        park(*op);
        sharing->stand_in_line(*op);
    } else if (phase() == Phase::pending && look() == Look::readable) {
        sharing->reserve(*this);  // it was woken, and has not run
    }
    share_by(std::move(sharing));
}

bool Mailbox::has_nothing_for(QueueSpot& spot) noexcept {
    if (const Look found = look_for(spot); found != Look::empty) {
        if (found == Look::readable && is_shared()) sharing()->reserve(spot);
        return false;
    }
    if (is_shared()) sharing()->unreserve(spot);  // it is gone: displaced, say
    return look() == Look::readable || line_.empty();
}

void Mailbox::pass_reserved_on(QueueSpot& spot, Aftermath& after) noexcept {
    sharing()->unreserve(spot);
    wake_receiver(after);  // also where it had nothing reserved, and was only to look
}

void Mailbox::wake_receiver(Aftermath& after) noexcept {
    Sharing* sharing = this->sharing();
    if (sharing == nullptr) return after.wake(claim());
    // no more of them than there are events: what has displaced another one comes for who was woken for that
    while (sharing->is_waited_for() && size() > sharing->reserved()) sharing->wake_first(after);
    if (sharing->is_waited_for()) wake_at_next();
}

static IntrusivePtr<QueueSpot> new_receiver(Mailbox& mailbox, Handling& handling, HandlersExecutor& executor) {
    return IntrusivePtr<QueueSpot>::adopt(new Receiver(IntrusivePtr<Mailbox>(&mailbox), handling, executor));
}

IntrusivePtr<QueueSpot> share(QueueSpot& spot) {
    Mailbox& mailbox = spot.mailbox();
    auto receiver = new_receiver(mailbox, mailbox.handling(), mailbox.handlers_executor());
    mailbox.share();
    mailbox.sharing()->add_handle();
    return receiver;
}

void refuse_to_share() {
    throw boost::system::system_error(
        errc::concurrent_receive, "event: a subscription with a handler cannot be shared; ask for more concurrency");
}

// ---- the handlers -----------------------------------------------------------------------------------------------

IntrusivePtr<QueueSpot> new_run(Mailbox& mailbox, std::size_t which) {
    Sharing::Run& run = mailbox.sharing()->runs()[which];
    return new_receiver(mailbox, run.handling, run.executor);
}

/// Of the handler's runs beside the queue's own.
template <class Holds>
[[nodiscard]] static bool any_other_run(const Sharing* sharing, Holds&& holds) {
    return sharing != nullptr && std::any_of(sharing->runs().begin(), sharing->runs().end(), holds);
}

bool Mailbox::another_run_handles() const noexcept {
    return any_other_run(sharing(), [](const Sharing::Run& run) { return run.handling.runs(); });
}

bool Mailbox::handles_here() {
    return PushSpot::handles_here(handling_, handlers_executor_) ||
           any_other_run(sharing(), [this](const Sharing::Run& run) {
               return PushSpot::handles_here(run.handling, run.executor);
           });
}

bool Mailbox::await_handlers() {
    return handling_.await_end() &&
           !any_other_run(sharing(), [](Sharing::Run& run) { return !run.handling.await_end(); });
}

}  // namespace event::detail
