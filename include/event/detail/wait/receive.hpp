#pragma once

#include <event/delivery.hpp>
#include <event/detail/queue/mailbox.hpp>
#include <event/detail/wait/parked_op.hpp>
#include <event/error.hpp>

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
    [[nodiscard]] bool idle() const noexcept { return mailbox_->is_idle(); }

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

/// Where an operation waits that goes on beside the receive: for the start, or for the end.
class SideSpot final : public ParkingSpot {
public:
    explicit SideSpot(IntrusivePtr<Mailbox> mailbox) noexcept : mailbox_(std::move(mailbox)) {}
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

class SideSource : public SourceBase {
public:
    using Values = std::tuple<boost::system::error_code>;
    explicit SideSource(SideSpot& spot) noexcept : spot_(&spot) {}

protected:
    [[nodiscard]] Mailbox& mailbox() const noexcept { return spot_->mailbox(); }
    [[nodiscard]] SideSpot& spot() const noexcept { return *spot_; }

private:
    SideSpot* spot_;  // the operation holds a reference
};

class WaitForEnd : public SideSource {
public:
    using SideSource::SideSource;
    [[nodiscard]] bool ready() const noexcept { return mailbox().has_ended(); }
    [[nodiscard]] bool idle() const noexcept { return !ready(); }
    void parked() noexcept { mailbox().end_waiters().push_back(spot()); }
    [[nodiscard]] bool take(Values& values) const {
        std::get<0>(values) = mailbox().end_reason();
        return ready();
    }
};

/// Waits until the bus has started; that it never will is known once no more events come.
class WaitForStart : public SideSource {
public:
    using SideSource::SideSource;
    [[nodiscard]] bool ready() const noexcept {
        return mailbox().readiness() != Mailbox::Readiness::unknown || mailbox().state() != Mailbox::State::open;
    }
    [[nodiscard]] bool idle() const noexcept { return !ready(); }
    void parked() noexcept { mailbox().ready_waiters().push_back(spot()); }
    [[nodiscard]] bool take(Values& values) const {
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
        return ready();
    }
};

/// Starts an operation that waits in a spot of its own.
template <class Source, class Executor>
class InitiateBeside {
public:
    using executor_type = Executor;

    InitiateBeside(const Executor& executor, IntrusivePtr<Mailbox> mailbox)
        : executor_(executor), mailbox_(std::move(mailbox)) {}

    [[nodiscard]] executor_type get_executor() const noexcept { return executor_; }

    template <class Handler>
    void operator()(Handler&& handler) const {
        IntrusivePtr<SideSpot> spot;
        if (mailbox_) spot = IntrusivePtr<SideSpot>::adopt(new SideSpot(mailbox_));
        Initiate<Source, SideSpot, Executor> initiate(executor_, std::move(spot));
        std::move(initiate)(std::forward<Handler>(handler));
    }

private:
    Executor executor_;
    IntrusivePtr<Mailbox> mailbox_;
};

}  // namespace event::detail
