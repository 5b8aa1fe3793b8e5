/// Filters: they may read any value, close anything, and what is refused to them leaves nothing behind.

#include "../stress/scale.hpp"
#include "../support.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <barrier>
#include <stdexcept>
#include <thread>

namespace filters_mended_test {

using namespace support;

struct Base {
    int base = 0;
};
/// A setting that a filter reads: small, large, and one with a behaviour.
struct Limit {
    int value = 0;
};
struct Rules {
    std::string text;
    std::vector<int> values;
};
struct Mode : Base {
    using event_interfaces = event::Interfaces<Base>;
    int value = 0;
};

void ignore(const event::SlowSubscriber&) {}

// ---- D4: a filter reads a value -------------------------------------------------------------------------------------

/// What makes domains one, in the ways that there are.
enum class Merging { nothing, wildcard_before, wildcard_later, several_types, retention, behaviour };

class AFilterThatReadsAValue : public testing::TestWithParam<Merging> {
protected:
    AFilterThatReadsAValue() {
        if (GetParam() == Merging::wildcard_before) all_.emplace(bus_.subscribe<event::AnyEvent>(drop_));
    }
    void merge() {
        switch (GetParam()) {
            case Merging::nothing:
            case Merging::wildcard_before:
                break;
            case Merging::wildcard_later:
                all_.emplace(bus_.subscribe<event::AnyEvent>(drop_));
                break;
            case Merging::several_types:
                several_.emplace(bus_.subscribe<Number, Limit, Rules, Mode>(drop_));
                break;
            case Merging::retention:
                retained_.emplace(bus_.emitter<Number>({.retain = true}));
                break;
            case Merging::behaviour:
                behaviour_.emplace(bus_.subscribe<Number, event::Implements<Base>>(drop_));
                break;
        }
    }

