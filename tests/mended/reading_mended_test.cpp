/// What a hostile reading of the mended core found.

#include "support.hpp"

#include <event/all.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/execution/blocking.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace reading_mended_test {

namespace asio = boost::asio;
using support::Completion;
using support::drive;
using support::Number;
using support::numbers;
using support::Text;

/// An emit waits for one queue, another one behind it, and then a second queue comes that both have to wait for.
class ATurnThatNeedsOneMoreQueue : public testing::Test {
protected:
    ATurnThatNeedsOneMoreQueue() {
        emitter_.emit({0});
        first_emitter_.async_emit(Number{1}, asio::bind_cancellation_slot(signal_.slot(), first_.handler()));
        emitter_.async_emit(Number{2}, second_.handler());
        late_.emplace(bus_.subscribe<Number>({.capacity = 1, .on_full = event::Wait{}},
                                             event::where([&](const Number& n) { return n.value != rejected_; })));
        EXPECT_EQ(emitter_.emit({9}).refused, 1U);  // it fills the other one
    }
    void expect_that_the_second_is_served() {
        for (int i = 0; i < 5; ++i) {
            drive(io_);
            numbers(subscription_);
            numbers(*late_);
        }
        EXPECT_TRUE(first_.done());
        EXPECT_TRUE(second_.done());
        EXPECT_EQ(emitter_.emit({3}).refused, 0U);
    }

    asio::io_context io_;
    event::EventBus bus_{io_};
    event::Emitter<Number> emitter_ = bus_.emitter<Number>();
    event::Emitter<Number> first_emitter_ = bus_.emitter<Number>();
    event::Subscription<Number> subscription_ = bus_.subscribe<Number>({.capacity = 1, .on_full = event::Wait{}});
    asio::cancellation_signal signal_;
    Completion<event::EmitResult> first_, second_;
    std::optional<event::Subscription<Number>> late_;
    int rejected_ = -1;
};

TEST_F(ATurnThatNeedsOneMoreQueue, PassesOnWhenItIsTaken) { expect_that_the_second_is_served(); }

TEST_F(ATurnThatNeedsOneMoreQueue, PassesOnWhenItIsCancelled) {
    EXPECT_TRUE(subscription_.try_receive());
    io_.poll_one();
    signal_.emit(asio::cancellation_type::terminal);
    expect_that_the_second_is_served();
}

TEST_F(ATurnThatNeedsOneMoreQueue, PassesOnWhenItsEmitterIsClosed) {
    EXPECT_TRUE(subscription_.try_receive());
    io_.poll_one();
    first_emitter_.close();
    expect_that_the_second_is_served();
}

TEST_F(ATurnThatNeedsOneMoreQueue, PassesOnWhenAFilterRejectsTheEvent) {
    rejected_ = 1;
    expect_that_the_second_is_served();
}

TEST(AHandlerThatOwnsItsContext, DiesWithTheHomeContext) {
    auto home = std::make_unique<asio::io_context>();
    event::EventBus bus{*home};
    auto subscription = bus.subscribe<Number>();
    auto other = bus.subscribe<Number>();
    auto own = std::make_shared<asio::io_context>();
    const std::weak_ptr<asio::io_context> watch = own;
    Completion<event::Delivery<Number>> beside;
    subscription.async_receive(asio::bind_executor(own->get_executor(), [own](auto, auto&&) {}));
    other.async_receive(asio::bind_executor(own->get_executor(), beside.handler()));
    own.reset();
    home.reset();
    EXPECT_TRUE(watch.expired());
    EXPECT_TRUE(beside.destroyed());
}

TEST(AFilter, ThatClosesAndThenDrainsHasClosed) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Number>();
    auto subscription = bus.subscribe<Number>();
    emitter.emit({1});
    const auto filtered = bus.subscribe<Number>({}, event::where([&](const Number&) {
                                                    subscription.close();
                                                    subscription.close_after_drain();
                                                    return false;
                                                }));
    emitter.emit({2});
    EXPECT_FALSE(subscription.try_receive());
}

TEST(AFilter, ThatMakesASubscriberOfAnotherBusSlowHasItToldOfAfterwards) {
    asio::io_context io;
    int calls = 0;
    bool is_in_filter = false;
    event::EventBus here{io};
    event::EventBus there(io, {.on_slow_subscriber = [&](const event::SlowSubscriber&) {
                              EXPECT_FALSE(is_in_filter);
                              ++calls;
                          }});
    auto full = there.subscribe<Number>({.capacity = 1});
    auto full_too = there.subscribe<Number>({.capacity = 1});
    const auto number = there.emitter<Number>();
    number.emit({0});
    const auto filtered = here.subscribe<Number>({.on_full = event::Drop{}}, event::where([&](const Number& event) {
                                                     is_in_filter = true;
                                                     number.emit(event);
                                                     is_in_filter = false;
                                                     return false;
                                                 }));
    here.emitter<Number>().emit({1});
    EXPECT_EQ(calls, 2);
    EXPECT_TRUE(full.try_receive());
    EXPECT_TRUE(full_too.try_receive());
    number.emit({1});
    number.emit({2});
    EXPECT_EQ(calls, 4) << "two subscriptions, two episodes";
}

