#include "support.hpp"

#include <functional>
#include <string>
#include <string_view>

/// What a registration that is refused says.

namespace refusal_test {

using namespace support;

std::string refusal(const std::function<void()>& registers) {
    try {
        registers();
    } catch (const boost::system::system_error& error) {
        return error.what();
    }
    return "nothing was refused";
}

struct CalledLetter {
    static constexpr std::string_view event_name = "letter";
};
struct CalledLetterToo {
    static constexpr std::string_view event_name = "letter";
    int value = 0;
};

TEST(Refusal, NamesTheTypesAndWhoIsInTheWay) {
    asio::io_context io;
    event::EventBus bus{io, {.name = "dht"}};
    const auto only = bus.emitter<Number>({.exclusive = true, .name = "swarm"});
    const auto second = refusal([&] { static_cast<void>(bus.emitter<Text, Number>()); });
    EXPECT_THAT(second,
                testing::StartsWith("event: cannot make an emitter of support::Text, support::Number on the bus "
                                    "'dht'; support::Number is emitted by 'swarm' exclusively"));
    const auto texts = bus.emitter<Text>();
    EXPECT_THAT(refusal([&] { static_cast<void>(bus.emitter<Text>({.exclusive = true})); }),
                testing::HasSubstr("support::Text is emitted by one without a name"));
    EXPECT_THAT(refusal([&] { static_cast<void>(bus.value<Number>()); }),
                testing::HasSubstr("cannot make a value of support::Number"));
}

TEST(Refusal, NamesTheTypeThatHasTheName) {
    asio::io_context io;
    event::EventBus bus{io};
    const auto first = bus.emitter<CalledLetter>();
    const auto clash = refusal([&] { static_cast<void>(bus.subscribe<CalledLetterToo>()); });
    EXPECT_THAT(clash,
                testing::StartsWith("event: cannot subscribe to letter; another type is called letter, which the "
                                    "compiler calls"));
    EXPECT_THAT(clash, testing::HasSubstr("CalledLetter"));
}

TEST(Refusal, OfAClosedBusNamesWhatWasWanted) {
    asio::io_context io;
    event::EventBus bus{io};
    bus.close();
    EXPECT_THAT(refusal([&] { static_cast<void>(bus.subscribe<Number, Text>()); }),
                testing::StartsWith("event: cannot subscribe to support::Number, support::Text"));
    EXPECT_THAT(refusal([&] { static_cast<void>(bus.subscribe<event::AnyEvent>()); }),
                testing::StartsWith("event: cannot subscribe to AnyEvent"));
    EXPECT_THAT(refusal([&] { static_cast<void>(bus.watch<Number>()); }),
                testing::StartsWith("event: cannot watch support::Number"));
    EXPECT_THAT(refusal([&] { static_cast<void>(bus.emitter_count<Number>()); }),
                testing::StartsWith("event: cannot count support::Number"));
}

}  // namespace refusal_test
