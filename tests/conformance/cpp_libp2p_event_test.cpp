/// What cpp-libp2p's event_bus_test, event_emitter_test and gossip_local_subs_test assert of its bus, for this one. Two
/// channels of one payload type are two types here.

#include "support.hpp"

namespace cpp_libp2p_event_test {

using namespace support;

struct FirstChannel {
    std::string data;
};
struct SecondChannel {
    std::string data;
};

TEST(CppLibp2pEvent, SubscribePublish) {
    asio::io_context io;
    event::EventBus bus{io};
    auto first = bus.emitter<FirstChannel>();
    auto second = bus.emitter<SecondChannel>();
    std::vector<std::string> on_first;
    std::vector<std::string> on_second;
    auto a = bus.subscribe<FirstChannel>({}, [&](const FirstChannel& e) { on_first.push_back(e.data); });
    auto b = bus.subscribe<SecondChannel>({}, [&](const SecondChannel& e) { on_second.push_back(e.data); });
    first.emit({"one"});
    second.emit({"two"});
    drive(io);
    EXPECT_EQ(on_first, (std::vector<std::string>{"one"}));
    EXPECT_EQ(on_second, (std::vector<std::string>{"two"}));
}

TEST(CppLibp2pEvent, EmitEvents) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Number, FirstChannel>();
    int number = 0;
    std::string data;
    struct Handler {
        int& number;
        std::string& data;
        void operator()(const Number& n) const { number = n.value; }
        void operator()(const FirstChannel& e) const { data = e.data; }
    };
    auto subscription = bus.subscribe<Number, FirstChannel>({}, Handler{number, data});
    emitter.emit(Number{5});
    emitter.emit(FirstChannel{"hello"});
    drive(io);
    EXPECT_EQ(number, 5);
    EXPECT_EQ(data, "hello");
}

TEST(CppLibp2pEvent, Unsubscribe) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Number>();
    int calls = 0;
    auto subscription = bus.subscribe<Number>({}, [&](const Number&) { ++calls; });
    emitter.emit({1});
    drive(io);
    subscription.close();
    emitter.emit({2});
    drive(io);
    EXPECT_EQ(calls, 1);
}

struct NonCopyableEvent {
    NonCopyableEvent() = default;
    NonCopyableEvent(NonCopyableEvent&&) = default;
    std::unique_ptr<int> value = std::make_unique<int>(3);
};
struct NonMovableEvent {
    NonMovableEvent() = default;
    NonMovableEvent(const NonMovableEvent&) {}
    NonMovableEvent& operator=(const NonMovableEvent&) = delete;
};
struct NonCopyableOrMovableEvent {
    explicit NonCopyableOrMovableEvent(int v) : value(v) {}
    NonCopyableOrMovableEvent(const NonCopyableOrMovableEvent&) = delete;
    int value;
};

TEST(CppLibp2pEvent, PayloadTypeRequirements) {
    asio::io_context io;
    event::EventBus bus{io};
    auto subscription = bus.subscribe<NonCopyableEvent, NonMovableEvent, NonCopyableOrMovableEvent>();
    auto twin = bus.subscribe<NonCopyableOrMovableEvent>();
    bus.emitter<NonCopyableEvent>().emit(NonCopyableEvent());
    const NonMovableEvent copied;
    bus.emitter<NonMovableEvent>().emit(copied);
    bus.emitter<NonCopyableOrMovableEvent>().emplace(9);
    auto all = take_all(subscription);
    ASSERT_EQ(all.size(), 3U);
    EXPECT_EQ(*all[0].get_if<NonCopyableEvent>()->value, 3);
    EXPECT_EQ(all[2].get_if<NonCopyableOrMovableEvent>()->value, 9);
    EXPECT_EQ((*twin.try_receive())->value, 9);
}

struct TopicA {
    int value = 0;
};
struct TopicB {
    int value = 0;
};
struct TopicC {
    int value = 0;
};

TEST(CppLibp2pEvent, OneSubscription) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<TopicA, TopicB, TopicC>();
    int received = 0;
    std::optional<event::Subscription<TopicA, TopicB>> subscription;
    subscription.emplace(bus.subscribe<TopicA, TopicB>({}, [&](const auto& e) {
        ++received;
        if (e.value == 7) subscription.reset();  // mid-way: exactly 8 of 15
    }));
    for (int i = 0; i < 15; ++i) {
        i % 2 == 0 ? emitter.emit(TopicA{i}) : emitter.emit(TopicB{i});
        emitter.emit(TopicC{i});
    }
    drive(io);
    EXPECT_EQ(received, 8);
}

TEST(CppLibp2pEvent, MultipleSubscriptons) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<TopicA, TopicB, TopicC>();
    int one = 0;
    int two = 0;
    int three = 0;
    auto a = bus.subscribe<TopicA>({}, [&](const auto&) { ++one; });
    auto ab = bus.subscribe<TopicA, TopicB>({}, [&](const auto&) { ++two; });
    auto abc = bus.subscribe<TopicA, TopicB, TopicC>({}, [&](const auto&) { ++three; });
    emitter.emit(TopicA{});
    emitter.emit(TopicB{});
    emitter.emit(TopicC{});
    drive(io);
    EXPECT_EQ(one, 1);
    EXPECT_EQ(two, 2);
    EXPECT_EQ(three, 3);
}

TEST(CppLibp2pEvent, NestedPublishAndCancelIsSafe) {
    // E42: "re-entrancy is allowed" ended in a heap-use-after-free there
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Number>();
    std::vector<event::Subscription<Number>> subscriptions;
    int calls = 0;
    for (int i = 0; i < 4; ++i) {
        subscriptions.push_back(bus.subscribe<Number>({}, [&](const Number& number) {
            ++calls;
            if (number.value == 0) {
                emitter.emit({1});
                subscriptions.clear();
            }
        }));
    }
    emitter.emit({0});
    drive(io);
    EXPECT_EQ(calls, 1);
}

}  // namespace cpp_libp2p_event_test