/// The last event of a queue that is drained, or the end of it, is found by a filter.
TEST(AFilter, ThatTakesTheLastOfADrainedQueueHasIt) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Number, Text>();
    auto drained = bus.subscribe<Number, Text>();
    Completion<bool> closed;
    drained.async_closed(closed.handler());
    emitter.emit(Number{1});
    emitter.emit(Text{"last"});
    drained.close_after_drain();
    std::string taken;
    const auto filtered = bus.subscribe<Number>({}, event::where([&](const Number&) {
                                                    while (const auto delivery = drained.try_receive())
                                                        taken += delivery->get_if<Text>() ? "text" : "number ";
                                                    return true;
                                                }));
    EXPECT_NO_THROW(EXPECT_EQ(emitter.emit(Number{2}).delivered, 1U));
    EXPECT_EQ(taken, "number text");
    EXPECT_EQ(drained.stat().delivered, 2U);
    drive(io);
    EXPECT_TRUE(closed.done()) << "it has ended, once the emit was done";
    EXPECT_EQ(closed.error(), event::errc::closed);
}

/// An executor that owns its context, as one does that outlives whoever made it.
class OwningExecutor {
public:
    explicit OwningExecutor(std::shared_ptr<asio::io_context> context) : context_(std::move(context)) {}

    asio::execution_context& query(asio::execution::context_t) const noexcept { return *context_; }
    static constexpr asio::execution::blocking_t query(asio::execution::blocking_t) noexcept {
        return asio::execution::blocking.never;
    }
    template <class Function>
    void execute(Function function) const {
        asio::post(*context_, std::move(function));
    }
    bool operator==(const OwningExecutor&) const noexcept = default;

private:
    std::shared_ptr<asio::io_context> context_;
};

/// The context dies with the last executor of it, wherever that is.
class TheLastExecutorOfAContext : public testing::Test {
protected:
    [[nodiscard]] OwningExecutor executor() const { return OwningExecutor(owned_); }
    void expect_to_be_gone() const { EXPECT_TRUE(watch_.expired()); }

    asio::io_context home_;
    std::shared_ptr<asio::io_context> owned_ = std::make_shared<asio::io_context>();
    const std::weak_ptr<asio::io_context> watch_ = owned_;
};

TEST_F(TheLastExecutorOfAContext, MayBeThatOfABus) {
    {
        const event::EventBus bus{asio::any_io_executor(executor())};
        owned_.reset();
    }
    expect_to_be_gone();
}

TEST_F(TheLastExecutorOfAContext, MayBeThatOfAValue) {
    {
        const event::Value<Number> value{asio::any_io_executor(executor())};
        owned_.reset();
    }
    expect_to_be_gone();
}

TEST_F(TheLastExecutorOfAContext, MayBeThatOfAPushSubscription) {
    event::EventBus bus{home_};
    {
        auto subscription = bus.subscribe<Number>({}, asio::bind_executor(executor(), [](const Number&) {}));
        subscription.close();
        drive(*owned_);
        owned_.reset();
    }
    expect_to_be_gone();
}

TEST_F(TheLastExecutorOfAContext, MayBeThatOfAnOperation) {
    Completion<event::Delivery<Number>> receive;
    std::optional<asio::io_context> home(std::in_place);
    event::EventBus bus{*home};
    auto subscription = bus.subscribe<Number>();
    subscription.async_receive(asio::bind_executor(executor(), receive.handler()));
    owned_.reset();
    home.reset();
    EXPECT_TRUE(receive.destroyed());
    expect_to_be_gone();
}

TEST(AnEmitter, ThatClosesEndsItsOwnEmitsOfAllTypesAndNoOthers) {
    asio::io_context io;
    event::EventBus bus{io};
    auto closing = bus.emitter<Number, Text>();
    auto other = bus.emitter<Text, Number>();
    auto subscription = bus.subscribe<Number, Text>({.capacity = 1, .on_full = event::Wait{}});
    closing.emit(Number{0});
    Completion<event::EmitResult> number, text, other_number, other_text;
    closing.async_emit<Number>({1}, number.handler());
    other.async_emit<Number>({2}, other_number.handler());
    closing.async_emit<Text>({"3"}, text.handler());
    other.async_emit<Text>({"4"}, other_text.handler());
    closing.close();
    drive(io);
    EXPECT_EQ(number.error(), event::errc::closed);
    EXPECT_EQ(text.error(), event::errc::closed);
    EXPECT_TRUE(other_number.pending());
    EXPECT_TRUE(other_text.pending());
    bus.close();
    drive(io);
    EXPECT_EQ(other_number.error(), event::errc::closed);
    EXPECT_EQ(other_text.error(), event::errc::closed);
}

}  // namespace reading_mended_test
