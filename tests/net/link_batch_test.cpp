#include "link_fixture.hpp"
#include "net/protocol/frames.hpp"

#include <event/where.hpp>

#include <boost/asio/buffer.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

/// Events that come in one piece, some of which are taken together: whatever is wrong with one of them, or happens at
/// it, is as if each had come by itself.

namespace link_batch_test {

using namespace links;
namespace protocol = event::net::protocol;
using protocol::Bytes;
using testing::ElementsAre;
using testing::IsEmpty;

/// Notes what becomes of it. Of more than 99 nobody can read it.
struct Noted {
    static constexpr std::string_view event_name = "noted";
    inline static std::string log = {};
    inline static int throws_at = -1;
    int value = 0;
};
/// Not gathered: it would have to be kept.
struct Text {
    static constexpr std::string_view event_name = "text";
    std::string value;
};

}  // namespace link_batch_test

template <>
struct event::net::Codec<link_batch_test::Noted> {
    using Noted = link_batch_test::Noted;
    static constexpr std::string_view schema = "noted.1";
    static void encode(const Noted& noted, Writer& writer) { writer.write(noted.value); }
    static error_code decode(Noted& noted, Reader& reader) {
        if (const error_code error = reader.read(noted.value)) return error;
        Noted::log += "r" + std::to_string(noted.value) + ' ';
        if (noted.value == Noted::throws_at) throw std::runtime_error("cannot be made");
        return noted.value > 99 ? reader.fail(errc::invalid_value) : error_code();
    }
};

namespace link_batch_test {

struct Mark {
    int value;
    std::uint64_t missed;
    bool replayed;
    bool operator==(const Mark&) const = default;
};
void PrintTo(const Mark& mark, std::ostream* out) {
    *out << mark.value << " missed " << mark.missed << (mark.replayed ? " replayed" : "");
}

/// A link, and at the other end of the stream somebody who says what is written here.
class ABatch : public testing::Test {
protected:
    ABatch() {
        Noted::log.clear();
        Noted::throws_at = -1;
        auto [a, b] = duplex::pair(io_);
        here_.make(std::move(a));
        other_.emplace(std::move(b));
        write(protocol::Hello{.max_frame = 1 << 20, .max_subscriptions = 10, .serves = true, .consumes = true}, batch_);
    }
    void begin() {
        here_.run();
        come();
    }
    void add(std::uint64_t alias, const Bytes& payload, std::uint64_t missed = 0, bool replayed = false,
             std::uint64_t type = 0) {
        write(protocol::Event{.alias = alias, .type = type, .missed = missed, .replayed = replayed, .payload = payload},
              batch_);
    }
    template <class T>
    void add(std::uint64_t alias, const T& event, std::uint64_t missed = 0, bool replayed = false,
             std::uint64_t type = 0) {
        Bytes payload;
        EXPECT_FALSE(event::net::encode(event, payload));
        add(alias, payload, missed, replayed, type);
    }
    /// All of it, in one read.
    void come() {
        std::size_t count = 0;
        other_->async_write_some(asio::buffer(batch_), [&](const error_code&, std::size_t size) { count = size; });
        drive(io_);
        EXPECT_EQ(count, batch_.size());
        batch_.clear();
    }
    template <class T>
    [[nodiscard]] static std::vector<Mark> marks(event::Subscription<T>& subscription) {
        std::vector<Mark> marks;
        while (const auto delivery = subscription.try_receive())
            marks.push_back({(*delivery)->value, delivery->missed(), delivery->replayed()});
        return marks;
    }
    /// The other side says no BYE.
    [[nodiscard]] Reason reason() {
        event::testing::drive_for(io_, clock_, std::chrono::seconds(5));
        return here_.link->stat().reason.value_or(Reason{});
    }

