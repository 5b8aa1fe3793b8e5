#include "support.hpp"

#include <event/overloaded.hpp>

#include <stdexcept>
#include <string>
#include <vector>

/// What `subscribe` takes beside its options, and how several functions are one.

namespace handlers_test {

using namespace support;

class Handlers : public testing::Test {
protected:
    void emit(int number) { emitter_.emit(Number{number}); }
    void emit(const char* text) { emitter_.emit(Text{text}); }

    asio::io_context io_;
    event::EventBus bus_{io_};
    event::Emitter<Number, Text> emitter_ = bus_.emitter<Number, Text>();
    std::vector<std::string> seen_;
};

TEST_F(Handlers, NeedNoOptions) {
    const auto subscription =
        bus_.subscribe<Number>([&](const Number& number) { seen_.push_back(std::to_string(number.value)); });
    emit(1);
    drive(io_);
    EXPECT_THAT(seen_, testing::ElementsAre("1"));
    EXPECT_EQ(subscription.stat().capacity, event::SubscriptionOptions{}.capacity);
}

TEST_F(Handlers, ShareTheEventsOfASubscription) {
    const auto subscription = bus_.subscribe<Number, Text>(
        {.capacity = 3}, [&](const Number& number) { seen_.push_back(std::to_string(number.value)); },
        [&](const Text& text, const event::Meta& meta) {
            seen_.push_back(text.value + std::to_string(meta.sequence));
        });
    emit("first");
    emit(2);
    emit("third");
    drive(io_);
    EXPECT_THAT(seen_, testing::ElementsAre("first1", "2", "third3"));
    EXPECT_EQ(subscription.stat().capacity, 3U);
}

TEST_F(Handlers, AreCalledWithWhatNoneBeforeThemTakes) {
    const auto subscription = bus_.subscribe<Number, Text>([&](const Number&) { seen_.emplace_back("the number's"); },
                                                           [&](const auto&) { seen_.emplace_back("everybody's"); });
    emit(1);
    emit("2");
    drive(io_);
    EXPECT_THAT(seen_, testing::ElementsAre("the number's", "everybody's"));
}

TEST_F(Handlers, MayBeFunctionsAndMembers) {
    static int sum = 0;
    struct Adds {
        static void up(const Number& number) { sum += number.value; }
    };
    sum = 0;
    const auto one = bus_.subscribe<Number>(&Adds::up);
    const auto two = bus_.subscribe<Number, Text>(&Adds::up, [](const Text&) { sum += 100; });
    emit(1);
    emit("");
    drive(io_);
    EXPECT_EQ(sum, 102);
}

TEST_F(Handlers, AndRefinementsComeInAnyOrder) {
    const auto small = event::where([](const Number& number) { return number.value < 10; });
    const auto by_value = event::latest_by([](const Number& number) { return number.value; });
    const auto note = [&](const Number& number) { seen_.push_back(std::to_string(number.value)); };
    const event::Subscription<Number> all[] = {
        bus_.subscribe<Number>(small, by_value, note),     bus_.subscribe<Number>(small, note, by_value),
        bus_.subscribe<Number>(note, by_value, small),     bus_.subscribe<Number>({}, by_value, note, small),
        bus_.subscribe<Number>({}, by_value, small, note), bus_.subscribe<Number>({}, note, small, by_value)};
    emit(7);
    emit(11);
    emit(7);
    drive(io_);
    EXPECT_THAT(seen_, testing::ElementsAre("7", "7", "7", "7", "7", "7"));
    for (const auto& subscription : all) {
        EXPECT_EQ(subscription.stat().rejected, 1U);
        EXPECT_EQ(subscription.stat().delivered, 1U);
    }
}

TEST_F(Handlers, NeedNoOptionsBesideRefinementsEither) {
    auto subscription = bus_.subscribe<Number>(event::where([](const Number& number) { return number.value < 10; }),
                                               event::latest_by([](const Number& number) { return number.value; }));
    emit(11);
    emit(7);
    emit(7);
    EXPECT_EQ(subscription.try_receive()->get().value, 7);
    EXPECT_FALSE(subscription.try_receive());
}

TEST_F(Handlers, AreNamedAfterWhereTheyWereSubscribed) {
    const auto note = [](const Number&) {};
    const auto all = event::where([](const Number&) { return true; });
    const event::Subscription<Number> here[] = {bus_.subscribe<Number>(), bus_.subscribe<Number>(note),
                                                bus_.subscribe<Number>(all, note), bus_.subscribe<Number>({}, note),
                                                bus_.subscribe<Number>({}, note, all)};
    for (const auto& subscription : here)
        EXPECT_THAT(subscription.stat().name, testing::HasSubstr("handlers_test.cpp:"));
}

TEST_F(Handlers, OfOneSubscriptionMayShareAnExecutor) {
    auto strand = asio::make_strand(io_);
    const auto subscription = bus_.subscribe<Number, Text>(asio::bind_executor(
        strand,
        event::overloaded([&](const Number&) { seen_.emplace_back(strand.running_in_this_thread() ? "yes" : "no"); },
                          [&](const Text&) { seen_.emplace_back(strand.running_in_this_thread() ? "yes" : "no"); })));
    emit(1);
    emit("2");
    drive(io_);
    EXPECT_THAT(seen_, testing::ElementsAre("yes", "yes"));
    EXPECT_EQ(subscription.get_executor(), asio::any_io_executor(strand));
}

TEST_F(Handlers, MayOwnWhatCannotBeCopied) {
    auto owned = std::make_unique<std::string>("owned ");
    const auto subscription = bus_.subscribe<Number, Text>(
        [&, owned = std::move(owned)](const Number&) { seen_.push_back(*owned + "number"); },
        [&, more = std::make_unique<int>(3)](const Text&) { seen_.push_back(std::to_string(*more)); });
    emit(1);
    emit("");
    drive(io_);
    EXPECT_THAT(seen_, testing::ElementsAre("owned number", "3"));
}

TEST_F(Handlers, OfADeliveryMayBeSeveral) {
    auto subscription = bus_.subscribe<Number, Text>();
    emit(1);
    emit("two");
    const auto name = [](const auto& delivery) {
        return delivery.visit(
            [](const Number& number) { return std::to_string(number.value); },
            [](const Text& text, const event::Meta& meta) { return text.value + std::to_string(meta.sequence); });
    };
    EXPECT_EQ(name(*subscription.try_receive()), "1");
    EXPECT_EQ(name(*subscription.try_receive()), "two2");
    EXPECT_THROW(name(event::Delivery<Number, Text>()), std::bad_variant_access);
}

TEST_F(Handlers, MayBeConstantAsOne) {
    auto subscription = bus_.subscribe<Number, Text>();
    emit(1);
    const auto kind = event::overloaded([](const Number&) { return 'n'; }, [](const auto&) { return 't'; });
    EXPECT_EQ(subscription.try_receive()->visit(kind), 'n');
}

TEST_F(Handlers, OfADeliveryAreNotCopied) {
    struct Counts {
        Counts() = default;
        Counts(const Counts&) = delete;
        void operator()(const Number&) { ++numbers; }
        int numbers = 0;
    } counts;
    auto subscription = bus_.subscribe<Number, Text>();
    emit(1);
    subscription.try_receive()->visit(counts, [](const Text&) {});
    EXPECT_EQ(counts.numbers, 1);
}

TEST(Delivery, GivesTheEventThatItHolds) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Number, Text>();
    auto both = bus.subscribe<Number, Text>();
    auto one = bus.subscribe<Number>();
    emitter.emit(Number{1});
    const auto delivery = *both.try_receive();
    EXPECT_EQ(delivery.get<Number>().value, 1);
    EXPECT_THROW(static_cast<void>(delivery.get<Text>()), std::bad_variant_access);
    EXPECT_EQ(one.try_receive()->get().value, 1);
}

TEST(Delivery, ThatIsEmptyGivesNothing) {
    const event::Delivery<Number> empty;
    EXPECT_THROW(static_cast<void>(empty.get()), std::bad_variant_access);
    EXPECT_THROW(static_cast<void>(*empty), std::bad_variant_access);
    EXPECT_THROW(static_cast<void>(empty->value), std::bad_variant_access);
}

TEST(Snapshot, ThatIsEmptyGivesNothing) {
    const event::Snapshot<Number> empty{};
    EXPECT_THROW(static_cast<void>(empty.get()), std::bad_optional_access);
    EXPECT_THROW(static_cast<void>(*empty), std::bad_optional_access);
    EXPECT_THROW(static_cast<void>(empty->value), std::bad_optional_access);
}

}  // namespace handlers_test
