#include "support.hpp"

#include <event/emitter.hpp>

#include <array>

namespace emitter_test {

using namespace support;

struct NotCopyable {
    explicit NotCopyable(int v) : value(v) {}
    NotCopyable(NotCopyable&&) = default;
    int value;
    std::unique_ptr<int> owner = std::make_unique<int>(7);
};

struct NotMovable {
    explicit NotMovable(int v) : value(v) {}
    NotMovable(const NotMovable&) = delete;
    int value;
};

struct alignas(64) Aligned {
    int value = 0;
};

struct Counted {
    static inline int alive = 0;
    static inline int built = 0;
    explicit Counted(int v = 0) : value(v) { ++alive, ++built; }
    Counted(const Counted& other) : value(other.value) { ++alive, ++built; }
    ~Counted() { --alive; }
    int value;
};

TEST(Emitter, TakesDesignatedInitialisers) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Number>();
    auto subscription = bus.subscribe<Number>();
    emitter.emit({.value = 1});
    const Number two{2};
    emitter.emit(two);
    emitter.emplace(3);
    emitter.emplace<Number>(4);
    emitter.emit<Number>({5});  // as code that does not know how many types there are
    Number six{6};
    emitter.emit(six);
    EXPECT_EQ(numbers(subscription), (std::vector{1, 2, 3, 4, 5, 6}));
}

TEST(Emitter, OfSeveralTypesEmitsEach) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Number, Text>({.name = "identify"});
    auto subscription = bus.subscribe<Number, Text>();
    emitter.emit<Number>({1});
    emitter.emit(Text{"a"});
    const Text b{"b"};
    emitter.emit(b);
    emitter.emplace<Text>("c");
    EXPECT_EQ(emitter.name(), "identify");
    EXPECT_EQ(bus.stat<Number>().emitters, 1U);
    EXPECT_EQ(bus.stat<Text>().emitters, 1U);
    auto all = take_all(subscription);
    ASSERT_EQ(all.size(), 4U);
    EXPECT_EQ(all[3].get_if<Text>()->value, "c");
}

TEST(Emitter, ReportsWhatBecameOfTheEvent) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Number>();
    auto drops = bus.subscribe<Number>({.capacity = 1, .on_full = event::Drop{}});
    auto displaces = bus.subscribe<Number>({.capacity = 1, .on_full = event::DropOldest{}});
    auto dies = bus.subscribe<Number>({.capacity = 1, .on_full = event::Kill{}});
    auto has_room = bus.subscribe<Number>();
    emitter.emit({1});
    const event::EmitResult result = emitter.emit({2});
    EXPECT_EQ(result.subscribers, 4U);
    EXPECT_EQ(result.delivered, 2U);
    EXPECT_EQ(result.refused, 1U);
    EXPECT_EQ(result.displaced, 1U);
    EXPECT_EQ(result.killed, 1U);
    EXPECT_EQ(result.lost(), 2U);
    EXPECT_EQ(result.error, event::errc{});
}

TEST(Emitter, ToNobodySucceedsAndBuildsNothing) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Counted>();
    Counted::built = 0;
    const event::EmitResult result = emitter.emplace(1);
    EXPECT_EQ(result.subscribers, 0U);
    EXPECT_EQ(result.error, event::errc{});
    EXPECT_EQ(Counted::built, 0);
}

TEST(Emitter, BuildsALargeEventOnceForAll) {
    asio::io_context io;
    {
        event::EventBus bus{io};
        auto emitter = bus.emitter<Counted>();
        std::vector<event::Subscription<Counted>> subscriptions;
        for (int i = 0; i < 10; ++i)
            subscriptions.push_back(bus.subscribe<Counted>({.capacity = 2, .on_full = event::Drop{}}));
        Counted::built = 0;
        for (int i = 0; i < 5; ++i) emitter.emplace(i);
        EXPECT_EQ(Counted::built, 5);
        EXPECT_EQ(Counted::alive, 2) << "refused events die at once";
        auto first = subscriptions[0].try_receive();
        auto second = subscriptions[1].try_receive();
        EXPECT_EQ(&**first, &**second) << "shared";
    }
    EXPECT_EQ(Counted::alive, 0);
}

