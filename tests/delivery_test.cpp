#include "support.hpp"

#include <event/delivery.hpp>

namespace delivery_test {

using namespace support;

TEST(Delivery, IsEmptyWhenDefaultConstructed) {
    event::Delivery<Number, Text> empty;
    EXPECT_FALSE(empty);
    EXPECT_EQ(empty.get_if<Number>(), nullptr);
    EXPECT_EQ(empty.index(), std::variant_npos);
    EXPECT_EQ(empty.sequence(), 0U);
    EXPECT_THROW(empty.visit([](const auto&) {}), std::bad_variant_access);
}

TEST(Delivery, IsVisitedAsItsOwnType) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Number, Text>();
    auto subscription = bus.subscribe<Number, Text>();
    emitter.emit(Number{1});
    emitter.emit(Text{"two"});
    struct Visitor {
        std::string operator()(const Number& number) const { return std::to_string(number.value); }
        std::string operator()(const Text& text, const event::Meta& meta) const {
            return text.value + std::to_string(meta.sequence);
        }
    };
    auto first = *subscription.try_receive();
    auto second = *subscription.try_receive();
    EXPECT_EQ(first.visit(Visitor{}), "1");
    EXPECT_EQ(second.visit(Visitor{}), "two2");
    EXPECT_EQ(first.get_if<Text>(), nullptr);
    EXPECT_EQ(second.index(), 1U);
}

TEST(Delivery, OwnsItsEventWhereverItGoes) {
    event::Delivery<Number, Text> kept;
    {
        asio::io_context io;
        event::EventBus bus{io};
        auto emitter = bus.emitter<Number, Text>();
        auto subscription = bus.subscribe<Number, Text>();
        emitter.emit(Text{std::string(200, 'x')});
        emitter.emit(Number{1});
        auto first = *subscription.try_receive();
        auto second = *subscription.try_receive();
        second = std::move(first);
        EXPECT_FALSE(first);  // NOLINT(bugprone-use-after-move)
        kept = std::move(second);
    }
    EXPECT_EQ(kept.get_if<Text>()->value.size(), 200U);
    kept = {};
    EXPECT_FALSE(kept);
}

TEST(Errors, HaveOneCategoryAndComparable) {
    const error_code closed = event::errc::closed;
    EXPECT_STREQ(closed.category().name(), "event");
    EXPECT_EQ(closed, event::errc::closed);
    EXPECT_NE(closed, event::errc::killed);
    EXPECT_EQ(closed, make_error_condition(event::errc::closed)) << "as an error condition, too";
    EXPECT_FALSE(error_code(event::errc{}));
    for (auto error : {event::errc::closed, event::errc::killed, event::errc::no_emitters, event::errc::emitter_exists,
                       event::errc::concurrent_receive, event::errc::name_clash}) {
        EXPECT_GT(make_error_code(error).message().size(), 5U);
    }
}

}  // namespace delivery_test
