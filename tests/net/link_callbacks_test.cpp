#include "link_fixture.hpp"

#include <functional>

/// What a link's own user does to it from inside: in a callback that runs while bytes are read.

namespace link_callbacks_test {

using namespace links;

struct Long {
    static constexpr std::string_view event_name = "long";
    int value = 0;
    std::string text = {};
};
/// The same for a side that takes less.
struct Short {
    static constexpr std::string_view event_name = "long";
    static constexpr std::size_t max_wire_size = 1'000;
    int value = 0;
    std::string text = {};
};

/// One that may be set while it is written, as by another thread.
struct Moving {
    static constexpr std::string_view event_name = "moving";
    inline static std::function<void()> on_encode = {};
    int value = 0;
};

}  // namespace link_callbacks_test

template <>
struct event::net::Codec<link_callbacks_test::Moving> {
    static constexpr std::string_view schema = "moving.1";
    static void encode(const link_callbacks_test::Moving& moving, Writer& writer) {
        if (link_callbacks_test::Moving::on_encode) link_callbacks_test::Moving::on_encode();
        writer.write(moving.value);
    }
    static error_code decode(link_callbacks_test::Moving& moving, Reader& reader) { return reader.read(moving.value); }
};

namespace link_callbacks_test {

class ALinksCallback : public Links {
protected:
    /// Three subscriptions; the first is slow, and says so by `callback` in the middle of many events, which come in
    /// buffers that are full.
    void run_with(std::function<void()> callback) {
        connect();
        there_.link->serve<Long>({.capacity = 1'000});
        slow_ = here_.link->subscribe<Long>(
            {.capacity = 1, .on_full = event::Notify{[callback = std::move(callback)](const auto&) { callback(); }}});
        other_ = here_.link->subscribe<Long>({.capacity = 1'000});
        run();
        const auto emitter = there_.bus.emitter<Long>();
        for (int i = 0; i < 100; ++i) emitter.emit({i, std::string(static_cast<std::size_t>(i * 10), 'x')});
        drive(io_);
    }
    [[nodiscard]] std::vector<int> came(event::Subscription<Long>& subscription) {
        std::vector<int> values;
        for (const auto& delivery : event::testing::take_all(subscription)) {
            EXPECT_EQ(delivery->text, std::string(static_cast<std::size_t>(delivery->value * 10), 'x'));
            EXPECT_EQ(delivery.missed(), 0U);
            values.push_back(delivery->value);
        }
        return values;
    }

    std::optional<event::Subscription<Long>> slow_, other_;
};

TEST_F(ALinksCallback, MaySubscribeOnceMore) {
    std::optional<event::Subscription<Long>> again;
    run_with([&] { again = here_.link->subscribe<Long>(); });
    ASSERT_FALSE(here_.is_over()) << to_string(*here_.link->stat().reason);
    EXPECT_EQ(came(*other_).size(), 100U);
    there_.bus.emitter<Long>().emit({100, std::string(1'000, 'x')});
    drive(io_);
    EXPECT_THAT(came(*again), testing::ElementsAre(100));
}

TEST_F(ALinksCallback, MayCloseTheLink) {
    run_with([&] { here_.link->close({.code = end_code::closed, .text = "too slow"}); });
    ASSERT_TRUE(here_.is_over() && there_.is_over());
    EXPECT_FALSE(*here_.result);
    EXPECT_EQ(there_.link->stat().remote_reason->text, "too slow");
    EXPECT_EQ(here_.link->stat().held + there_.link->stat().held, 0U);
    const std::vector<int> values = came(*other_);
    for (std::size_t i = 0; i < values.size(); ++i) EXPECT_EQ(values[i], static_cast<int>(i));
}

TEST_F(ALinksCallback, MayDestroyTheLink) {
    run_with([&] { here_.link.reset(); });
    ASSERT_TRUE(here_.is_over() && there_.is_over());
    EXPECT_FALSE(*here_.result);
    EXPECT_EQ(there_.bus.stat<Long>().subscribers, 0U);
}

TEST_F(ALinksCallback, MayCloseItsSubscription) {
    run_with([&] { slow_.reset(); });
    ASSERT_FALSE(here_.is_over());
    EXPECT_EQ(came(*other_).size(), 100U);
    EXPECT_EQ(there_.bus.stat<Long>().subscribers, 1U);
}

TEST_F(Links, LeaveNothingOfALatestValueThatIsTooLarge) {
    connect({.limits = {.max_frame = 2'048}}, {});
    there_.link->serve<Long>();
    auto value = there_.bus.value<Long>();
    value.set({1, std::string(10'000, 'x')});
    run();
    for (std::size_t i = 1; i <= 20; ++i) {
        const auto view = here_.link->watch<Short>();
        drive(io_);
        EXPECT_FALSE(view.try_get());
        ASSERT_EQ(here_.ended.size(), i);
        EXPECT_EQ(here_.ended.back().reason.code, end_code::payload_too_large);
    }
    EXPECT_FALSE(here_.is_over());
    EXPECT_EQ(here_.link->stat().consuming, 0U);
    EXPECT_EQ(there_.link->stat().serving, 0U);
    ASSERT_EQ(there_.bus.report().values.size(), 1U);
    EXPECT_EQ(there_.bus.report().values[0].watchers, 0U);
}

TEST_F(Links, WriteAValueThatIsSetAllTheWhile) {
    connect();
    there_.link->serve<Moving>();
    auto value = there_.bus.value<Moving>();
    const auto view = here_.link->watch<Moving>();
    int sets = 0;
    Moving::on_encode = [&] {
        if (!view.try_get() && sets < 10'000) value.set({++sets});
    };
    run();
    value.set({0});
    drive(io_);
    EXPECT_LT(sets, 10) << "it was written only when nobody set it any more";
    EXPECT_EQ((*view.try_get())->value, sets);
    Moving::on_encode = nullptr;
}

}  // namespace link_callbacks_test