TEST(Emitter, CarriesTypesThatCannotBeCopiedOrMoved) {
    asio::io_context io;
    event::EventBus bus{io};
    auto movable = bus.emitter<NotCopyable>();
    auto immovable = bus.emitter<NotMovable>();
    auto aligned = bus.emitter<Aligned>();
    auto one = bus.subscribe<NotCopyable, NotMovable, Aligned>();
    auto two = bus.subscribe<NotMovable>();
    movable.emit(NotCopyable(1));
    immovable.emplace(2);
    aligned.emit({3});
    auto all = take_all(one);
    ASSERT_EQ(all.size(), 3U);
    EXPECT_EQ(all[0].get_if<NotCopyable>()->value, 1);
    EXPECT_EQ(all[1].get_if<NotMovable>()->value, 2);
    EXPECT_EQ(all[2].get_if<Aligned>()->value, 3);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(all[2].get_if<Aligned>()) % 64, 0U);
    EXPECT_EQ((*two.try_receive())->value, 2);
}

TEST(Emitter, EmitAllIsAdjacentAndWakesOnce) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Number>();
    auto texts = bus.emitter<Text>();
    auto subscription = bus.subscribe<Number>({.capacity = 4, .on_full = event::Drop{}});
    auto shared = bus.subscribe<Text>({.capacity = 8});
    Completion<bool> readable;
    subscription.async_wait(readable.handler());
    const std::array<Number, 6> batch{{{1}, {2}, {3}, {4}, {5}, {6}}};
    const event::EmitResult result = emitter.emit_all(batch);
    EXPECT_EQ(result.subscribers, 6U);
    EXPECT_EQ(result.delivered, 4U);
    EXPECT_EQ(result.refused, 2U);
    EXPECT_EQ(drive(io), 1U) << "one wake-up";
    EXPECT_TRUE(readable.done());
    auto all = take_all(subscription);
    ASSERT_EQ(all.size(), 4U);
    for (std::size_t i = 1; i < all.size(); ++i) EXPECT_EQ(all[i].sequence(), all[i - 1].sequence() + 1);

    const std::vector<Text> words{{"a"}, {"b"}, {"c"}};
    EXPECT_EQ(texts.emit_all(words).delivered, 3U);
    EXPECT_EQ(take_all(shared).size(), 3U);
    EXPECT_EQ(emitter.emit_all({}).subscribers, 0U);
}

TEST(Emitter, EmitAllKillsOnceAndGoesOn) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Number>();
    auto doomed = bus.subscribe<Number>({.capacity = 2, .on_full = event::Kill{}});
    auto other = bus.subscribe<Number>();
    const std::array<Number, 5> batch{{{1}, {2}, {3}, {4}, {5}}};
    const event::EmitResult result = emitter.emit_all(batch);
    EXPECT_EQ(result.killed, 1U);
    EXPECT_EQ(result.subscribers, 3U * 2 + 2U);
    EXPECT_EQ(result.delivered, 7U);
    EXPECT_EQ(numbers(other).size(), 5U);
}

TEST(Emitter, ClosedOrMovedFromDeliversNothing) {
    asio::io_context io;
    event::EventBus bus{io};
    auto subscription = bus.subscribe<Number>();
    auto emitter = bus.emitter<Number>();
    auto moved = std::move(emitter);
    EXPECT_EQ(emitter.emit({1}).error, event::errc::closed);  // NOLINT(bugprone-use-after-move)
    EXPECT_EQ(emitter.emplace(1).error, event::errc::closed);
    EXPECT_FALSE(emitter.is_open());
    emitter.close();
    EXPECT_TRUE(moved.is_open());
    EXPECT_EQ(moved.emit({2}).delivered, 1U);
    moved.close();
    moved.close();
    EXPECT_FALSE(moved.is_open());
    EXPECT_EQ(moved.emit({3}).error, event::errc::closed);
    const std::array<Number, 1> batch{{{4}}};
    EXPECT_EQ(moved.emit_all(batch).error, event::errc::closed);
    for (auto* closed : {&emitter, &moved}) {
        Completion<event::EmitResult> completion;
        closed->async_emit({5}, completion.handler());
        EXPECT_FALSE(completion.done()) << "never inside the initiating function";
        drive(io);
        ASSERT_TRUE(completion.done());
        EXPECT_EQ(completion.error(), event::errc::closed);
        EXPECT_EQ(completion.value().error, event::errc::closed);
    }
    EXPECT_EQ(bus.stat<Number>().emitters, 0U);
    EXPECT_EQ(numbers(subscription), (std::vector{2}));
}

