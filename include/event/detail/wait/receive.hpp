#pragma once

#include <event/detail/queue/delivery_access.hpp>
#include <event/detail/queue/taking.hpp>
#include <event/detail/wait/initiate.hpp>
#include <event/detail/wait/object_or_context.hpp>
#include <event/detail/wait/operation.hpp>
#include <event/error.hpp>
#include <event/fwd.hpp>

#include <boost/system/error_code.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>

/// What the operations of a subscription wait for.

namespace event::detail {

template <class... Ts>
[[nodiscard]] Look take_into(QueueSpot& spot, Delivery<Ts...>& empty) {
    return spot.mailbox().take(
        spot, [&](Slot& slot, Moment emitted_at) { return DeliveryAccess::take(empty, slot, emitted_at); });
}

/// All of them wait for the queue to be readable, or to end.
class MailboxSource : public SourceBase {
public:
    explicit MailboxSource(QueueSpot& spot) noexcept : spot_(&spot) {}
    [[nodiscard]] bool ready() const noexcept { return mailbox().seems_ready(); }
    [[nodiscard]] bool idle() const noexcept { return mailbox().is_idle(*spot_); }
    void list(ParkedOp& op) noexcept { mailbox().await_next(op); }
    [[nodiscard]] bool may_recur() const noexcept { return !mailbox().has_ended(); }
    template <class Guard>
    void abandon() {
        if (mailbox().is_shared()) mailbox().template give_up_reserved<Guard>(*spot_);
    }
    [[nodiscard]] QueueSpot& spot() const noexcept { return *spot_; }

protected:
    [[nodiscard]] Mailbox& mailbox() const noexcept { return spot_->mailbox(); }
    template <class Values>
    [[nodiscard]] Taken found(Look look, Values& values) const {
        if (look == Look::ended) std::get<0>(values) = mailbox().end_reason();
        return look != Look::empty ? Taken::values : Taken::nothing;
    }

private:
    QueueSpot* spot_;  // the operation holds a reference
};

template <class... Ts>
class ReceiveOne : public MailboxSource {
public:
    using Values = std::tuple<boost::system::error_code, Delivery<Ts...>>;
    using MailboxSource::MailboxSource;
    [[nodiscard]] Taken take(Values& values) { return found(take_into(spot(), std::get<1>(values)), values); }
};

template <class... Ts>
class ReceiveSome : public MailboxSource {
public:
    using Values = std::tuple<boost::system::error_code, std::size_t>;
    ReceiveSome(QueueSpot& spot, std::span<Delivery<Ts...>> into) noexcept : MailboxSource(spot), into_(into) {}
    [[nodiscard]] bool ready() const noexcept { return into_.empty() || MailboxSource::ready(); }
    [[nodiscard]] Taken take(Values& values) {
        if (into_.empty()) abandon<DomainGuard>();  // it was shared meanwhile, and so one may be kept for this
        std::size_t& count = std::get<1>(values) = 0;
        auto take_next = [&](Slot& slot, Moment emitted_at) {
            const bool was_there = DeliveryAccess::take(into_[count], slot, emitted_at);
            if (was_there) ++count;
            return was_there;
        };
        for (std::size_t cleared = 0; count < into_.size();) {
            const std::size_t end = std::min(into_.size(), count + at_once);
            while (cleared < end) into_[cleared++] = {};  // the user's destructors run under no lock
            Look look = Look::empty;
            try {
                look = mailbox().take(spot(), take_next, end - count);
            } catch (...) {  // in a filter, the lock: what was taken is the receiver's, and comes to nobody again
                if (count == 0) throw;
            }
            if (look != Look::readable) return count != 0 ? Taken::values : found(look, values);
        }
        return Taken::values;
    }

private:
    /// Emits wait for the lock no longer than that many events take.
    static constexpr std::size_t at_once = 16;

    std::span<Delivery<Ts...>> into_;
};

class WaitReadable : public MailboxSource {
public:
    using Values = std::tuple<boost::system::error_code>;
    using MailboxSource::MailboxSource;
    [[nodiscard]] Taken take(Values& values) { return found(mailbox().look_or_pass_on(spot()), values); }
};

/// Where an operation waits that goes on beside the receive: for the start, or for the end.
class SideSpot final : public ParkingSpot {
public:
    explicit SideSpot(IntrusivePtr<PushSpot> pushed) noexcept
        : ParkingSpot(pushed->home()), pushed_(std::move(pushed)) {}
    [[nodiscard]] PushSpot& pushed() const noexcept { return *pushed_; }

private:
    void let_go() noexcept override { pushed_ = {}; }
    void destroy_spot() noexcept override { delete this; }

