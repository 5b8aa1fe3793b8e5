#include "support.hpp"

#include <string>
#include <vector>

namespace interface_test {

using namespace support;
using event::Implements;

struct PeerFound {
    int peer = 0;
};
struct Describes {
    virtual ~Describes() = default;
    [[nodiscard]] virtual std::string describe() const = 0;
};
/// Small and trivially copyable: copied into the queues of those who list it.
struct MdnsAnswer : PeerFound {
    using event_interfaces = event::Interfaces<PeerFound>;
    int interface = 0;
};
/// Shared, and two behaviours; PeerFound is not its first base.
struct DhtAnswer : Describes, PeerFound {
    using event_interfaces = event::Interfaces<PeerFound, Describes>;
    explicit DhtAnswer(int found) : PeerFound{found} {}
    [[nodiscard]] std::string describe() const override { return "dht " + std::to_string(peer); }
};
struct Unrelated {
    int peer = 0;
};

std::vector<int> peers(event::Subscription<Implements<PeerFound>>& found) {
    std::vector<int> all;
    for (const auto& delivery : take_all(found)) all.push_back(delivery->peer);
    return all;
}

TEST(Implements, ReceivesWhateverDeclaresTheBehaviour) {
    asio::io_context io;
    event::EventBus bus{io};
    auto early = bus.emitter<MdnsAnswer>();
    auto found = bus.subscribe<Implements<PeerFound>>();
    auto late = bus.emitter<DhtAnswer>();  // a type that first appears now
    early.emit({{1}, 7});
    late.emplace(2);
    bus.emitter<Unrelated>().emit({3});
    early.emit({{4}, 7});
    EXPECT_EQ(peers(found), (std::vector<int>{1, 2, 4}));
    EXPECT_EQ(found.stat().types.front(), "Implements<" + std::string(event::name_of<PeerFound>()) + ">");
}

TEST(Implements, SeesTheEventItself) {
    asio::io_context io;
    event::EventBus bus{io};
    auto described = bus.subscribe<Implements<Describes>>();
    auto typed = bus.subscribe<DhtAnswer>();
    bus.emitter<DhtAnswer>().emplace(5);
    const auto delivery = described.try_receive();
    EXPECT_EQ((*delivery)->describe(), "dht 5");
    EXPECT_EQ(&**delivery, static_cast<const Describes*>(&**typed.try_receive()));
    EXPECT_EQ(delivery->get_if<Implements<Describes>>(), &**delivery);
}

TEST(Implements, ReachesASubscriberOnceForEachThatItAskedFor) {
    asio::io_context io;
    event::EventBus bus{io};
    auto both = bus.subscribe<DhtAnswer, Implements<PeerFound>, Implements<Describes>>();
    auto one = bus.subscribe<Implements<PeerFound>>();
    const event::EmitResult result = bus.emitter<DhtAnswer>().emplace(6);
    EXPECT_EQ(result.subscribers, 4U);
    EXPECT_EQ(result.delivered, 4U);
    const auto all = take_all(both);
    ASSERT_EQ(all.size(), 3U);
    EXPECT_EQ(all[0].get_if<DhtAnswer>()->peer, 6);
    ASSERT_NE(all[1].get_if<Implements<PeerFound>>(), nullptr);
    EXPECT_EQ(all[1].get_if<Implements<PeerFound>>()->peer, 6);
    EXPECT_EQ(all[2].get_if<Implements<Describes>>()->describe(), "dht 6");
    EXPECT_EQ(all[0].sequence(), all[1].sequence());
    EXPECT_EQ(all[0].sequence(), all[2].sequence());
    EXPECT_EQ(peers(one), std::vector<int>{6});
}

TEST(Implements, DiesOnceHoweverManyWaysAnEventReachesIt) {
    asio::io_context io;
    event::EventBus bus{io};
    auto mortal = bus.subscribe<DhtAnswer, Implements<PeerFound>, Implements<Describes>>(
        {.capacity = 1, .on_full = event::Kill{}});
    auto found = bus.subscribe<Implements<PeerFound>>();
    auto emitter = bus.emitter<DhtAnswer>();
    const event::EmitResult result = emitter.emplace(1);
    EXPECT_EQ(result.subscribers, 2U);
    EXPECT_EQ(result.delivered, 1U);
    EXPECT_EQ(result.killed, 1U);
    EXPECT_EQ(emitter.emplace(2).subscribers, 1U);
    EXPECT_EQ(peers(found), (std::vector<int>{1, 2}));
}

TEST(Implements, HasOneTurnHoweverManyWaysAnEventReachesIt) {
    asio::io_context io;
    event::EventBus bus{io};
    auto both = bus.subscribe<Implements<PeerFound>, DhtAnswer, Implements<Describes>>(
        {.capacity = 3, .on_full = event::Wait{}});
    auto emitter = bus.emitter<DhtAnswer>();
    EXPECT_EQ(emitter.emplace(1).delivered, 3U);
    Completion<event::EmitResult> second;
    Completion<event::EmitResult> third;
    emitter.async_emplace<DhtAnswer>(second.handler(), 2);
    emitter.async_emplace<DhtAnswer>(third.handler(), 3);
    drive(io);
    EXPECT_TRUE(second.pending() && third.pending());
    EXPECT_EQ(take_all(both).size(), 3U);
    drive(io);
    EXPECT_EQ(second.value().delivered, 3U);
    EXPECT_TRUE(third.pending());
    EXPECT_EQ(take_all(both).size(), 3U);
    drive(io);
    EXPECT_EQ(third.value().delivered, 3U);
}

TEST(Implements, IsPushedWithMeta) {
    asio::io_context io;
    event::EventBus bus{io};
    std::vector<int> seen;
    auto found = bus.subscribe<Implements<PeerFound>, Unrelated>({}, [&](const auto& event, const event::Meta& meta) {
        seen.push_back(event.peer);
        EXPECT_NE(meta.sequence, 0U);
    });
    bus.emitter<Unrelated>().emit({1});
    bus.emitter<MdnsAnswer>().emit({{2}, 0});
    bus.emitter<DhtAnswer>().emplace(3);
    drive(io);
    EXPECT_EQ(seen, (std::vector<int>{1, 2, 3}));
}

TEST(Implements, FindsWhatIsRetained) {
    asio::io_context io;
    event::EventBus bus{io};
    auto shared = bus.emitter<DhtAnswer>({.retain = true});
    auto small = bus.emitter<MdnsAnswer>({.retain = true});
    small.emit({{1}, 0});
    shared.emplace(2);
    small.emit({{3}, 0});
    auto found = bus.subscribe<Implements<PeerFound>>({.capacity = 1});
    EXPECT_EQ(peers(found), (std::vector<int>{2, 3}));
}

TEST(Implements, CountsAsASubscriberOfTheTypes) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<MdnsAnswer>();
    auto count = bus.subscriber_count<MdnsAnswer>();
    EXPECT_EQ(**count.try_get(), 0U);
    auto found = bus.subscribe<Implements<PeerFound>>();
    EXPECT_EQ(**count.try_get(), 1U);
    EXPECT_EQ(bus.stat<MdnsAnswer>().subscribers, 1U);
    found.close();
    EXPECT_EQ(**count.try_get(), 0U);
}

