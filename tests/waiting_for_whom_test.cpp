#include "support.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

/// An emit that waits for room waits for those queues only that want its event. (As a reliable writer of ROS 2 keeps
/// nothing for a subscription whose content filter does not want it. Stronger than Kotlin, where who collects a
/// `SharedFlow` through a filter is waited for whatever that says.)

namespace waiting_for_whom_test {

using namespace support;

struct Said {
    int room = 0;
    int line = 0;
};
struct Shape {
    int edges = 0;
};
struct Square : Shape {
    using event_interfaces = event::Interfaces<Shape>;
    int color = 0;
};

class WaitingForWhom : public testing::Test {
protected:
    using Emitted = Completion<event::EmitResult>;
    static constexpr auto is_in = [](int room) {
        return event::where([room](const Said& said) { return said.room == room; });
    };

    void emit(Said said, const Emitted& emitted) { said_.async_emit(said, emitted.handler()); }

    asio::io_context io_;
    event::EventBus bus_{io_, {.on_slow_subscriber = [](const auto&) {}}};
    event::Emitter<Said> said_ = bus_.emitter<Said>();
    const event::SubscriptionOptions one_{.capacity = 1, .on_full = event::Wait{}};
};

TEST_F(WaitingForWhom, AKeyThatIsAnotherOneIsNotWaitedFor) {
    auto first = bus_.subscribe<Said>(one_, event::where_key(&Said::room, 1));
    auto second = bus_.subscribe<Said>(one_, event::where_key(&Said::room, 2));
    Emitted a, b, c, d;
    emit({1, 1}, a);
    emit({1, 2}, b);
    emit({2, 3}, c);  // goes on at once, although the other room is full
    emit({3, 4}, d);  // and so does what is for nobody
    drive(io_);
    EXPECT_TRUE(a.done());
    EXPECT_TRUE(b.pending());
    EXPECT_EQ(c.value().delivered, 1U);
    EXPECT_EQ(d.value().subscribers, 0U);
    EXPECT_EQ(first.try_receive()->get().line, 1);
    drive(io_);
    EXPECT_EQ(b.value().delivered, 1U);
    EXPECT_EQ(first.try_receive()->get().line, 2);
    EXPECT_EQ(second.try_receive()->get().line, 3);
}

TEST_F(WaitingForWhom, AFilterThatDoesNotWantTheEventIsNotWaitedFor) {
    auto first = bus_.subscribe<Said>(one_, is_in(1));
    auto second = bus_.subscribe<Said>(one_, is_in(2));
    Emitted a, b, c;
    emit({1, 1}, a);
    emit({1, 2}, b);
    emit({2, 3}, c);
    drive(io_);
    EXPECT_TRUE(b.pending());
    EXPECT_EQ(c.value().delivered, 1U);
    EXPECT_EQ(c.value().rejected, 1U);
    static_cast<void>(first.try_receive());
    drive(io_);
    EXPECT_EQ(b.value().delivered, 1U);
}

TEST_F(WaitingForWhom, WhoDoesNotHearTheEmitterIsNotWaitedFor) {
    auto deaf = bus_.subscribe<Said>(one_, event::not_from(said_));
    bus_.emitter<Said>().emit({1, 1});
    Emitted emitted;
    emit({1, 2}, emitted);
    drive(io_);
    EXPECT_EQ(emitted.value().rejected, 1U);
    EXPECT_EQ(deaf.stat().size, 1U);
}

TEST_F(WaitingForWhom, OfSeveralThatAreFullOnlyThoseThatWantIt) {
    auto all = bus_.subscribe<Said>(one_);
    auto filtered = bus_.subscribe<Said>(one_, is_in(1));
    auto keyed = bus_.subscribe<Said>(one_, event::where_key(&Said::room, 1));
    auto both = bus_.subscribe<Said>(one_, event::where_key(&Said::room, 1, 2), is_in(1));
    said_.emit({1, 1});
    Emitted emitted;
    emit({2, 2}, emitted);
    drive(io_);
    EXPECT_TRUE(emitted.pending());
    static_cast<void>(all.try_receive());
    drive(io_);
    EXPECT_EQ(emitted.value().delivered, 1U);
    EXPECT_EQ(emitted.value().rejected, 2U);
    EXPECT_EQ(emitted.value().refused, 0U);
}

TEST_F(WaitingForWhom, AllQueuesOfOneKeyAreWaitedForInTheOrderOfTheEmits) {
    std::vector<event::Subscription<Said>> queues;
    for (int i = 0; i < 5; ++i) queues.push_back(bus_.subscribe<Said>(one_, event::where_key(&Said::room, 1)));
    std::vector<Emitted> emitted(3);
    for (int i = 0; i < 3; ++i) emit({1, i}, emitted[static_cast<std::size_t>(i)]);
    for (std::size_t turn = 0; turn < 3; ++turn) {
        drive(io_);
        EXPECT_TRUE(emitted[turn].done());
        EXPECT_TRUE(turn == 2 || emitted[turn + 1].pending());
        for (auto& queue : queues) EXPECT_EQ(queue.try_receive()->get().line, static_cast<int>(turn));
    }
}

TEST_F(WaitingForWhom, APlainEmitOfTheKeyDoesNotOvertakeAndOfAnotherKeyDoes) {
    auto first = bus_.subscribe<Said>({.capacity = 2, .on_full = event::Wait{}}, event::where_key(&Said::room, 1));
    auto second = bus_.subscribe<Said>(one_, event::where_key(&Said::room, 2));
    said_.emit({1, 1});
    said_.emit({1, 2});
    Emitted waiting;
    emit({1, 3}, waiting);
    static_cast<void>(first.try_receive());
    EXPECT_EQ(said_.emit({1, 4}).refused, 1U);
    EXPECT_EQ(said_.emit({2, 5}).delivered, 1U);
    drive(io_);
    EXPECT_EQ(waiting.value().delivered, 1U);
}

TEST_F(WaitingForWhom, FiltersOfBehavioursAndTheWildcardAreAskedToo) {
    auto shapes = bus_.subscribe<event::Implements<Shape>>(
        one_, event::where([](const Shape& shape) { return shape.edges == 4; }));
    auto any = bus_.subscribe<event::AnyEvent>(
        one_, event::where([](const event::AnyEvent& event) { return event.get_if<Square>()->color == 1; }));
    auto all = bus_.subscribe<Square>(one_);
    const auto squares = bus_.emitter<Square>();
    squares.emit(Square{{4}, 1});
    Emitted neither, first;
    squares.async_emit(Square{{5}, 2}, neither.handler());
    squares.async_emit(Square{{4}, 2}, first.handler());
    drive(io_);
    EXPECT_TRUE(neither.pending());  // of the one without a filter
    static_cast<void>(all.try_receive());
    drive(io_);
    EXPECT_EQ(neither.value().rejected, 2U);
    static_cast<void>(all.try_receive());
    drive(io_);
    EXPECT_TRUE(first.pending());
    static_cast<void>(shapes.try_receive());
    drive(io_);
    EXPECT_EQ(first.value().delivered, 2U);
    EXPECT_EQ(first.value().rejected, 1U);
}

TEST_F(WaitingForWhom, LargeEventsAreAskedAboutToo) {
    auto first = bus_.subscribe<Text>(one_, event::where_key(&Text::value, "a"));
    auto second = bus_.subscribe<Text>(one_, event::where([](const Text& text) { return text.value == "b"; }));
    const auto texts = bus_.emitter<Text>();
    for (const char* text : {"a", "b"}) texts.emplace(text);
    Emitted a, b, c;
    texts.async_emit(Text{"a"}, a.handler());
    texts.async_emit(Text{"b"}, b.handler());
    texts.async_emit(Text{"c"}, c.handler());
    drive(io_);
    EXPECT_TRUE(a.pending() && b.pending());
    EXPECT_EQ(c.value().rejected, 1U);
    static_cast<void>(second.try_receive());
    drive(io_);
    EXPECT_TRUE(a.pending());
    EXPECT_EQ(b.value().delivered, 1U);
    first.close();
    drive(io_);
    EXPECT_EQ(a.value().delivered, 0U);
    EXPECT_TRUE(a.done());
}

TEST_F(WaitingForWhom, AnswersThatChangeAreAskedForAgain) {
    bool wants = false;
    auto moody = bus_.subscribe<Said>(one_, event::where([&](const Said&) { return wants; }));
    auto all = bus_.subscribe<Said>(one_);
    wants = true;
    said_.emit({1, 1});
    wants = false;
    Emitted emitted;
    emit({1, 2}, emitted);  // waits only for the other one
    wants = true;
    static_cast<void>(all.try_receive());
    drive(io_);
    EXPECT_TRUE(emitted.pending());
    static_cast<void>(moody.try_receive());
    drive(io_);
    EXPECT_EQ(emitted.value().delivered, 2U);
}

TEST_F(WaitingForWhom, AFilterSeesTheSequenceThatTheEventWouldHave) {
    std::vector<std::uint64_t> seen;
    auto some = bus_.subscribe<Said>(one_, event::where([&](const Said&, const event::Meta& meta) {
                                         seen.push_back(meta.sequence);
                                         return true;
                                     }));
    Emitted emitted;
    emit({1, 1}, emitted);
    const auto received = some.try_receive();
    ASSERT_TRUE(received);
    EXPECT_EQ(seen, (std::vector<std::uint64_t>{received->sequence(), received->sequence()}));
}

TEST_F(WaitingForWhom, WhatAFilterThrowsLeavesRunOnceTheEventIsOut) {
    auto full = bus_.subscribe<Said>(one_);
    auto fragile =
        bus_.subscribe<Said>(one_, event::where([](const Said&) -> bool { throw std::runtime_error("does not say"); }));
    EXPECT_THROW(said_.emit({1, 1}), std::runtime_error);
    Emitted emitted;
    emit({1, 2}, emitted);
    drive(io_);
    EXPECT_TRUE(emitted.pending());
    static_cast<void>(full.try_receive());
    EXPECT_THROW(drive(io_), std::runtime_error);
    drive(io_);
    EXPECT_EQ(emitted.value().delivered, 1U);
    EXPECT_EQ(emitted.value().rejected, 1U);
}

TEST_F(WaitingForWhom, WhatAFilterClosesWhileItIsAskedEnds) {
    auto full = bus_.subscribe<Said>(one_);
    std::optional<event::Subscription<Said>> other(bus_.subscribe<Said>());
    bool closes = false;
    auto closing = bus_.subscribe<Said>(one_, event::where([&](const Said&) {
                                            if (closes) other.reset();
                                            return false;
                                        }));
    said_.emit({1, 1});
    closes = true;
    Emitted emitted;
    emit({1, 2}, emitted);
    EXPECT_EQ(bus_.stat<Said>().subscribers, 2U);
    EXPECT_TRUE(emitted.pending());
    static_cast<void>(full.try_receive());
    drive(io_);
    EXPECT_EQ(emitted.value().subscribers, 2U);
}

TEST_F(WaitingForWhom, AnEmitterThatClosesLetsGoOfThoseThatWaitForAKey) {
    auto full = bus_.subscribe<Said>(one_, event::where_key(&Said::room, 1));
    said_.emit({1, 1});
    Emitted closed, cancelled;
    asio::cancellation_signal signal;
    said_.async_emit({1, 2}, asio::bind_cancellation_slot(signal.slot(), cancelled.handler()));
    emit({1, 3}, closed);
    drive(io_);
    signal.emit(asio::cancellation_type::terminal);
    drive(io_);
    EXPECT_EQ(cancelled.error(), asio::error::operation_aborted);
    said_.close();
    drive(io_);
    EXPECT_EQ(closed.error(), event::errc::closed);
    EXPECT_EQ(full.stat().size, 1U);
}

TEST_F(WaitingForWhom, AFilterThatChangesItsMindLosesAnEventAndHoldsUpNobody) {
    int asked = 0;
    auto every_second = bus_.subscribe<Said>(one_, event::where([&](const Said&) { return asked++ % 2 == 0; }));
    said_.emit({1, 1});
    std::vector<Emitted> emitted(4);
    for (int line = 2; const Emitted& one : emitted) emit({1, line++}, one);
    for (int i = 0; i < 100; ++i) io_.poll_one();
    EXPECT_LT(asked, 100);
    static_cast<void>(take_all(every_second));
    drive(io_);
}

TEST_F(WaitingForWhom, AProjectionThatThrowsDoesSoOnce) {
    int asked = 0;
    struct Throwing {
        int* asked;
        int operator()(const Said& said) const {
            ++*asked;
            if (said.line == 2) throw std::runtime_error("no room");
            return said.room;
        }
        bool operator==(const Throwing& other) const { return asked == other.asked; }
    };
    auto chosen = bus_.subscribe<Said>(one_, event::where_key(Throwing{&asked}, 1));
    auto full = bus_.subscribe<Said>(one_);
    said_.emit({1, 1});
    Emitted emitted;
    emit({1, 2}, emitted);
    int thrown = 0;
    const auto run = [&] {
        for (int i = 0; i < 10; ++i) {
            try {
                drive(io_);
            } catch (const std::runtime_error&) {
                ++thrown;
            }
        }
    };
    run();
    static_cast<void>(take_all(full));
    run();
    EXPECT_EQ(thrown, 1);
    EXPECT_GT(asked, 2);
}

}  // namespace waiting_for_whom_test