    asio::io_context io_;
    event::testing::ManualClock clock_{io_};
    Node here_{io_};
    std::optional<duplex::End> other_;
    Bytes batch_;
};

TEST_F(ABatch, IsReadBeforeAnyOfItIsEmitted) {
    auto wanted = here_.link->subscribe<Noted>({}, event::where([](const Noted& noted) {
                                                   Noted::log += "e" + std::to_string(noted.value) + ' ';
                                                   return true;
                                               }));
    begin();
    for (int i = 1; i <= 3; ++i) add(1, Noted{i});
    come();
    EXPECT_EQ(Noted::log, "r1 r2 r3 e1 e2 e3 ");
    EXPECT_THAT(marks(wanted), ElementsAre(Mark{1, 0, false}, Mark{2, 0, false}, Mark{3, 0, false}));
    EXPECT_EQ(here_.link->stat().events_received, 3U);
}

TEST_F(ABatch, HasNoMoreUnderOneLockThanOthersCanWaitFor) {
    auto wanted = here_.link->subscribe<Noted>({.capacity = 100}, event::where([](const Noted&) {
                                                   Noted::log += "e ";
                                                   return true;
                                               }));
    begin();
    for (int i = 1; i <= 50; ++i) add(1, Noted{i});
    come();
    EXPECT_LE(Noted::log.find('e'), std::string("r1 ").size() * 9 + std::string("r10 ").size() * 7);
    EXPECT_EQ(marks(wanted).size(), 50U);
}

TEST_F(ABatch, TellsOfEachGapAndMarkWhereItIs) {
    auto wanted = here_.link->subscribe<Noted>();
    begin();
    add(1, Noted{1}, 2);
    add(1, Noted{2});
    add(1, Noted{3}, 4);
    add(1, Noted{4}, 0, true);
    add(1, Noted{5}, 0, true);
    add(1, Noted{6});
    add(1, Noted{7}, 1'000);
    come();
    EXPECT_THAT(marks(wanted), ElementsAre(Mark{1, 2, false}, Mark{2, 0, false}, Mark{3, 4, false}, Mark{4, 0, true},
                                           Mark{5, 0, true}, Mark{6, 0, false}, Mark{7, 1'000, false}));
    EXPECT_EQ(here_.link->stat().events_received, 7U);
}

TEST_F(ABatch, KeepsTheOrderOfAllTypesOfASubscription) {
    auto wanted = here_.link->subscribe<Noted, Text, Count>();
    begin();
    add(1, Noted{1});
    add(1, Noted{2});
    add(1, Text{"a"}, 0, false, 1);
    add(1, Text{"b"}, 3, false, 1);
    add(1, Count{3}, 0, false, 2);
    add(1, Noted{4});
    come();
    std::string came;
    while (const auto delivery = wanted.try_receive()) {
        if (const auto* const text = delivery->get_if<Text>()) came += text->value;
        if (const auto* const noted = delivery->get_if<Noted>()) came += std::to_string(noted->value);
        if (const auto* const count = delivery->get_if<Count>()) came += std::to_string(count->value);
        if (delivery->missed() != 0) came += '!';
    }
    EXPECT_EQ(came, "12ab!34");
}

TEST_F(ABatch, GivesEachSubscriptionItsOwn) {
    auto one = here_.link->subscribe<Noted>();
    auto other = here_.link->subscribe<Count>();
    begin();
    for (int i = 1; i <= 3; ++i) {
        add(1, Noted{i});
        add(2, Count{10 * i});
    }
    come();
    EXPECT_THAT(marks(one), ElementsAre(Mark{1, 0, false}, Mark{2, 0, false}, Mark{3, 0, false}));
    EXPECT_THAT(marks(other), ElementsAre(Mark{10, 0, false}, Mark{20, 0, false}, Mark{30, 0, false}));
}

TEST_F(ABatch, EndsWithTheLinkAtWhatCannotBeRead) {
    auto wanted = here_.link->subscribe<Noted>();
    begin();
    for (const int value : {1, 2, 100, 4}) add(1, Noted{value});
    come();
    EXPECT_THAT(marks(wanted), ElementsAre(Mark{1, 0, false}, Mark{2, 0, false}));
    EXPECT_EQ(reason().code, end_code::malformed_payload);
    EXPECT_EQ(Noted::log, "r1 r2 r100 ") << "what is behind that is not read";
}

TEST_F(ABatch, EndsWithTheLinkWhereItsOwnCodeThrows) {
    auto wanted = here_.link->subscribe<Noted>();
    begin();
    Noted::throws_at = 3;
    for (int i = 1; i <= 5; ++i) add(1, Noted{i});
    come();
    EXPECT_THAT(marks(wanted), ElementsAre(Mark{1, 0, false}, Mark{2, 0, false}));
    const Reason why = reason();
    EXPECT_EQ(why.code, end_code::malformed_payload);
    EXPECT_EQ(why.text, "cannot be made");
}

TEST_F(ABatch, EndsWithTheLinkAtAFrameThatBreaksTheProtocol) {
    auto wanted = here_.link->subscribe<Noted>();
    begin();
    add(1, Noted{1});
    add(1, Noted{2});
    add(1, Noted{3}, 0, false, 5);
    add(1, Noted{4});
    come();
    EXPECT_THAT(marks(wanted), ElementsAre(Mark{1, 0, false}, Mark{2, 0, false}));
    const Reason why = reason();
    EXPECT_EQ(why.code, end_code::unknown_type);
    EXPECT_EQ(why.text, "EVENT: type 5 of 1, in frame 4") << "HELLO is the first";
}

TEST_F(ABatch, GoesOnWhereAFilterThrows) {
    auto wanted = here_.link->subscribe<Noted>({}, event::where([](const Noted& noted) {
                                                   if (noted.value == 3) throw std::runtime_error("a filter");
                                                   return true;
                                               }));
    begin();
    for (int i = 1; i <= 5; ++i) add(1, Noted{i});
    std::size_t written = 0;
    other_->async_write_some(asio::buffer(batch_), [&](const error_code&, std::size_t size) { written = size; });
    EXPECT_THROW(drive(io_), std::runtime_error);
    drive(io_);
    EXPECT_EQ(written, batch_.size());
    EXPECT_THAT(marks(wanted), ElementsAre(Mark{1, 0, false}, Mark{2, 0, false}, Mark{4, 0, false}, Mark{5, 0, false}));
    EXPECT_FALSE(here_.is_over());
}

TEST_F(ABatch, IsForNobodyOnceItsSubscriptionIsClosed) {
    std::optional<event::Subscription<Noted>> wanted;
    int told = 0;
    wanted = here_.link->subscribe<Noted>({.capacity = 2, .on_full = event::Notify{[&](const auto&) {
                                                              ++told;
                                                              wanted.reset();
                                                          }}});
    begin();
    for (int i = 1; i <= 40; ++i) add(1, Noted{i});
    come();
    EXPECT_EQ(told, 1);
    EXPECT_FALSE(here_.is_over());
    EXPECT_EQ(here_.link->stat().consuming, 0U);
    EXPECT_THAT(here_.ended, IsEmpty()) << "this side has ended it";
}

TEST_F(ABatch, IsForNobodyOnceTheBusIsClosed) {
    here_.link->import <Noted>();
    auto all = here_.bus.subscribe<Noted>({.capacity = 100});
    auto few =
        here_.bus.subscribe<Noted>({.capacity = 2, .on_full = event::Notify{[&](const auto&) { here_.bus.close(); }}});
    begin();
    for (int i = 1; i <= 40; ++i) add(1, Noted{i});
    come();
    const std::vector<Mark> came = marks(all);
    EXPECT_GE(came.size(), 2U);
    EXPECT_LT(came.size(), 40U);
    for (std::size_t i = 0; i < came.size(); ++i) EXPECT_EQ(came[i], (Mark{static_cast<int>(i) + 1, 0, false}));
    EXPECT_EQ(marks(few).size(), 2U);
    EXPECT_FALSE(here_.is_over()) << "of a bus that closes only what is imported ends";
    EXPECT_EQ(here_.link->stat().consuming, 0U);
}

TEST_F(ABatch, BeginsWithAFrameThatCameInPieces) {
    auto wanted = here_.link->subscribe<Noted>();
    begin();
    for (int i = 1; i <= 4; ++i) add(1, Noted{i});
    const Bytes all = std::exchange(batch_, {});
    batch_.assign(all.begin(), all.begin() + 3);
    come();
    batch_.assign(all.begin() + 3, all.end() - 2);
    come();
    EXPECT_THAT(marks(wanted), ElementsAre(Mark{1, 0, false}, Mark{2, 0, false}, Mark{3, 0, false}));
    batch_.assign(all.end() - 2, all.end());
    come();
    EXPECT_THAT(marks(wanted), ElementsAre(Mark{4, 0, false}));
}

// ---- on its way out ---------------------------------------------------------------------------------------------

struct Long {
    static constexpr std::string_view event_name = "long";
    std::string text;
};
/// The same for a side that takes less.
struct Short {
    static constexpr std::string_view event_name = "long";
    static constexpr std::size_t max_wire_size = 1'000;
    std::string text;
};

TEST_F(Links, SendEventsOfAnySizeBesideEachOther) {
    connect();
    there_.link->serve<Long>({.capacity = 1'000});
    auto wanted = here_.link->subscribe<Long>({.capacity = 1'000});
    run();
    const auto emitter = there_.bus.emitter<Long>();
    const std::vector<std::size_t> sizes{0,      1,      121,    122,    123, 127, 128,    5,
                                         16'376, 16'377, 16'378, 16'384, 3,   0,   70'000, 2};
    for (const std::size_t size : sizes) emitter.emit({std::string(size, 'x')});
    drive(io_);
    for (const std::size_t size : sizes) {
        const auto delivery = wanted.try_receive();
        ASSERT_TRUE(delivery);
        EXPECT_EQ((*delivery)->text, std::string(size, 'x'));
        EXPECT_EQ(delivery->missed(), 0U);
    }
}

TEST_F(Links, SendWhatIsBehindAnEventThatCannotBeSent) {
    connect({.limits = {.max_frame = 2'048}}, {});
    there_.link->serve<Long>({.capacity = 1'000});
    auto wanted = here_.link->subscribe<Short>({.capacity = 1'000});
    run();
    const auto emitter = there_.bus.emitter<Long>();
    emitter.emit({"a"});
    emitter.emit({std::string(5'000, 'x')});
    emitter.emit({std::string(5'000, 'x')});
    emitter.emit({"b"});
    drive(io_);
    const auto first = wanted.try_receive(), second = wanted.try_receive();
    ASSERT_TRUE(first && second);
    EXPECT_EQ((*first)->text + (*second)->text, "ab");
    EXPECT_EQ(second->missed(), 2U);
    EXPECT_EQ(there_.link->stat().unsendable, 2U);
    EXPECT_EQ(there_.link->stat().events_sent, 2U);
}

}  // namespace link_batch_test
