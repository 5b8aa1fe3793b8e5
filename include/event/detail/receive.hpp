#pragma once

#include <event/delivery.hpp>
#include <event/detail/mailbox.hpp>
#include <event/detail/parked_op.hpp>

#include <boost/system/error_code.hpp>

#include <cstddef>
#include <span>
#include <tuple>
#include <utility>

/// What the operations of a subscription wait for.

namespace event::detail {

template <class... Ts>
[[nodiscard]] Look take_into(Mailbox& mailbox, Delivery<Ts...>& empty) noexcept {
    return mailbox.take([&](Slot& slot) { DeliveryAccess::take(empty, slot); });
}

/// All of them wait for the queue to be readable, or to end.
class MailboxSource : public SourceBase {
public:
    explicit MailboxSource(Mailbox& mailbox) noexcept : mailbox_(&mailbox) {}
    [[nodiscard]] bool ready() const noexcept { return mailbox_->look() != Look::empty; }
    [[nodiscard]] bool idle() const noexcept { return mailbox_->look() == Look::empty; }

protected:
    [[nodiscard]] Mailbox& mailbox() const noexcept { return *mailbox_; }
    /// Translates what was found: false for nothing.
    template <class Values>
    [[nodiscard]] bool found(Look look, Values& values) const {
        if (look == Look::ended) std::get<0>(values) = mailbox_->end_reason();
        return look != Look::empty;
    }

private:
    Mailbox* mailbox_;  // the operation holds a reference
};

template <class... Ts>
class ReceiveOne : public MailboxSource {
public:
    using Values = std::tuple<boost::system::error_code, Delivery<Ts...>>;
    using MailboxSource::MailboxSource;
    [[nodiscard]] bool take(Values& values) { return found(take_into(mailbox(), std::get<1>(values)), values); }
};

template <class... Ts>
class ReceiveSome : public MailboxSource {
public:
    using Values = std::tuple<boost::system::error_code, std::size_t>;
    ReceiveSome(Mailbox& mailbox, std::span<Delivery<Ts...>> into) noexcept : MailboxSource(mailbox), into_(into) {}
    [[nodiscard]] bool ready() const noexcept { return into_.empty() || MailboxSource::ready(); }
    [[nodiscard]] bool take(Values& values) {
        std::size_t& count = std::get<1>(values);
        for (count = 0; count < into_.size(); ++count) {
            into_[count] = {};
            const Look look = take_into(mailbox(), into_[count]);
            if (look != Look::readable) return count != 0 || found(look, values);
        }
        return true;
    }

private:
    std::span<Delivery<Ts...>> into_;
};

class WaitReadable : public MailboxSource {
public:
    using Values = std::tuple<boost::system::error_code>;
    using MailboxSource::MailboxSource;
    [[nodiscard]] bool take(Values& values) { return found(mailbox().look(), values); }
};

/// Where one `async_closed` waits.
class EndSpot final : public ParkingSpot {
public:
    explicit EndSpot(IntrusivePtr<Mailbox> mailbox) noexcept : mailbox_(std::move(mailbox)) {}
    [[nodiscard]] Mailbox& mailbox() const noexcept { return *mailbox_; }
    [[nodiscard]] const DomainMember& home() const noexcept override { return mailbox_->home(); }
    [[nodiscard]] bool home_is(const boost::asio::execution_context& context) const noexcept override {
        return mailbox_->home_is(context);
    }
    [[nodiscard]] bool home_is_gone() const noexcept override { return mailbox_->home_is_gone(); }

private:
    void destroy_spot() noexcept override { delete this; }

    const IntrusivePtr<Mailbox> mailbox_;
};

class WaitForEnd : public SourceBase {
public:
    using Values = std::tuple<boost::system::error_code>;
    explicit WaitForEnd(EndSpot& spot) noexcept : spot_(&spot) {}
    [[nodiscard]] bool ready() const noexcept { return spot_->mailbox().has_ended(); }
    [[nodiscard]] bool idle() const noexcept { return !ready(); }
    void parked() noexcept { spot_->mailbox().end_waiters().push_back(*spot_); }
    [[nodiscard]] bool take(Values& values) const {
        std::get<0>(values) = spot_->mailbox().end_reason();
        return ready();
    }

private:
    EndSpot* spot_;  // the operation holds a reference
};

/// Starts an `async_closed`, each in a spot of its own.
template <class Executor>
class InitiateClosed {
public:
    using executor_type = Executor;

    InitiateClosed(const Executor& executor, IntrusivePtr<Mailbox> mailbox)
        : executor_(executor), mailbox_(std::move(mailbox)) {}

    [[nodiscard]] executor_type get_executor() const noexcept { return executor_; }

    template <class Handler>
    void operator()(Handler&& handler) const {
        IntrusivePtr<EndSpot> spot;
        if (mailbox_) spot = IntrusivePtr<EndSpot>::adopt(new EndSpot(mailbox_));
        const Initiate<WaitForEnd, EndSpot, Executor> initiate(executor_, std::move(spot));
        initiate(std::forward<Handler>(handler));
    }

private:
    Executor executor_;
    IntrusivePtr<Mailbox> mailbox_;
};

}  // namespace event::detail