TEST(Implements, LacksAnEmitterUntilSomeTypeHasOne) {
    asio::io_context io;
    event::EventBus bus{io};
    auto found = bus.subscribe<Implements<PeerFound>>({.require_emitters = true});
    auto orphan = bus.subscribe<Implements<Describes>>({.require_emitters = true});
    EXPECT_EQ(found.missing_emitters().size(), 1U);
    auto emitter = bus.emitter<MdnsAnswer>();
    EXPECT_TRUE(found.missing_emitters().empty());
    bus.start();
    Completion<bool> ready;
    found.async_ready(ready.handler());
    Completion<bool> lacking;
    orphan.async_ready(lacking.handler());
    drive(io);
    EXPECT_FALSE(ready.error());
    EXPECT_EQ(lacking.error(), event::errc::no_emitters);
}

TEST(Implements, AWildcardSeesTheBehaviourToo) {
    asio::io_context io;
    event::EventBus bus{io};
    auto all = bus.subscribe<event::AnyEvent>();
    bus.emitter<DhtAnswer>().emplace(8);
    bus.emitter<Unrelated>().emit({9});
    const auto answer = all.try_receive();
    const auto unrelated = all.try_receive();
    EXPECT_EQ((*answer)->as<PeerFound>()->peer, 8);
    EXPECT_EQ((*unrelated)->as<PeerFound>(), nullptr);
}

}  // namespace interface_test
