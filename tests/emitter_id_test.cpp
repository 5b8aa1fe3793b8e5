#include "support.hpp"

#include <array>
#include <string>
#include <utility>
#include <vector>

/// Whose an event is.

namespace emitter_id_test {

using namespace support;

class EmitterId : public testing::Test {
protected:
    asio::io_context io_;
    event::EventBus bus_{io_, {.name = "bus"}};
    event::Emitter<Number> own_ = bus_.emitter<Number>({.name = "own"});
    event::Emitter<Number> other_ = bus_.emitter<Number>({.name = "other"});
};

TEST_F(EmitterId, EachDeliverySaysWhoseItIs) {
    auto numbers = bus_.subscribe<Number>();
    own_.emit({1});
    other_.emit({2});
    EXPECT_NE(own_.id(), other_.id());
    EXPECT_NE(own_.id(), 0U);
    EXPECT_EQ(numbers.try_receive()->emitter(), own_.id());
    EXPECT_EQ(numbers.try_receive()->meta().emitter, other_.id());
    EXPECT_EQ(event::Delivery<Number>().emitter(), 0U);
}

TEST_F(EmitterId, AHandlerIsToldSo) {
    std::vector<event::EmitterId> ids;
    const auto numbers =
        bus_.subscribe<Number>([&](const Number&, const event::Meta& meta) { ids.push_back(meta.emitter); });
    other_.emit({1});
    own_.emit_all(std::array<Number, 2>{});
    drive(io_);
    EXPECT_EQ(ids, (std::vector{other_.id(), own_.id(), own_.id()}));
}

TEST_F(EmitterId, TheIdOutlivesTheHandleAndIsNobodysWhereThatWasMoved) {
    const event::EmitterId id = own_.id();
    own_.close();
    EXPECT_EQ(own_.id(), id);
    const event::Emitter<Number> moved = std::move(own_);
    EXPECT_EQ(moved.id(), id);
    EXPECT_EQ(own_.id(), 0U);  // NOLINT: what a moved one is
    EXPECT_EQ(event::Emitter<Number>().id(), 0U);
    EXPECT_NE(bus_.emitter<Number>().id(), id);
}

TEST_F(EmitterId, OneEmitterOfSeveralTypesHasOneId) {
    const auto both = bus_.emitter<Letter, Text>();
    auto received = bus_.subscribe<Letter, Text>();
    both.emit<Letter>({'a'});
    both.emit<Text>({"b"});
    EXPECT_EQ(received.try_receive()->emitter(), both.id());
    EXPECT_EQ(received.try_receive()->emitter(), both.id());
}

TEST_F(EmitterId, TheReportKnowsTheName) {
    const auto value = bus_.value<Letter>();
    const event::BusReport report = bus_.report();
    ASSERT_EQ(report.emitters.size(), 3U);
    EXPECT_EQ(report.emitters[0].id, own_.id());
    EXPECT_EQ(report.emitters[0].name, "own");
    EXPECT_EQ(report.emitters[0].types, (std::vector<std::string>{std::string(event::name_of<Number>())}));
    EXPECT_EQ(report.emitters[1].name, "other");
    EXPECT_EQ(report.emitters[2].name, "value");
    other_.close();
    EXPECT_EQ(bus_.report().emitters.size(), 2U);
}

TEST_F(EmitterId, AMissedEventStandsBesideTheId) {
    auto numbers = bus_.subscribe<Number>({.capacity = 1, .on_full = event::Drop{}});
    for (int i = 0; i < 1'200'000; ++i) own_.emit({i});  // more than the lower part of a tag holds
    static_cast<void>(numbers.try_receive());
    other_.emit({1});
    const auto delivery = numbers.try_receive();
    EXPECT_EQ(delivery->missed(), 1'199'999U);
    EXPECT_EQ(delivery->emitter(), other_.id());
    EXPECT_EQ(delivery->sequence(), 1'200'001U);
    EXPECT_FALSE(delivery->replayed());
}

TEST_F(EmitterId, WhatAValueSetsIsItsHandles) {
    auto value = bus_.value<Text>();
    auto texts = bus_.subscribe<Text>();
    value.set({"a"});
    value.update([](const Text& text) { return Text{text.value + "b"}; });
    const event::EmitterId id = bus_.report().emitters.back().id;
    EXPECT_EQ(texts.try_receive()->emitter(), id);
    EXPECT_EQ(texts.try_receive()->emitter(), id);
}

TEST_F(EmitterId, ARetainedEventIsStillWhoseItWas) {
    auto retained = bus_.emitter<Letter>({.retain = true});
    retained.emit({'a'});
    const event::EmitterId id = retained.id();
    retained.close();
    const auto delivery = bus_.subscribe<Letter>().try_receive();
    EXPECT_TRUE(delivery->replayed());
    EXPECT_EQ(delivery->emitter(), id);
}

}  // namespace emitter_id_test
