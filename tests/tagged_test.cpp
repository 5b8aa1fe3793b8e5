#include "support.hpp"

#include <event/tagged.hpp>

namespace tagged_test {

using namespace support;

using Inbound = event::Tagged<struct InboundTag, Number>;
using Outbound = event::Tagged<struct OutboundTag, Number>;
struct Named {
    static constexpr std::string_view event_name = "named";
};
/// Neither copyable nor comparable.
struct Handle {
    std::unique_ptr<int> owner;
};

TEST(Tagged, MakesTwoTopicsOfOneType) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Inbound, Outbound>();
    auto inbound = bus.subscribe<Inbound>();
    auto plain = bus.subscribe<Number>();
    EXPECT_EQ(emitter.emit<Inbound>({{1}}).subscribers, 1U);
    EXPECT_EQ(emitter.emit<Outbound>({{2}}).subscribers, 0U);
    const auto delivery = inbound.try_receive();
    ASSERT_TRUE(delivery);
    EXPECT_EQ((*delivery)->value, Number{1});
    EXPECT_EQ(***delivery, Number{1});
    EXPECT_FALSE(inbound.try_receive());
    EXPECT_FALSE(plain.try_receive());
}

TEST(Tagged, IsCalledWhatItsTagIs) {
    EXPECT_EQ(event::name_of<Inbound>(), "tagged_test::InboundTag");
    EXPECT_EQ((event::name_of<event::Tagged<Named, int>>()), "named");
    asio::io_context io;
    event::EventBus bus{io};
    auto both = bus.subscribe<Inbound, Outbound>();
    EXPECT_THAT(both.stat().types, testing::ElementsAre("tagged_test::InboundTag", "tagged_test::OutboundTag"));
}

TEST(Tagged, OfTwoTypesWithOneTagIsAClash) {
    asio::io_context io;
    event::EventBus bus{io};
    auto first = bus.emitter<event::Tagged<Named, int>>();
    error_code error;
    auto second = bus.emitter<event::Tagged<Named, long>>({}, error);
    EXPECT_EQ(error, event::errc::name_clash);
}

TEST(Tagged, IsWhatItsValueIs) {
    static_assert(std::is_trivially_copyable_v<Inbound>);
    EXPECT_EQ((event::Tagged<Named, int>{1}), (event::Tagged<Named, int>{1}));
    EXPECT_LT((event::Tagged<Named, int>{1}), (event::Tagged<Named, int>{2}));
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<event::Tagged<Named, Handle>>();
    auto subscription = bus.subscribe<event::Tagged<Named, Handle>>();
    emitter.emit({Handle{std::make_unique<int>(7)}});
    EXPECT_EQ(*(*subscription.try_receive())->value.owner, 7);
}

}  // namespace tagged_test