TEST(Emitter, MoveAssignmentClosesTheOldOne) {
    asio::io_context io;
    event::EventBus bus{io};
    auto one = bus.emitter<Number>();
    auto two = bus.emitter<Number>();
    EXPECT_EQ(bus.stat<Number>().emitters, 2U);
    one = std::move(two);
    EXPECT_EQ(bus.stat<Number>().emitters, 1U);
    EXPECT_TRUE(one.is_open());
}

// ---- exclusive emitters ---------------------------------------------------------------------------------------------

struct Exclusive : testing::Test {
    asio::io_context io;
    event::EventBus bus{io};
    template <class... Ts>
    error_code refusal(event::EmitterOptions options = {}) {
        error_code error;
        const bool is_open = bus.emitter<Ts...>(options, error).is_open();
        EXPECT_EQ(is_open, !error);
        return error;
    }
};

TEST_F(Exclusive, RefusesALaterEmitterUntilItIsClosed) {
    auto only = bus.emitter<Number>({.exclusive = true});
    EXPECT_EQ(refusal<Number>(), event::errc::emitter_exists);
    EXPECT_EQ(refusal<Number>({.exclusive = true}), event::errc::emitter_exists);
    EXPECT_THROW(static_cast<void>(bus.emitter<Number>()), boost::system::system_error);
    EXPECT_FALSE(refusal<Letter>());
    auto subscription = bus.subscribe<Number>();
    EXPECT_EQ(only.emit({1}).delivered, 1U) << "a refused one costs it nothing";
    only.close();
    auto next = bus.emitter<Number>();
    EXPECT_EQ(next.emit({2}).delivered, 1U);
    EXPECT_FALSE(refusal<Number>()) << "it went with the exclusive one";
    EXPECT_EQ(numbers(subscription), (std::vector{1, 2}));
}

TEST_F(Exclusive, IsRefusedBesideAnEarlierEmitter) {
    auto earlier = bus.emitter<Number>();
    EXPECT_EQ(refusal<Number>({.exclusive = true}), event::errc::emitter_exists);
    EXPECT_FALSE(refusal<Number>()) << "the refused one left nothing behind";
    earlier.close();
    auto only = bus.emitter<Number>({.exclusive = true});
    EXPECT_TRUE(only.is_open());
    auto moved = std::move(only);
    EXPECT_EQ(refusal<Number>(), event::errc::emitter_exists) << "moving is not closing";
}

TEST_F(Exclusive, IsForAllItsTypesOrForNone) {
    auto letters = bus.emitter<Letter>();
    EXPECT_EQ((refusal<Number, Letter>({.exclusive = true})), event::errc::emitter_exists);
    EXPECT_EQ(bus.stat<Number>().emitters, 0U);
    EXPECT_FALSE(refusal<Number>());
    letters.close();
    auto both = bus.emitter<Number, Letter>({.exclusive = true});
    EXPECT_EQ(refusal<Letter>(), event::errc::emitter_exists);
    EXPECT_EQ((refusal<Text, Number>()), event::errc::emitter_exists);
    EXPECT_EQ(bus.stat<Text>().emitters, 0U);
}

TEST_F(Exclusive, RegisteringWithItDoesNotRetain) {
    auto earlier = bus.emitter<Number>();
    EXPECT_EQ(refusal<Number>({.retain = true, .exclusive = true}), event::errc::emitter_exists);
    EXPECT_FALSE(bus.stat<Number>().retained) << "a refused registration changes nothing";
}

// ---- async_emit -----------------------------------------------------------------------------------------------------

