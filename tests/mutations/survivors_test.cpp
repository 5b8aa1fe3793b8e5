/// For the faults of list.py that nothing else noticed.

#include "../support.hpp"

#include <vector>

namespace survivors_test {

using namespace support;
using Emit = Completion<event::EmitResult>;

/// The newcomer's domain takes over how many have come before.
TEST(MergedDomains, KeepTheOrderInWhichEmitsCame) {
    asio::io_context io;
    event::EventBus bus(io);
    const auto numbers_emitter = bus.emitter<Number>();
    auto subscription = bus.subscribe<Number>({.capacity = 1, .on_full = event::Wait{}});
    numbers_emitter.emit({0});
    std::vector<Emit> emits(4);
    for (int i = 1; i <= 3; ++i) numbers_emitter.async_emit({i}, emits[static_cast<std::size_t>(i - 1)].handler());
    drive(io);

    const auto larger = bus.subscribe<Letter, Text>();
    const auto merging = bus.subscribe<Letter, Number>();
    numbers_emitter.async_emit({4}, emits[3].handler());
    drive(io);
    for (int i = 0; i <= 4; ++i) {
        EXPECT_EQ(numbers(subscription), std::vector{i});
        drive(io);
    }
}

/// Both have lost their turns, and the first has one again.
TEST(EmitsThatHaveLostTheirTurns, DoNotOvertakeEachOther) {
    asio::io_context io;
    asio::io_context firsts;
    asio::io_context seconds;
    event::EventBus bus(io);
    const auto emitter = bus.emitter<Number>();
    auto subscription = bus.subscribe<Number>({.capacity = 1, .on_full = event::Wait{}});
    emitter.emit({0});
    Emit first;
    Emit second;
    emitter.async_emit({1}, asio::bind_executor(firsts, first.handler()));
    emitter.async_emit({2}, asio::bind_executor(seconds, second.handler()));
    EXPECT_EQ(numbers(subscription), std::vector{0});
    for (int looks = 0; looks < 4; ++looks) EXPECT_FALSE(subscription.try_receive());

    EXPECT_EQ(emitter.emit({3}).delivered, 1U);  // nobody is promised room any more
    drive(firsts);
    EXPECT_TRUE(subscription.try_receive());
    drive(seconds);
    EXPECT_FALSE(second.done());
    drive(firsts);
    EXPECT_EQ(numbers(subscription), std::vector{1});
    drive(seconds);
    EXPECT_EQ(numbers(subscription), std::vector{2});
}

}  // namespace survivors_test