    const event::SubscriptionOptions drop_{.capacity = 1, .on_full = event::DropOldest{}};
    asio::io_context io_;
    event::EventBus bus_{io_};
    event::Emitter<Number> emitter_ = bus_.emitter<Number>();
    std::optional<event::Subscription<event::AnyEvent>> all_;
    std::optional<event::Subscription<Number, Limit, Rules, Mode>> several_;
    std::optional<event::Emitter<Number>> retained_;
    std::optional<event::Subscription<Number, event::Implements<Base>>> behaviour_;
};

TEST_P(AFilterThatReadsAValue, OfItsBusGetsTheNewest) {
    // D4
    auto limit = bus_.value<Limit>();
    limit.set({10});
    const auto filtered = bus_.subscribe<Number>(drop_, event::where([view = limit.view()](const Number& number) {
                                                     return number.value < (*view.try_get())->value;
                                                 }));
    EXPECT_EQ(emitter_.emit({9}).rejected, 0U);
    merge();
    EXPECT_EQ(emitter_.emit({9}).rejected, 0U);
    EXPECT_EQ(emitter_.emit({10}).rejected, 1U);
    limit.set({11});
    EXPECT_EQ(emitter_.emit({10}).rejected, 0U);
    EXPECT_EQ(emitter_.emit_all(std::vector<Number>{{10}, {11}, {12}}).rejected, 2U);
}

TEST_P(AFilterThatReadsAValue, ByItsHandleGetsTheNewestOfALargeOne) {
    // D4: shared, not copied
    auto rules = bus_.value<Rules>();
    rules.set({"odd", {1, 3, 5}});
    const auto filtered =
        bus_.subscribe<Number>(drop_, event::where([&rules](const Number& number) {
                                   const auto now = rules.try_get();
                                   return std::count((*now)->values.begin(), (*now)->values.end(), number.value) != 0;
                               }));
    merge();
    EXPECT_EQ(emitter_.emit({3}).rejected, 0U);
    EXPECT_EQ(emitter_.emit({2}).rejected, 1U);
    rules.set({"even", {2, 4}});
    EXPECT_EQ(emitter_.emit({2}).rejected, 0U);
    EXPECT_EQ(emitter_.emit({3}).rejected, 1U);
}

TEST_P(AFilterThatReadsAValue, OfItsOwnTopicGetsOneThatIsNotOlder) {
    // D4: while that is being set
    auto mode = bus_.value<Mode>();
    mode.set({{}, 1});
    std::vector<int> seen;
    const auto filtered = bus_.subscribe<Mode>(drop_, event::where([&, view = mode.view()](const Mode&) {
                                                   seen.push_back((*view.try_get())->value);
                                                   return true;
                                               }));
    seen.clear();
    merge();
    for (int i = 2; i < 6; ++i) mode.set({{}, i});
    bus_.emitter<Mode>().emit({{}, 6});
    ASSERT_EQ(seen.size(), 5U);
    for (int i = 0; i < 5; ++i) {
        EXPECT_GE(seen[static_cast<std::size_t>(i)], i + 1) << "set before this emit began";
        EXPECT_LE(seen[static_cast<std::size_t>(i)], i + 2);
    }
}

TEST_P(AFilterThatReadsAValue, ByAnAsyncEmitAndWhenSubscribingGetsTheNewest) {
    // D4: also of what is replayed
    auto limit = bus_.value<Limit>();
    limit.set({10});
    merge();
    auto kept = bus_.emitter<Number>({.retain = true});
    kept.emit({5});
    const auto below =
        event::where([view = limit.view()](const Number& number) { return number.value < (*view.try_get())->value; });
    auto filtered = bus_.subscribe<Number>({.capacity = 4, .on_full = event::Wait{}}, below);
    EXPECT_EQ(filtered.stat().size, 1U);
    Completion<event::EmitResult> emit;
    emitter_.async_emit(Number{11}, emit.handler());
    drive(io_);
    ASSERT_TRUE(emit.done());
    EXPECT_EQ(emit.value().rejected, 1U);
}

TEST_P(AFilterThatReadsAValue, OfTheCountsGetsTheNewest) {
    // D4: these are latest values, too
    const auto emitters = bus_.emitter_count<Number>(), subscribers = bus_.subscriber_count<Number>();
    std::size_t emitting = 0, subscribed = 0;
    const auto filtered = bus_.subscribe<Number>(drop_, event::where([&](const Number&) {
                                                     emitting = **emitters.try_get();
                                                     subscribed = **subscribers.try_get();
                                                     return true;
                                                 }));
    merge();
    emitter_.emit({1});
    EXPECT_EQ(emitting, bus_.stat<Number>().emitters);
    EXPECT_EQ(subscribed, bus_.stat<Number>().subscribers);
}

TEST_P(AFilterThatReadsAValue, BesideThreadsThatSetItGetsOneThatIsNotOlder) {
    // D4: whoever sets it meanwhile
    auto limit = bus_.value<Limit>();
    limit.set({0});
    std::atomic<int> was_set{0};
    std::atomic<bool> stop{false};
    int looks = 0;
    bool is_old = false;
    const auto filtered = bus_.subscribe<Number>(drop_, event::where([&, view = limit.view()](const Number& number) {
                                                     ++looks;
                                                     is_old |= (*view.try_get())->value < number.value;
                                                     return true;
                                                 }));
    merge();
    std::thread setter([&] {
        for (int i = 1; !stop; ++i) {
            limit.set({i});
            was_set = i;
        }
    });
    for (int i = 0; i < stress::rounds(5'000); ++i) emitter_.emit({was_set});
    stop = true;
    setter.join();
    EXPECT_GE(looks, stress::rounds(5'000));
    EXPECT_FALSE(is_old);
}

constexpr const char* merging_names[] = {"Alone",         "BesideAWildcard", "BeforeAWildcard", "BesideSeveralTypes",
                                         "WhereRetained", "BesideABehaviour"};
INSTANTIATE_TEST_SUITE_P(Mended, AFilterThatReadsAValue,
                         testing::Values(Merging::nothing, Merging::wildcard_before, Merging::wildcard_later,
                                         Merging::several_types, Merging::retention, Merging::behaviour),
                         [](const auto& tested) { return merging_names[static_cast<std::size_t>(tested.param)]; });

/// Filters of two buses that read a value of each other's bus, both at once, on two threads.
template <class Read>
void filters_read_crosswise(bool with_wildcards, Read read) {
    asio::io_context io;
    event::EventBus one{io}, two{io};
    auto first = one.value<Limit>(), second = two.value<Limit>();
    first.set({1});
    second.set({2});
    std::barrier both(2);
    std::array<std::atomic<int>, 2> seen{};
    const auto reads = [&](std::size_t i, event::Value<Limit>& value) {
        return event::where([&, i, calls = 0](const Number&) mutable {
            if (++calls != 1) return true;
            both.arrive_and_wait();
            seen[i] = read(value);
            both.arrive_and_wait();
            return true;
        });
    };
    const event::SubscriptionOptions drop{.capacity = 1, .on_full = event::DropOldest{}};
    const auto left = one.subscribe<Number>(drop, reads(0, second));
    const auto right = two.subscribe<Number>(drop, reads(1, first));
    std::optional<event::Subscription<event::AnyEvent>> all_of_one, all_of_two;
    if (with_wildcards) {
        all_of_one.emplace(one.subscribe<event::AnyEvent>(drop));
        all_of_two.emplace(two.subscribe<event::AnyEvent>(drop));
    }
    std::thread other([&, emitter = one.emitter<Number>()] { emitter.emit({1}); });
    two.emitter<Number>().emit({1});
    other.join();
    EXPECT_EQ(seen[0], 2);
    EXPECT_EQ(seen[1], 1);
}

TEST(FiltersThatReadEachOthersBus, GetTheNewest) {
    // D4
    filters_read_crosswise(false, [](event::Value<Limit>& value) { return (*value.try_get())->value; });
}

TEST(FiltersThatReadEachOthersBus, GetTheNewestWhereWildcardsMergedEverything) {
    // D4: each reads under the lock that the other's filter runs under
    filters_read_crosswise(true, [](event::Value<Limit>& value) { return (*value.try_get())->value; });
}

TEST(FiltersThatReadEachOthersBus, GetTheNewestThroughViews) {
    // D4
    filters_read_crosswise(true, [](event::Value<Limit>& value) { return (*value.view().try_get())->value; });
}

TEST(FiltersThatReadEachOthersBus, OfTheirOwnTopicsGetOneThatIsNotOlder) {
    // D4: each is in the middle of setting what the other reads
    asio::io_context io;
    event::EventBus one{io}, two{io};
    auto first = one.value<Limit>(), second = two.value<Limit>();
    first.set({1});
    second.set({1});
    std::barrier both(2);
    std::array<std::atomic<int>, 2> seen{};
    const auto reads = [&](std::size_t i, const event::ValueView<Limit>& view) {
        return event::where([&, i, view](const Limit& limit) {
            if (limit.value != 2) return true;
            both.arrive_and_wait();
            seen[i] = (*view.try_get())->value;
            both.arrive_and_wait();
            return true;
        });
    };
    const event::SubscriptionOptions drop{.capacity = 1, .on_full = event::DropOldest{}};
    const auto left = one.subscribe<Limit>(drop, reads(0, second.view()));
    const auto right = two.subscribe<Limit>(drop, reads(1, first.view()));
    std::thread other([&] { first.set({2}); });
    second.set({2});
    other.join();
    EXPECT_GE(seen[0], 1);
    EXPECT_GE(seen[1], 1);
}

TEST(AKeyThatReadsAValue, GetsTheNewest) {
    // D4: what latest_by runs, too: here the key is the same as long as the value is
    asio::io_context io;
    event::EventBus bus{io};
    auto limit = bus.value<Limit>();
    limit.set({10});
    auto merged = bus.subscribe<Number>(
        {.capacity = 4},
        event::latest_by([](const Number& number) { return number.value % 2; },
                         [view = limit.view()](const Number& queued, const Number& newer) {
                             return Number{std::min(queued.value + newer.value, (*view.try_get())->value)};
                         }));
    auto all = bus.subscribe<event::AnyEvent>({.on_full = event::Drop{}});
    auto emitter = bus.emitter<Number>();
    emitter.emit({8});
    emitter.emit({8});
    EXPECT_EQ(numbers(merged), std::vector{10});
}

// ---- F27: a filter closes -------------------------------------------------------------------------------------------

/// Filters that close something the first time that they are called.
class AFilterThatCloses : public testing::Test {
protected:
    template <class F>
    auto once(F close, bool accepts = true) {
        return event::where([this, close, accepts](const Number&) {
            if (!std::exchange(called_, true)) close();
            return accepts;
        });
    }
    /// Nobody hears the next one but so many.
    void expect_subscribers(std::size_t count) {
        EXPECT_EQ(emitter_.emit({9}).subscribers, count);
        EXPECT_EQ(bus_.stat<Number>().subscribers, count);
    }

    bool called_ = false;
    asio::io_context io_;
    event::EventBus bus_{io_, {.on_slow_subscriber = ignore}};
    event::Emitter<Number> emitter_ = bus_.emitter<Number>();
    std::optional<event::Subscription<Number>> own_, other_;
};

TEST_F(AFilterThatCloses, ItsOwnSubscriptionEndsItWhenTheEmitIsDone) {
    // F27
    for (const bool accepts : {true, false}) {
        called_ = false;
        own_.emplace(bus_.subscribe<Number>({}, once([&] { own_->close(); }, accepts)));
        Completion<bool> end;
        Completion<event::Delivery<Number>> receive;
        own_->async_closed(end.handler());
        own_->async_receive(receive.handler());
        emitter_.emit({1});
        EXPECT_TRUE(called_);
        EXPECT_FALSE(own_->try_receive());
        drive(io_);
        EXPECT_EQ(end.error(), event::errc::closed);
        EXPECT_EQ(receive.error(), event::errc::closed);
        expect_subscribers(0);
    }
}

TEST_F(AFilterThatCloses, ItsOwnSubscriptionDuringABatchHearsNoMoreThanTheBatch) {
    // F27: it ends when the emit is done
    own_.emplace(bus_.subscribe<Number>({}, once([&] { own_->close(); })));
    emitter_.emit_all(std::vector<Number>{{1}, {2}, {3}});
    EXPECT_FALSE(own_->try_receive());
    expect_subscribers(0);
}

TEST_F(AFilterThatCloses, ItsOwnPushSubscriptionIsNotCalledAnyMore) {
    // F27
    int calls = 0;
    own_.emplace(bus_.subscribe<Number>({}, [&](const Number&) { ++calls; }, once([&] { own_->close(); })));
    drive(io_);
    emitter_.emit({1});
    drive(io_);
    EXPECT_EQ(calls, 0);
    expect_subscribers(0);
}

TEST_F(AFilterThatCloses, ByDestroyingItsOwnSubscriptionLivesUntilTheEmitIsDone) {
    // F27: what the filter holds is still there
    auto resource = std::make_shared<int>(1);
    std::weak_ptr<int> seen = resource;
    bool was_alive = false;
    own_.emplace(bus_.subscribe<Number>({}, event::where([&, held = std::move(resource)](const Number&) {
                                            own_.reset();
                                            was_alive = !seen.expired() && *held == 1;
                                            return true;
                                        })));
    emitter_.emit({1});
    EXPECT_TRUE(was_alive);
    EXPECT_TRUE(seen.expired());
    expect_subscribers(0);
}

TEST_F(AFilterThatCloses, ItsBusEndsItWhenTheEmitIsDone) {
    // F27
    for (const bool accepts : {true, false}) {
        event::EventBus bus(io_);
        const auto emitter = bus.emitter<Number>();
        auto subscription = bus.subscribe<Number>({}, event::where([&](const Number& number) {
                                                      if (number.value == 1) bus.close();
                                                      return accepts;
                                                  }));
        Completion<bool> end;
        subscription.async_closed(end.handler());
        emitter.emit({0});
        EXPECT_EQ(emitter.emit({1}).delivered, accepts ? 1U : 0U);
        EXPECT_EQ(emitter.emit({2}).error, event::errc::closed);
        while (subscription.try_receive()) {
        }
        drive(io_);
        EXPECT_EQ(end.error(), event::errc::closed);
    }
}

TEST_F(AFilterThatCloses, AnotherSubscriptionEndsItWhetherItComesBeforeOrAfter) {
    // F27: of the same topic
    for (const bool other_is_first : {true, false}) {
        called_ = false;
        const auto filter = once([&] { other_->close(); });
        if (other_is_first) other_.emplace(bus_.subscribe<Number>());
        own_.emplace(bus_.subscribe<Number>({}, filter));
        if (!other_is_first) other_.emplace(bus_.subscribe<Number>());
        emitter_.emit({1});
        EXPECT_TRUE(own_->try_receive()) << other_is_first;
        EXPECT_FALSE(other_->try_receive()) << other_is_first;
        expect_subscribers(1);
    }
}

TEST_F(AFilterThatCloses, ASubscriptionOfAnotherTopicAndAWildcardEndsThem) {
    // F27
    auto text = bus_.subscribe<Text>();
    auto all = bus_.subscribe<event::AnyEvent>();
    auto drained = bus_.subscribe<Letter>();
    bus_.emitter<Letter>().emit({'a'});
    own_.emplace(bus_.subscribe<Number>({}, once([&] {
                                            text.close();
                                            all.close();
                                            drained.close_after_drain();
                                        })));
    emitter_.emit({1});
    EXPECT_FALSE(all.try_receive());
    EXPECT_EQ(bus_.stat<Text>().subscribers, 0U);
    EXPECT_TRUE(drained.try_receive());
    EXPECT_EQ(bus_.stat<Letter>().subscribers, 0U);
    expect_subscribers(1);
}

TEST_F(AFilterThatCloses, TheEmitterLetsTheEmitEnd) {
    // F27
    own_.emplace(bus_.subscribe<Number>({}, once([&] { emitter_.close(); })));
    EXPECT_EQ(emitter_.emit({1}).delivered, 1U);
    EXPECT_FALSE(emitter_.is_open());
    EXPECT_EQ(emitter_.emit({2}).error, event::errc::closed);
    EXPECT_EQ(bus_.stat<Number>().emitters, 0U);
    EXPECT_TRUE(own_->try_receive());
}

TEST_F(AFilterThatCloses, AnEmitterWhoseEmitWaitsEndsThat) {
    // F27
    auto queue = bus_.subscribe<Text>({.capacity = 1, .on_full = event::Wait{}});
    auto texts = bus_.emitter<Text>();
    texts.emplace("full");
    Completion<event::EmitResult> waiting;
    texts.async_emplace(waiting.handler(), "waits");
    auto all = bus_.subscribe<event::AnyEvent>({.on_full = event::Drop{}});  // one domain of all
    own_.emplace(bus_.subscribe<Number>({}, once([&] { texts.close(); })));
    emitter_.emit({1});
    drive(io_);
    EXPECT_EQ(waiting.error(), event::errc::closed);
}

TEST_F(AFilterThatCloses, AWatcherEndsItsGet) {
    // F27: of its topic, of another, and of a value by itself
    auto same = bus_.watch<Number>();
    auto another = bus_.watch<Text>();
    event::Value<int> alone{io_};
    auto third = alone.watch();
    Completion<event::Snapshot<Number>> of_same;
    Completion<event::Snapshot<Text>> of_another;
    Completion<event::Snapshot<int>> of_third;
    same.async_get(of_same.handler());
    another.async_get(of_another.handler());
    third.async_get(of_third.handler());
    own_.emplace(bus_.subscribe<Number>({}, once([&] {
                                            same.close();
                                            another.close();
                                            third.cancel();
                                        })));
    emitter_.emit({1});
    drive(io_);
    EXPECT_EQ(of_same.error(), event::errc::closed);
    EXPECT_EQ(of_another.error(), event::errc::closed);
    EXPECT_EQ(of_third.error(), asio::error::operation_aborted);
}

TEST_F(AFilterThatCloses, AValueClosesThatHandle) {
    // F27: of its topic, of another, and by itself
    std::optional<event::Value<Number>> same(bus_.value<Number>());
    auto another = bus_.value<Text>();
    event::Value<int> alone{io_, 1};
    auto watcher = alone.watch();
    own_.emplace(bus_.subscribe<Number>({}, once([&] {
                                            same.reset();
                                            another.close();
                                            alone.close();
                                        })));
    emitter_.emit({1});
    EXPECT_EQ(bus_.stat<Number>().emitters, 1U);
    EXPECT_EQ(bus_.stat<Text>().emitters, 0U);
    EXPECT_TRUE(watcher.try_get());
    Completion<event::Snapshot<int>> get;
    watcher.async_get(get.handler());
    drive(io_);
    EXPECT_EQ(get.error(), event::errc::closed);
}

TEST_F(AFilterThatCloses, TheValueThatIsBeingSetLetsThatEnd) {
    // F27
    auto value = bus_.value<Number>();
    own_.emplace(bus_.subscribe<Number>({}, once([&] { value.close(); })));
    value.set({1});
    value.set({2});
    EXPECT_EQ(numbers(*own_), std::vector{1});
}

TEST_F(AFilterThatCloses, OnAnAsyncEmitEndsItWhenThatIsDone) {
    // F27
    own_.emplace(bus_.subscribe<Number>({.on_full = event::Wait{}}, once([&] { own_->close(); })));
    Completion<event::EmitResult> emit;
    emitter_.async_emit(Number{1}, emit.handler());
    drive(io_);
    EXPECT_TRUE(emit.done());
    EXPECT_FALSE(own_->try_receive());
    expect_subscribers(0);
}

TEST_F(AFilterThatCloses, ItsOwnSubscriptionToEverythingOrABehaviourEndsIt) {
    // F27: the shared form
    std::optional<event::Subscription<event::AnyEvent>> all;
    std::optional<event::Subscription<event::Implements<Base>>> behaviour;
    all.emplace(bus_.subscribe<event::AnyEvent>({}, event::where([&](const event::AnyEvent&) {
                                                    all->close();
                                                    return true;
                                                })));
    behaviour.emplace(bus_.subscribe<event::Implements<Base>>({}, event::where([&](const Base&) {
                                                                  behaviour->close();
                                                                  return true;
                                                              })));
    auto modes = bus_.emitter<Mode>();
    modes.emit({{}, 1});
    EXPECT_FALSE(all->try_receive());
    EXPECT_FALSE(behaviour->try_receive());
    EXPECT_EQ(modes.emit({{}, 2}).subscribers, 0U);
}

TEST_F(AFilterThatCloses, ItsOwnSubscriptionAndThrowsEndsItAndThrows) {
    // F27: the exception reaches the emitter's caller
    own_.emplace(bus_.subscribe<Number>({}, event::where([&](const Number&) -> bool {
                                            own_->close();
                                            throw std::runtime_error("closed");
                                        })));
    EXPECT_THROW(emitter_.emit({1}), std::runtime_error);
    expect_subscribers(0);
}

TEST_F(AFilterThatCloses, SubscriptionsOfAnotherBusEndsThem) {
    // F27: and leaves that bus alone otherwise
    event::EventBus another{io_};
    auto there = another.subscribe<Number>();
    auto emitter = another.emitter<Number>();
    own_.emplace(bus_.subscribe<Number>({}, once([&] { there.close(); })));
    emitter_.emit({1});
    EXPECT_EQ(emitter.emit({1}).subscribers, 0U);
}

TEST_F(AFilterThatCloses, EachOthersSubscriptionsOnTwoBusesEndsBoth) {
    // F27, D3: at once, on two threads
    event::EventBus another{io_};
    std::barrier both(2);
    std::optional<event::Subscription<Number>> here, there;
    const auto closes = [&](std::optional<event::Subscription<Number>>& which) {
        return event::where([&](const Number&) {
            both.arrive_and_wait();
            which->close();
            both.arrive_and_wait();
            return true;
        });
    };
    here.emplace(bus_.subscribe<Number>({}, closes(there)));
    there.emplace(another.subscribe<Number>({}, closes(here)));
    const auto emitter = another.emitter<Number>();
    std::thread other([&] { emitter.emit({1}); });
    emitter_.emit({1});
    other.join();
    EXPECT_FALSE(here->try_receive());
    EXPECT_FALSE(there->try_receive());
    expect_subscribers(0);
    EXPECT_EQ(emitter.emit({1}).subscribers, 0U);
}

// ---- D20: an emit that is refused to a filter -----------------------------------------------------------------------

/// Counts its instances; large, so always shared.
struct Counted : Base {
    using event_interfaces = event::Interfaces<Base>;
    inline static std::atomic<long> alive{0};
    explicit Counted(int number) : value(number) { ++alive; }
    Counted(const Counted& other) : Base(other), value(other.value) { ++alive; }
    Counted& operator=(const Counted&) = default;
    ~Counted() { --alive; }
    int value;
};

/// Long enough to be met by another thread.
void be_busy(int rounds) {
    volatile int busy = 0;
    for (int i = 0; i < rounds; ++i) busy = busy + i;
}

/// A filter of one bus emits on another while that one's filter runs on another thread, until it was refused often.
template <class Emit>
void filters_are_refused(Emit emit) {
    const long before = Counted::alive;
    std::atomic<long> refused{0};
    {
        asio::io_context io;
        event::EventBus one{io}, two{io};
        const event::SubscriptionOptions drop{.capacity = 1, .on_full = event::DropOldest{}};
        const auto emitter = two.emitter<Counted>();
        const auto all = two.subscribe<event::AnyEvent>(drop);
        const auto behaviour = two.subscribe<event::Implements<Base>>(drop);
        const auto filtered = two.subscribe<Counted>(drop, event::where([](const Counted& counted) {
                                                         be_busy(20 + counted.value % 2);
                                                         return true;
                                                     }));
        const auto reentrant = one.subscribe<Number>(drop, event::where([&](const Number& number) {
                                                         try {
                                                             emit(two, emitter, number.value);
                                                         } catch (const boost::system::system_error&) {
                                                             ++refused;
                                                         }
                                                         return true;
                                                     }));
        std::atomic<bool> stop{false};
        std::thread other([&] {
            while (!stop) {
                emitter.emplace(0);
                be_busy(60);
            }
        });
        const auto numbers_of_one = one.emitter<Number>();
        for (int i = 0; i < stress::rounds(3'000); ++i) numbers_of_one.emit({i});
        stop = true;
        other.join();
    }
    EXPECT_EQ(Counted::alive, before) << "of " << refused << " that were refused";
}

TEST(AnEmitThatIsRefusedToAFilter, LeaksNothing) {
    // D20: built in place
    filters_are_refused([](event::EventBus&, const auto& emitter, int i) { emitter.emplace(i); });
}

TEST(AnEmitThatIsRefusedToAFilter, LeaksNothingWhereItWasCopiedOrMoved) {
    // D20
    filters_are_refused([](event::EventBus&, const auto& emitter, int i) {
        const Counted counted(i);
        if (i % 2 == 0)
            emitter.emit(counted);
        else
            emitter.emit(Counted(i));
    });
}

TEST(AnEmitThatIsRefusedToAFilter, LeaksNothingOfABatch) {
    // D20
    filters_are_refused([](event::EventBus&, const auto& emitter, int i) {
        const std::vector<Counted> batch(3, Counted(i));
        emitter.emit_all(batch);
    });
}

TEST(AnEmitThatIsRefusedToAFilter, LeaksNothingThatAnyEventHolds) {
    // D20: emitted once more, from a third bus
    asio::io_context io;
    event::AnyEvent any;
    {
        event::EventBus third{io};
        auto all = third.subscribe<event::AnyEvent>();
        third.emitter<Counted>().emplace(1);
        const auto delivery = all.try_receive();
        ASSERT_TRUE(delivery);
        any = **delivery;
    }
    filters_are_refused([&any](event::EventBus& bus, const auto& emitter, int i) {
        if (i % 2 == 0) emitter.emplace(i);
        bus.emit(any);
    });
}

/// The same where each emit is refused for certain: the other filter does not return before.
template <class Emit>
void each_is_refused(Emit emit) {
    constexpr int rounds = 20;
    const long before = Counted::alive;
    int refused = 0;
    {
        asio::io_context io;
        event::EventBus one{io}, two{io};
        const event::SubscriptionOptions drop{.capacity = 1, .on_full = event::DropOldest{}};
        const auto emitter = two.emitter<Counted>();
        const auto all = two.subscribe<event::AnyEvent>(drop);
        std::atomic<bool> runs{false}, may_return{false};
        const auto blocked = two.subscribe<Counted>(drop, event::where([&](const Counted&) {
                                                        runs = true;
                                                        while (!may_return) std::this_thread::yield();
                                                        return true;
                                                    }));
        const auto reentrant =
            one.subscribe<Number>(drop, event::where([&](const Number& number) {
                                      try {
                                          emit(two, emitter, number.value);
                                      } catch (const boost::system::system_error& error) {
                                          if (error.code() == std::errc::resource_deadlock_would_occur) ++refused;
                                      }
                                      return true;
                                  }));
        const auto numbers_of_one = one.emitter<Number>();
        for (int i = 0; i < rounds; ++i) {
            runs = may_return = false;
            std::thread other([&] { emitter.emplace(0); });
            while (!runs) std::this_thread::yield();
            numbers_of_one.emit({i});
            may_return = true;
            other.join();
        }
    }
    EXPECT_EQ(refused, rounds);
    EXPECT_EQ(Counted::alive, before);
}

TEST(AnEmitThatIsRefusedToAFilter, LeaksNothingWheneverItIsRefused) {
    // D20
    each_is_refused([](event::EventBus&, const auto& emitter, int i) { emitter.emplace(i); });
    each_is_refused([](event::EventBus&, const auto& emitter, int i) { emitter.emit(Counted(i)); });
    each_is_refused(
        [](event::EventBus&, const auto& emitter, int i) { emitter.emit_all(std::vector<Counted>(3, Counted(i))); });
    each_is_refused(
        [](event::EventBus&, const auto& emitter, int i) { emitter.async_emit(Counted(i), asio::detached); });
    each_is_refused([](event::EventBus& bus, const auto&, int i) {
        event::EventBus third(bus.get_executor());
        auto all = third.subscribe<event::AnyEvent>();
        third.emitter<Counted>().emplace(i);
        bus.emit(**all.try_receive());
    });
}

}  // namespace filters_mended_test
