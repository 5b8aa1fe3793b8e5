/// Keys are chosen and given up while others emit: what comes is of the key, in order, and complete.

#include "../support.hpp"
#include "scale.hpp"

#include <event/where_key.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <thread>
#include <vector>

namespace where_key_stress_test {

using namespace support;
using event::where_key;

constexpr int rooms = 64;

struct Said {
    int room = 0;
    int number = 0;
};
struct Written {
    std::string room;
    int number = 0;
};

std::string name_of(int room) { return "room " + std::to_string(room); }

class Emitting {
public:
    explicit Emitting(event::EventBus& bus, int threads) {
        for (int t = 0; t < threads; ++t) {
            threads_.emplace_back([this, &bus] {
                const auto emitter = bus.emitter<Said, Written>();
                for (int i = 0; !stops_; ++i) {
                    emitter.emit(Said{i % rooms, i});
                    emitter.emplace<Written>(name_of(i % rooms), i);
                    ++rounds_;
                }
            });
        }
    }
    Emitting(const Emitting&) = delete;
    Emitting& operator=(const Emitting&) = delete;
    ~Emitting() {
        stops_ = true;
        for (std::thread& thread : threads_) thread.join();
    }
    void await_rounds(int more) const {
        for (const int begun = rounds_; rounds_ < begun + more;) std::this_thread::yield();
    }

private:
    std::atomic<bool> stops_{false};
    std::atomic<int> rounds_{0};
    std::vector<std::thread> threads_;
};

TEST(WhereKeyStress, SubscriptionsChooseComeAndGoWhileOthersEmit) {
    asio::io_context io;
    event::EventBus bus{io, {.on_slow_subscriber = [](const event::SlowSubscriber&) {}}};
    std::size_t received = 0;
    const auto take = [&](event::Subscription<Said, Written>& subscription, int room, int other) {
        std::uint64_t last = 0;
        while (const auto delivery = subscription.try_receive()) {
            EXPECT_GT(delivery->sequence(), last);
            last = delivery->sequence();
            delivery->visit([&](const Said& said) { EXPECT_TRUE(said.room == room || said.room == other); },
                            [&](const Written& written) { EXPECT_EQ(written.room, name_of(room)); });
            ++received;
        }
    };
    {
        const Emitting emitting(bus, 2);
        std::deque<event::Subscription<Said, Written>> open;
        const auto policies = std::to_array<event::Backpressure>(
            {event::Drop{}, event::DropOldest{}, event::Kill{}, event::Latest{}, event::Wait{}});
        for (int i = 0; i < stress::rounds(400); ++i) {
            const int room = i * 7 % rooms;
            open.push_back(bus.subscribe<Said, Written>(
                {.capacity = 4, .on_full = policies[static_cast<std::size_t>(i) % policies.size()]},
                where_key(&Said::room, room, (room + 1) % rooms), where_key(&Written::room, name_of(room))));
            if (i % 16 == 0) emitting.await_rounds(4);
            if (open.size() > 100) {
                const int oldest = (i - 100) * 7 % rooms;
                take(open.front(), oldest, (oldest + 1) % rooms);
                open.pop_front();
            }
            if (i % 50 == 0) static_cast<void>(bus.report());
        }
        for (int tries = 0; tries < 1000 && received == 0; ++tries) {
            emitting.await_rounds(rooms);
            for (auto& subscription : open)
                while (subscription.try_receive()) ++received;
        }
    }
    EXPECT_GT(received, 0U);
    EXPECT_EQ(bus.stat<Said>().subscribers, 0U);
    EXPECT_EQ(bus.stat<Written>().subscribers, 0U);
}

TEST(WhereKeyStress, NothingOfAKeyIsLostBetweenThoseOfOthers) {
    asio::io_context io;
    event::EventBus bus{io, {.on_slow_subscriber = [](const event::SlowSubscriber&) {}}};
    const int count = stress::rounds(500);
    constexpr int kept_room = 3;
    auto kept = bus.subscribe<Said>({.capacity = static_cast<std::size_t>(count)}, where_key(&Said::room, kept_room));
    std::atomic<bool> stops{false};
    std::thread others([&] {
        std::deque<event::Subscription<Said>> open;
        for (int i = 0; !stops; ++i) {
            open.push_back(bus.subscribe<Said>(where_key(&Said::room, i % 1000)));
            if (open.size() > 300) open.clear();
        }
    });
    const auto emitter = bus.emitter<Said>();
    for (int i = 0; i < count; ++i) {
        emitter.emit({kept_room, i});
        emitter.emit({kept_room + 1, i});
        if (i % 8 == 0) std::this_thread::yield();
    }
    stops = true;
    others.join();
    for (int i = 0; i < count; ++i) {
        const auto said = kept.try_receive();
        ASSERT_TRUE(said);
        ASSERT_EQ((*said)->number, i);
    }
    EXPECT_FALSE(kept.try_receive());
}

TEST(WhereKeyStress, EmitsThatWaitForTheirKeyGoOnWhileItsSubscriptionsComeAndGo) {
    asio::thread_pool pool(2);
    event::EventBus bus{pool};
    const auto emitter = bus.emitter<Said>();
    const int count = stress::rounds(200);
    std::atomic<int> completed{0};
    for (int i = 0; i < count; ++i) {
        auto room = bus.subscribe<Said>({.capacity = 2, .on_full = event::Wait{}}, where_key(&Said::room, i % 2));
        for (int j = 0; j < 6; ++j)
            emitter.async_emit({j % 3, j}, [&](boost::system::error_code, const event::EmitResult&) { ++completed; });
        if (i % 3 == 0) static_cast<void>(room.try_receive());
    }
    while (completed < 6 * count) std::this_thread::yield();
    bus.close();
    pool.join();
    EXPECT_EQ(completed, 6 * count);
}

}  // namespace where_key_stress_test
