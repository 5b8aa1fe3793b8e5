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

}  // namespace survivors_test