TEST(Missed, IsToldOfAnEventThatWasRefusedAlthoughThereWasRoom) {
    asio::io_context io;
    event::EventBus bus{io, {.on_slow_subscriber = [](const event::SlowSubscriber&) {}}};
    auto emitter = bus.emitter<Number>();
    auto roomy = bus.subscribe<Number>({.capacity = 16, .on_full = event::Wait{}});
    for (int i = 0; i < 5; ++i) emitter.emit({i});
    while (roomy.try_receive()) {
    }
    for (int i = 0; i < 2; ++i) emitter.emit({i});
    auto narrow = bus.subscribe<Number>({.capacity = 1, .on_full = event::Wait{}});
    emitter.emit({2});
    Completion<event::EmitResult> waiting;
    emitter.async_emit({3}, waiting.handler());
    drive(io);
    ASSERT_TRUE(waiting.pending());
    EXPECT_EQ(emitter.emit({4}).refused, 2U) << "the room is for the one that waits";
    ASSERT_TRUE(narrow.try_receive());
    drive(io);
    ASSERT_TRUE(waiting.done());
    for (const std::uint64_t missed : {0U, 0U, 0U, 1U}) {
        const auto delivery = roomy.try_receive();
        EXPECT_EQ(delivery->meta().missed, missed);
    }
}

struct Waiting : testing::Test {
    asio::io_context io;
    event::EventBus bus{io};
    event::Emitter<Number> emitter = bus.emitter<Number>();
    event::Subscription<Number> subscription = bus.subscribe<Number>({.capacity = 1, .on_full = event::Wait{}});
    Waiting() { emitter.emit({0}); }
};

TEST_F(Waiting, WithoutWaitingSubscribersIsAPlainEmit) {
    subscription.close();
    auto plain = bus.subscribe<Number>({.capacity = 1, .on_full = event::Drop{}});
    emitter.emit({1});
    Completion<event::EmitResult> completion;
    emitter.async_emit({2}, completion.handler());
    drive(io);
    ASSERT_TRUE(completion.done());
    EXPECT_FALSE(completion.error());
    EXPECT_EQ(completion.value().refused, 1U);
}

TEST_F(Waiting, DeliversNothingToAnybodyUntilThereIsRoom) {
    auto other = bus.subscribe<Number>();
    Completion<event::EmitResult> completion;
    emitter.async_emit({1}, completion.handler());
    drive(io);
    EXPECT_TRUE(completion.pending());
    EXPECT_TRUE(numbers(other).empty());
    EXPECT_EQ(numbers(subscription), (std::vector{0}));
    drive(io);
    ASSERT_TRUE(completion.done());
    EXPECT_EQ(completion.value().delivered, 2U);
    EXPECT_EQ(numbers(other), (std::vector{1}));
}

TEST_F(Waiting, APlainEmitDoesNotOvertake) {
    Completion<event::EmitResult> completion;
    emitter.async_emit({1}, completion.handler());
    ASSERT_EQ(numbers(subscription), (std::vector{0}));
    // the waiting emit has its turn, but has not run yet
    EXPECT_EQ(emitter.emit({99}).refused, 1U);
    drive(io);
    EXPECT_TRUE(completion.done());
    EXPECT_EQ(numbers(subscription), (std::vector{1}));
    EXPECT_EQ(emitter.emit({2}).delivered, 1U);
}

TEST_F(Waiting, CancellationLeavesNothingHalfDone) {
    for (auto type :
         {asio::cancellation_type::terminal, asio::cancellation_type::partial, asio::cancellation_type::total}) {
        asio::cancellation_signal signal;
        Completion<event::EmitResult> first;
        Completion<event::EmitResult> second;
        emitter.async_emit({1}, asio::bind_cancellation_slot(signal.slot(), first.handler()));
        emitter.async_emit({2}, second.handler());
        drive(io);
        signal.emit(type);
        drive(io);
        ASSERT_TRUE(first.done());
        EXPECT_EQ(first.error(), asio::error::operation_aborted);
        EXPECT_EQ(first.value().delivered, 0U);
        EXPECT_EQ(numbers(subscription).size(), 1U);
        drive(io);
        EXPECT_TRUE(second.done()) << "the turn is passed on";
    }
}

