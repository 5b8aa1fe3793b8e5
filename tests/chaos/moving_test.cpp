/// A topic that moves from domain to domain while many wait for its lock.

#include "chaos/records.hpp"
#include "chaos/rounds.hpp"

#include <event/bus.hpp>

#include <boost/asio/io_context.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace chaos {
namespace {

/// Types that make domains of two, four and eight topics, so that the smaller one moves each time.
template <std::size_t>
struct Other {};

template <class... Ts>
event::Subscription<Ts...> hear(event::EventBus& bus) {
    return bus.subscribe<Ts...>({.capacity = 16, .on_full = event::Drop{}});
}

/// Who waits for a lock that is its topic's no more must go on to the next, and look again there.
void move_beside_emits(Random&) {
    constexpr int emits = 200;
    boost::asio::io_context io;
    event::EventBus bus{io};
    auto all = bus.subscribe<Small>({.capacity = std::size_t{3} * emits, .on_full = event::Drop{}});
    const auto two = hear<Other<0>, Other<1>>(bus);
    const auto four = hear<Other<2>, Other<3>, Other<4>, Other<5>>(bus);
    const auto eight = hear<Other<6>, Other<7>, Other<8>, Other<9>, Other<10>, Other<11>, Other<12>, Other<13>>(bus);
    {
        Crew crew;
        for (int i = 0; i < 3; ++i) {
            crew.add("emits", [&](Random&) {
                const auto emitter = bus.emitter<Small>();
                for (int n = 0; n < emits; ++n) static_cast<void>(emitter.emit(Small{}));
            });
        }
        crew.add("has the topic move", [&](Random&) {
            const auto first = hear<Small, Other<0>>(bus);
            const auto second = hear<Small, Other<2>>(bus);
            const auto third = hear<Small, Other<6>>(bus);
        });
    }
    std::uint64_t received = 0;
    std::uint64_t last = 0;
    while (const auto delivery = all.try_receive()) {
        ++received;
        EXPECT_LT(last, delivery->meta().sequence);
        last = delivery->meta().sequence;
    }
    EXPECT_EQ(received, std::uint64_t{3} * emits);
}

TEST(Chaos, ATopicThatMovesKeepsItsOrder) { run_rounds(&move_beside_emits); }

}  // namespace
}  // namespace chaos
