#pragma once

#include "chaos/operations.hpp"
#include "chaos/records.hpp"

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/error_code.hpp>

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <span>
#include <utility>

/// The subscriptions of the chaos. Each has a receiver on a context, which receives in all ways, and an owner on
/// another thread, who closes it.

namespace chaos {

/// What the owner, and the end of the round, see of a subscription.
class Member {
public:
    Member() = default;
    Member(const Member&) = delete;
    Member& operator=(const Member&) = delete;
    virtual ~Member() = default;

    virtual void close() noexcept = 0;
    virtual void close_after_drain() noexcept = 0;
    virtual void cancel() noexcept = 0;
    /// Closes it on its executor: no handler starts after that.
    virtual void close_at_home() = 0;
    virtual void look_for_the_end() = 0;
    virtual void look_for_the_start() = 0;
    /// By its owner, where it has no other receiver.
    virtual void receive() = 0;
    [[nodiscard]] virtual event::SubscriptionStat stat() const = 0;
    [[nodiscard]] virtual const Seen& seen() const = 0;
    /// When it has ended, and its receiver knows.
    void expect_all_is_counted() const {
        const auto figures = stat();
        EXPECT_EQ(seen().count(), figures.delivered);
        EXPECT_LE(seen().missed(), figures.lost);
        EXPECT_EQ(figures.size, 0U);
        if (figures.discarded == 0 && !figures.killed) {
            EXPECT_EQ(seen().missed() + figures.gap, figures.lost);
        }
    }
};

enum class Way : std::uint8_t { polled, pulled, pushed };

/// For the callbacks of a slow subscriber: one at a time, and none once its `close()` has returned.
struct Callbacks {
    std::atomic<bool> is_closed{false};
    std::atomic<int> inside{0};
    void operator()() noexcept {
        EXPECT_EQ(inside.fetch_add(1, std::memory_order_relaxed), 0) << "one callback at a time";
        EXPECT_FALSE(is_closed.load(std::memory_order_relaxed)) << "no callback after close()";
        disturb();
        inside.fetch_sub(1, std::memory_order_relaxed);
    }
};

template <class... Ts>
class MemberOf final : public Member, public std::enable_shared_from_this<MemberOf<Ts...>> {
    using Self = std::shared_ptr<MemberOf>;
    using error_code = boost::system::error_code;

public:
    MemberOf(asio::io_context& home, std::shared_ptr<Seen> seen) : home_(home), seen_(std::move(seen)) {}

    template <class... Refinements>
    void begin(event::EventBus& bus, event::SubscriptionOptions options, Way way, Refinements&&... refinements) {
        way_ = way;
        if (auto* notify = std::get_if<event::Notify>(&options.on_full))
            notify->callback = [callbacks = callbacks_](const event::SlowSubscriber&) { (*callbacks)(); };
        if (way != Way::pushed) {
            handle_.emplace(bus.subscribe<Ts...>(std::move(options), std::forward<Refinements>(refinements)...));
            if (way == Way::pulled) asio::post(home_, [self = this->shared_from_this()] { self->receive_next(); });
            return;
        }
        const auto push = [seen = seen_](const auto& event, const event::Meta& meta) {
            seen->note(id_of(event), meta);
        };
        handle_.emplace(bus.subscribe<Ts...>(std::move(options), asio::bind_executor(Flaky(home_), push),
                                             std::forward<Refinements>(refinements)...));
    }

    void close() noexcept override {
        handle_->close();
        callbacks_->is_closed.store(true, std::memory_order_relaxed);
    }
    void close_after_drain() noexcept override { handle_->close_after_drain(); }
    void cancel() noexcept override { handle_->cancel(); }
    void close_at_home() override {
        const auto close = [self = this->shared_from_this()] {
            self->close();
            self->seen_->close();
        };
        if (way_ == Way::polled) return close();  // its owner receives
        asio::post(home_, close);
    }
    void look_for_the_end() override { handle_->async_closed(on_home(Ends(Kind::closed))); }
    void look_for_the_start() override { handle_->async_ready(on_home(Ends(Kind::ready))); }
    void receive() override {
        if (way_ != Way::polled) return;
        while (const auto delivery = handle_->try_receive()) seen_->note(*delivery);
    }
    [[nodiscard]] event::SubscriptionStat stat() const override { return handle_->stat(); }
    [[nodiscard]] const Seen& seen() const override { return *seen_; }

private:
    struct Received {
        Self self;
        Token token;
        void operator()(error_code error, const event::Delivery<Ts...>& delivery) {
            if (!error) self->seen_->note(delivery);
            (*this)(error);
        }
        void operator()(error_code error, std::size_t count) {
            for (std::size_t i = 0; i < count; ++i) self->seen_->note(self->some_[i]);
            (*this)(error);
        }
        void operator()(error_code error) {
            self->go_on(error);
            token.complete();  // last: until then something is pending
        }
    };

    template <class Handler>
    auto on_home(Handler&& handler) {
        return asio::bind_executor(Flaky(home_), std::forward<Handler>(handler));
    }
    void go_on(error_code error) {
        if (!error || error == asio::error::operation_aborted) return receive_next();
        EXPECT_TRUE(error == event::errc::closed || error == event::errc::killed) << error.message();
    }
    void receive_next() {
        const auto handler = [this](Kind kind) { return on_home(Received{this->shared_from_this(), Token(kind)}); };
        switch (Disturbed::random().below(8)) {
            case 0:
                return handle_->async_receive_some(std::span(some_), handler(Kind::receive_some));
            case 1:
                return handle_->async_wait(handler(Kind::wait));
            default:
                return handle_->async_receive(handler(Kind::receive));
        }
    }

    asio::io_context& home_;
    const std::shared_ptr<Seen> seen_;
    const std::shared_ptr<Callbacks> callbacks_ = std::make_shared<Callbacks>();
    std::optional<event::Subscription<Ts...>> handle_;
    std::array<event::Delivery<Ts...>, 3> some_;
    Way way_ = Way::polled;
};

/// How a subscription is chosen. A steady one lives as long as the round, and is never killed.
struct Choice {
    event::EventBus& bus;
    asio::io_context& home;
    Ledger& ledger;
    bool is_steady;
};
/// What members list.
inline constexpr std::uint32_t member_kinds = 6;
inline constexpr std::uint32_t any_event = 4;
[[nodiscard]] std::shared_ptr<Member> make_member(const Choice& choice, std::uint32_t kind, Random& random);
/// The event types that reach a member of that kind: small, keyed, shared.
[[nodiscard]] std::array<bool, event_types> types_of(std::uint32_t kind) noexcept;

}  // namespace chaos