TEST_F(Waiting, CancelledWithItsTurnPassesItOn) {
    asio::cancellation_signal signal;
    Completion<event::EmitResult> first;
    Completion<event::EmitResult> second;
    emitter.async_emit({1}, asio::bind_cancellation_slot(signal.slot(), first.handler()));
    emitter.async_emit({2}, second.handler());
    EXPECT_EQ(numbers(subscription), (std::vector{0}));
    signal.emit(asio::cancellation_type::total);
    drive(io);
    EXPECT_EQ(first.error(), asio::error::operation_aborted);
    EXPECT_TRUE(second.done());
    EXPECT_EQ(numbers(subscription), (std::vector{2}));
}

TEST_F(Waiting, EndsWithItsEmitterItsBusOrItsSubscriber) {
    auto short_lived = bus.emitter<Number>();
    Completion<event::EmitResult> of_closed_emitter;
    Completion<event::EmitResult> later;
    Completion<event::EmitResult> last;
    short_lived.async_emit({1}, of_closed_emitter.handler());
    emitter.async_emit({2}, later.handler());
    short_lived.close();
    drive(io);
    EXPECT_EQ(of_closed_emitter.error(), event::errc::closed);
    EXPECT_TRUE(later.pending());

    auto other = bus.subscribe<Number>();
    subscription.close();
    drive(io);
    ASSERT_TRUE(later.done()) << "nobody has to be waited for any more";
    EXPECT_EQ(later.value().delivered, 1U);

    subscription = bus.subscribe<Number>({.capacity = 1, .on_full = event::Wait{}});
    emitter.emit({3});
    emitter.async_emit({4}, last.handler());
    bus.close();
    drive(io);
    EXPECT_EQ(last.error(), event::errc::closed);
}

TEST_F(Waiting, TwoTypesOfOneQueueTakeTurns) {
    auto letters = bus.emitter<Letter>();
    auto both = bus.subscribe<Number, Letter>({.capacity = 1, .on_full = event::Wait{}});
    subscription.close();
    emitter.emit({0});
    std::vector<Completion<event::EmitResult>> emits(6);
    for (std::size_t i = 0; i < 6; i += 2) {
        emitter.async_emit({static_cast<int>(i)}, emits[i].handler());
        letters.async_emit({'x'}, emits[i + 1].handler());
    }
    std::string order;
    for (int i = 0; i < 7; ++i) {
        auto delivery = both.try_receive();
        ASSERT_TRUE(delivery);
        order += delivery->index() == 0 ? 'N' : 'L';
        drive(io);
    }
    EXPECT_EQ(order, "NNLNLNL");
}

TEST_F(Waiting, NobodyIsSkippedBecauseDomainsMergedMeanwhile) {
    subscription.close();
    auto letters = bus.emitter<Letter>();
    auto blocks_numbers = bus.subscribe<Number>({.capacity = 1, .on_full = event::Wait{}});
    auto blocks_letters = bus.subscribe<Letter>({.capacity = 1, .on_full = event::Wait{}});
    emitter.emit({0});
    letters.emit({'a'});
    Completion<event::EmitResult> number;
    Completion<event::EmitResult> letter;
    emitter.async_emit({1}, number.handler());  // both are the first to wait in their own domain
    letters.async_emit({'b'}, letter.handler());
    auto both = bus.subscribe<Number, Letter, Text>({.capacity = 1, .on_full = event::Wait{}});
    bus.emitter<Text>().emplace("full");
    EXPECT_TRUE(blocks_letters.try_receive());
    drive(io);
    EXPECT_TRUE(letter.pending());
    EXPECT_TRUE(both.try_receive());  // room for the letter; the number is still blocked elsewhere
    drive(io);
    EXPECT_TRUE(letter.done());
    EXPECT_TRUE(number.pending());
}

TEST_F(Waiting, TakesAHandlerThatIsAnLvalue) {
    Completion<event::EmitResult> completion;
    const auto handler = completion.handler();
    emitter.async_emit({1}, handler);
    Completion<event::Delivery<Number>> received;
    auto other = bus.subscribe<Number>();
    auto receiver = received.handler();
    other.async_receive(receiver);
    EXPECT_TRUE(subscription.try_receive());
    drive(io);
    EXPECT_TRUE(completion.done());
    EXPECT_EQ(received.value()->value, 1);
    other.async_receive(receiver);  // it was copied, not moved from
    other.close();
    drive(io);
    EXPECT_EQ(received.error(), event::errc::closed);
}

