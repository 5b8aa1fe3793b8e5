#include "support.hpp"
#include "twin.hpp"

#include <event/name.hpp>

#include <atomic>
#include <optional>
#include <thread>

/// The same spelling as in name_twin_test.cpp, in another unnamed namespace.
namespace {
struct Twin {
    int here = 1;
};
struct DeclaredTwin {
    static constexpr std::string_view event_name = "test.DeclaredTwin";
    int here = 1;
};
}  // namespace

namespace name_test {

using namespace support;

struct Plain {};
struct Declared {
    static constexpr std::string_view event_name = "peer.connected";
};
struct SameName {
    static constexpr std::string_view event_name = "peer.connected";
};
struct Lone {
    static constexpr std::string_view event_name = "lone";
};
struct AlsoLone {
    static constexpr std::string_view event_name = "lone";
};
template <class T>
struct Wrapped {};

TEST(Name, IsWhatTheCompilerSpells) {
    EXPECT_EQ(event::name_of<Plain>(), "name_test::Plain");
    EXPECT_EQ(event::name_of<int>(), "int");
    EXPECT_THAT(std::string(event::name_of<Wrapped<Plain>>()), testing::HasSubstr("Wrapped<name_test::Plain>"));
}

TEST(Name, IsWhatTheTypeDeclares) { EXPECT_EQ(event::name_of<Declared>(), "peer.connected"); }

TEST(Name, OneLabelForTwoTypesIsAClash) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Declared>();
    error_code error;
    auto other = bus.emitter<Plain, SameName>({}, error);
    EXPECT_EQ(error, event::errc::name_clash);
    EXPECT_FALSE(other.is_open());
    EXPECT_EQ(bus.stat<Plain>().emitters, 0U) << "nothing is left behind";
    try {
        auto subscription = bus.subscribe<Plain, SameName>();
        FAIL();
    } catch (const boost::system::system_error& clash) {
        EXPECT_EQ(clash.code(), event::errc::name_clash);
    }
    EXPECT_EQ(bus.stat<Plain>().subscribers, 0U);
    event::EventBus another{io};
    EXPECT_TRUE(another.emitter<SameName>().is_open()) << "labels are a bus's own";
}

TEST(Name, OfAnotherTypeIsRefusedToWhateverRegisters) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Declared>();
    const auto clashes = [](auto&& registers) {
        try {
            registers();
        } catch (const boost::system::system_error& error) {
            return error.code() == event::errc::name_clash;
        }
        return false;
    };
    EXPECT_TRUE(clashes([&] { static_cast<void>(bus.emitter<SameName>()); }));
    EXPECT_TRUE(clashes([&] { static_cast<void>(bus.value<SameName>()); }));
    EXPECT_TRUE(clashes([&] { static_cast<void>(bus.watch<SameName>()); }));
    EXPECT_TRUE(clashes([&] { static_cast<void>(bus.emitter_count<SameName>()); }));
    EXPECT_TRUE(clashes([&] { static_cast<void>(bus.subscriber_count<SameName>()); }));
    Completion<bool> never;
    EXPECT_TRUE(clashes([&] { bus.async_wait_emitter<SameName>(never.handler()); }));
    EXPECT_TRUE(never.destroyed());
}

TEST(Name, OfATypeWhoseRegistrationFailedIsFreeAgain) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Declared>();
    error_code error;
    auto emitters = bus.emitter<Lone, SameName>({}, error);
    ASSERT_EQ(error, event::errc::name_clash);
    EXPECT_TRUE(bus.emitter<AlsoLone>().is_open()) << "it failed for its second type, and left nothing of its first";
    EXPECT_THROW(static_cast<void>(bus.subscribe<Lone, SameName>()), boost::system::system_error);
    EXPECT_TRUE(bus.emitter<AlsoLone>().is_open());
}

TEST(Name, OfATypeWhoseRegistrationFailedOnceItHadWaitedIsFreeAgain) {
    asio::io_context io;
    event::EventBus bus{io};
    std::atomic<int> busy{0};
    std::atomic<bool> is_over{false};
    const auto filter = event::where([&](const auto&) {
        for (++busy; !is_over;) std::this_thread::yield();
        return true;
    });
    const auto first = bus.subscribe<Number>({}, filter);
    const auto second = bus.subscribe<Letter>({}, filter);
    const auto alone = bus.emitter<Plain>({.exclusive = true});
    error_code refused, error;
    std::optional<event::Emitter<SameName>> other;
    {
        const std::jthread emits_numbers([&] { bus.emitter<Number>().emit({}); });
        const std::jthread emits_letters([&] { bus.emitter<Letter>().emit({}); });
        while (busy != 2) std::this_thread::yield();
        const std::jthread registers([&] {
            try {
                static_cast<void>(bus.subscribe<Number, Letter, Declared, Lone>());
            } catch (const boost::system::system_error& clash) {
                refused = clash.code();
            }
        });
        // until it has found its types, and waits for the locks of those that are filtered
        while (error != event::errc::name_clash) static_cast<void>(bus.emitter<AlsoLone, Plain>({}, error));
        bus.emitter<Declared>({}, error).close();
        other.emplace(bus.emitter<SameName>({}, error));
        is_over = true;
    }
    EXPECT_FALSE(error);
    EXPECT_EQ(refused, event::errc::name_clash) << "meanwhile the name of one has become another's";
    EXPECT_TRUE(bus.emitter<AlsoLone>({}, error).is_open()) << "nothing is left of the others";
}

TEST(Name, OfATypeThatNobodyUsesIsFreeAgain) {
    asio::io_context io;
    event::EventBus bus{io};
    bus.emitter<Declared>().close();
    auto other = bus.emitter<SameName>();
    EXPECT_TRUE(other.is_open());
    EXPECT_THROW(static_cast<void>(bus.emitter<Declared>()), boost::system::system_error);
    other.close();
    EXPECT_TRUE(bus.emitter<Declared>().is_open());
}

TEST(Name, EqualSpellingsInTwoUnnamedNamespacesAreTwoTopics) {
    asio::io_context io;
    event::EventBus bus{io};
    EXPECT_EQ(event::name_of<Twin>(), twin::name());
    auto here = bus.emitter<Twin>();
    auto listener = bus.subscribe<Twin>();
    EXPECT_EQ(twin::emit(bus).subscribers, 0U);
    EXPECT_EQ(here.emit({}).subscribers, 1U);
    EXPECT_NE(listener.stat().types.front(), twin::label_on(bus)) << "their labels are made unique";
}

TEST(Name, DeclaredInTwoUnnamedNamespacesIsAClash) {
    asio::io_context io;
    event::EventBus bus{io};
    auto here = bus.emitter<DeclaredTwin>();
    EXPECT_EQ(twin::emit_declared(bus), event::errc::name_clash);
}

auto first_local() {
    struct Local {
        int first = 1;
    };
    return Local{};
}
auto second_local() {
    struct Local {
        int second = 2;
    };
    return Local{};
}

TEST(Name, EqualSpellingsInTwoFunctionsAreTwoTopics) {
    asio::io_context io;
    event::EventBus bus{io};
    using First = decltype(first_local());
    using Second = decltype(second_local());
    auto first = bus.emitter<First>();
    auto subscription = bus.subscribe<Second>();
    EXPECT_EQ(first.emit({}).subscribers, 0U);
    auto both = bus.subscribe<First, Second>();
    const auto types = both.stat().types;
    EXPECT_NE(types[0], types[1]);
    EXPECT_EQ(first.emit({}).subscribers, 1U);
}

}  // namespace name_test