    IntrusivePtr<PushSpot> pushed_;
};

class SideSource : public SourceBase {
public:
    using Values = std::tuple<boost::system::error_code>;
    [[nodiscard]] static bool may_recur() noexcept { return false; }
    explicit SideSource(SideSpot& spot) noexcept : spot_(&spot) {}

protected:
    [[nodiscard]] PushSpot& pushed() const noexcept { return spot_->pushed(); }

private:
    SideSpot* spot_;  // the operation holds a reference
};

/// Waits until nothing comes any more, and no handler runs.
class WaitForEnd : public SideSource {
public:
    using SideSource::SideSource;
    [[nodiscard]] bool ready() const noexcept { return pushed().has_ended() && !pushed().handles(); }
    [[nodiscard]] bool idle() const noexcept { return !ready(); }
    void list(ParkedOp& op) noexcept { pushed().end_waiters().push_back(op); }
    [[nodiscard]] Taken take(Values& values) const {
        std::get<0>(values) = pushed().end_reason();
        return ready() ? Taken::values : Taken::nothing;
    }
};

/// The same, or until the handler that runs is not wanted any more.
class WaitForGivingUp : public WaitForEnd {
public:
    using WaitForEnd::WaitForEnd;
    [[nodiscard]] bool ready() const noexcept { return pushed().is_given_up() || WaitForEnd::ready(); }
    [[nodiscard]] bool idle() const noexcept { return !ready(); }
    [[nodiscard]] Taken take(Values&) const noexcept { return ready() ? Taken::values : Taken::nothing; }
};

/// Waits until the bus has started; that it never will is known once no more events come.
class WaitForStart : public SideSource {
public:
    using SideSource::SideSource;
    [[nodiscard]] bool ready() const noexcept {
        return mailbox().readiness() != Mailbox::Readiness::unknown || mailbox().state() != Mailbox::State::open;
    }
    [[nodiscard]] bool idle() const noexcept { return !ready(); }
    void list(ParkedOp& op) noexcept { mailbox().ready_waiters().push_back(op); }
    [[nodiscard]] Taken take(Values& values) const {
        auto& error = std::get<0>(values);
        switch (mailbox().readiness()) {
            case Mailbox::Readiness::ready:
                break;
            case Mailbox::Readiness::no_emitters:
                error = errc::no_emitters;
                break;
            case Mailbox::Readiness::unknown:
                error = mailbox().end_reason();
                break;
        }
        return ready() ? Taken::values : Taken::nothing;
    }

private:
    [[nodiscard]] Mailbox& mailbox() const noexcept { return static_cast<QueueSpot&>(pushed()).mailbox(); }
};

/// Starts an operation that waits in a spot of its own, beside the receive or the handler. That of a push subscription
/// whose handler's context is gone cannot complete there any more.
template <class Source, class Executor, class Spot = QueueSpot>
class InitiateBeside {
public:
    using executor_type = Executor;

    InitiateBeside(const Executor& executor, ObjectOrContext<Spot> pushed)
        : executor_(executor), pushed_(std::move(pushed)) {}

    [[nodiscard]] executor_type get_executor() const noexcept { return executor_; }

    template <class Handler>
    void operator()(Handler&& handler) const {
        using Values = typename Source::Values;
        if (!accepts_operations(pushed_)) return refuse<Values>(pushed_, std::forward<Handler>(handler), executor_);
        const auto on = completion_executor<std::decay_t<Handler>>(handler, executor_);
        if (pushed_->has_own_executor() && pushed_->has_outlived(on.context()))
            return refuse<Values>(ObjectOrContext<Spot>(pushed_->registry()), std::forward<Handler>(handler),
                                  executor_);
        auto spot = IntrusivePtr<SideSpot>::adopt(new SideSpot(pushed_.object()));
        start_in<Source>(std::move(spot), std::forward<Handler>(handler), executor_);
    }

private:
    Executor executor_;
    ObjectOrContext<Spot> pushed_;
};

}  // namespace event::detail