TEST_F(Waiting, HoldsItsEventUntilItIsDestroyed) {
    Counted::alive = 0;
    {
        auto texts = bus.emitter<Counted>();
        auto full = bus.subscribe<Counted>({.capacity = 1, .on_full = event::Wait{}});
        texts.emplace(1);
        Completion<event::EmitResult> completion;
        texts.async_emplace(completion.handler(), 2);
        EXPECT_EQ(Counted::alive, 2);
        texts.close();
        drive(io);
        EXPECT_EQ(completion.error(), event::errc::closed);
        EXPECT_EQ(Counted::alive, 1);
    }
    EXPECT_EQ(Counted::alive, 0);
}

CO_TEST(EmitterCoroutine, AwaitsRoom) {
    event::EventBus bus{io};
    auto emitter = bus.emitter<Text>();
    auto subscription = bus.subscribe<Text>({.capacity = 1, .on_full = event::Wait{}});
    Text event{"named, so that GCC 12 destroys it once"};
    const event::EmitResult first = co_await emitter.async_emplace(asio::use_awaitable, std::move(event));
    EXPECT_EQ(first.delivered, 1U);
    asio::post(io, [&] { EXPECT_TRUE(subscription.try_receive()); });
    const event::EmitResult second = co_await emitter.async_emplace(asio::use_awaitable, "built inside");
    EXPECT_EQ(second.delivered, 1U);
}

TEST(EmitterAsync, AnEventMayBeLargerThanTheStack) {
    struct Large {
        std::array<char, std::size_t{16} << 20> bytes{};
    };
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Large>();
    auto subscription = bus.subscribe<Large>({.on_full = event::Wait{}});
    const auto large = std::make_unique<Large>();
    std::array<Completion<event::EmitResult>, 3> completions;
    emitter.async_emit(*large, completions[0].handler());
    emitter.async_emit(std::move(*large), completions[1].handler());
    emitter.async_emplace(completions[2].handler());
    emitter.emit(*large);
    emitter.emit(std::move(*large));
    emitter.emplace();
    drive(io);
    for (auto& completion : completions) EXPECT_EQ(completion.value().delivered, 1U);
    EXPECT_EQ(take_all(subscription).size(), 6U);
}

TEST(EmitterAsync, ACallbackThatThrowsAtOnceComesOutOfRunToo) {
    asio::io_context io;
    event::EventBus bus{io};
    struct Trouble {};
    auto emitter = bus.emitter<Number>();
    auto complains = bus.subscribe<Number>(
        {.capacity = 1, .on_full = event::Notify{[](const event::SlowSubscriber&) { throw Trouble{}; }}});
    emitter.emit({1});
    Completion<event::EmitResult> completion;
    EXPECT_NO_THROW(emitter.async_emit({2}, completion.handler()));
    EXPECT_THROW(drive(io), Trouble);
    drive(io);
    EXPECT_EQ(completion.value().refused, 1U) << "the operation completes";
}

TEST(EmitterAsync, ACallbackThatThrowsLaterComesOutOfRun) {
    asio::io_context io;
    event::EventBus bus{io};
    struct Trouble {};
    auto emitter = bus.emitter<Number>();
    auto waits = bus.subscribe<Number>({.capacity = 1, .on_full = event::Wait{}});
    auto complains = bus.subscribe<Number>(
        {.capacity = 1, .on_full = event::Notify{[](const event::SlowSubscriber&) { throw Trouble{}; }}});
    emitter.emit({1});
    Completion<event::EmitResult> completion;
    emitter.async_emit({2}, completion.handler());
    EXPECT_TRUE(waits.try_receive());
    EXPECT_THROW(drive(io), Trouble);
    drive(io);
    EXPECT_TRUE(completion.done());
    EXPECT_EQ(completion.value().refused, 1U);
}

}  // namespace emitter_test
