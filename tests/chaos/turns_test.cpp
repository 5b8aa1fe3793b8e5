/// Who waits gets its turn. How long that takes is counted in what others do meanwhile, never in time.

#include "chaos/operations.hpp"
#include "chaos/records.hpp"
#include "chaos/rounds.hpp"

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/error_code.hpp>

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <thread>
#include <utility>
#include <vector>

namespace chaos {
namespace {

using boost::system::error_code;

// ---- a registration that merges -------------------------------------------------------------------------------------

/// Emits batches until told to stop.
template <class T>
void emit_batches(event::EventBus& bus, const std::atomic<bool>& stop, std::atomic<std::uint64_t>& emits) {
    const auto emitter = bus.emitter<T>();
    const std::array<T, 256> batch{};
    while (!stop.load(std::memory_order_relaxed)) {
        static_cast<void>(emitter.emit_all(std::span<const T>(batch)));
        emits.fetch_add(1, std::memory_order_relaxed);
    }
}

/// The locks of two topics are nearly never free, and one registration wants both.
void merge_beside_emits(Random&) {
    constexpr std::uint64_t most_emits = 10'000;
    asio::io_context io;
    event::EventBus bus{io};
    const auto small = bus.subscribe<Small>({.on_full = event::Drop{}});
    const auto keyed = bus.subscribe<Keyed>({.on_full = event::Drop{}});
    std::atomic<bool> stop{false};
    std::atomic<std::uint64_t> emits{0};
    Crew crew;
    crew.add("emits small ones", [&](Random&) { emit_batches<Small>(bus, stop, emits); });
    crew.add("emits keyed ones", [&](Random&) { emit_batches<Keyed>(bus, stop, emits); });
    while (emits.load() < 8) std::this_thread::yield();
    std::atomic<bool> has_registered{false};
    const std::uint64_t before = emits.load();
    crew.add("registers", [&](Random&) {
        const auto both = bus.subscribe<Small, Keyed>({.on_full = event::Drop{}});
        has_registered = true;
    });
    while (!has_registered && emits.load() - before < most_emits) std::this_thread::yield();
    EXPECT_TRUE(has_registered) << most_emits << " batches of others passed, and it waits";
    stop = true;
}

TEST(Chaos, WhoMergesIsNotStarved) { run_rounds(&merge_beside_emits); }

// ---- async_emit -----------------------------------------------------------------------------------------------------

/// One queue of two types, and all who wait for it on one context. One event goes in a
/// circle: as soon as it is received it wants the room again that it has left.
class Turns {
public:
    void run(Random& random) {
        asio::io_context asleep;  // nobody who waits there ever takes its turn
        {
            Home home(1);
            event::EventBus bus{home.io(), {.on_slow_subscriber = [](const event::SlowSubscriber&) {}}};
            const auto small = bus.emitter<Small>();
            const auto keyed = bus.emitter<Keyed>();
            auto subscription = bus.subscribe<Small, Keyed>({.capacity = 1, .on_full = event::Wait{}},
                                                            [&](const auto& event) { received(event, keyed); });
            keyed.async_emit(circling, [](error_code, const event::EmitResult&) {});
            {
                Crew crew;
                for (int i = 0; i < 2; ++i)
                    crew.add("waits for its turns", [&](Random&) { take_turns(small, home.io()); });
                crew.add("emits plainly", [&](Random&) {
                    for (int i = 0; i < 50; ++i) static_cast<void>(keyed.emit(Keyed{}));
                });
                if (random.one_in(2)) {
                    crew.add("sleeps through its turns", [&](Random&) {
                        for (int i = 0; i < 5; ++i)
                            small.async_emit(Small{}, asio::bind_executor(asleep, Ends(Kind::emit)));
                    });
                }
            }
            is_over_ = true;
            subscription.close();
            home.end();  // what is received just now may still emit
        }
    }

private:
    static constexpr Keyed circling{{}, 1};
    /// Those on the way when somebody begins to wait, and those who go on when a turn is passed on, are few.
    static constexpr std::uint64_t most_overtaking = 100;

    void received(const Small&, const event::Emitter<Keyed>&) { received_.fetch_add(1); }
    void received(const Keyed& event, const event::Emitter<Keyed>& keyed) {
        received_.fetch_add(1);
        if (event.key == circling.key && !is_over_)
            keyed.async_emit(circling, [](error_code, const event::EmitResult&) {});
    }
    /// From the thread of the context, so that nobody is late because its thread is.
    void take_turns(const event::Emitter<Small>& emitter, asio::io_context& home) {
        for (int step = 0; step < 20; ++step) {
            const auto wait = std::make_shared<Wait>();
            asio::post(home, [&, wait] {
                emitter.async_emit(Small{}, Done{wait, Token(Kind::emit)});
                wait->since = received_.load();
            });
            while (!wait->is_done) {
                std::this_thread::yield();
                const std::uint64_t now = received_.load();
                const std::uint64_t since = wait->since.load();
                if (wait->is_done || now <= since || now - since <= most_overtaking || is_over_.exchange(true))
                    continue;
                ADD_FAILURE() << most_overtaking << " events were received while one waited for its turn";
            }
        }
    }
    struct Wait {
        std::atomic<std::uint64_t> since{std::numeric_limits<std::uint64_t>::max()};
        std::atomic<bool> is_done{false};
    };
    struct Done {
        std::shared_ptr<Wait> wait;
        Token token;
        void operator()(error_code error, const event::EmitResult&) {
            EXPECT_FALSE(error);
            token.complete();
            wait->is_done = true;
        }
    };

    std::atomic<std::uint64_t> received_{0};
    std::atomic<bool> is_over_{false};
};

TEST(Chaos, WhoWaitsForRoomIsNotOvertaken) {
    run_rounds([](Random& random) { Turns().run(random); });
}

// ---- async_get_if ---------------------------------------------------------------------------------------------------

/// Values come as fast as a predicate rejects them, and yet its thread does other work.
class Rejecting {
public:
    void run() {
        Home home(1);
        event::Value<std::uint64_t> value(home.io(), 0U);
        std::vector<event::Watcher<std::uint64_t>> watchers;
        for (int i = 0; i < watching; ++i) watchers.push_back(value.watch());
        {
            Crew crew;
            for (int i = 0; i < 2; ++i) {
                crew.add("sets", [&](Random&) {
                    for (std::uint64_t n = 1; beats_ < last_beat; ++n) {
                        value.set(n);
                        sets_.fetch_add(1, std::memory_order_relaxed);
                    }
                });
            }
            asio::post(home.io(), Beat{*this, home.io()});
            for (auto& watcher : watchers) {
                watcher.async_get_if([this](std::uint64_t) { return reject(); },
                                     asio::bind_executor(home.io(), Ends(Kind::get_if)));
            }
        }
        for (auto& watcher : watchers) watcher.cancel();
    }

private:
    static constexpr int watching = 2;
    static constexpr int last_beat = 100;
    /// Each looks so often before it lets others go on, and maybe once more before the beat comes.
    static constexpr int most_looks = 2 * watching * 16;

    struct Beat {
        Rejecting& all;
        asio::io_context& io;
        void operator()() {
            if (std::exchange(all.looks_, 0) != 0) ++all.beats_;
            if (all.beats_ < last_beat) asio::post(io, *this);
        }
    };
    bool reject() {
        if (++looks_ > most_looks && beats_.exchange(last_beat) != last_beat)
            ADD_FAILURE() << most_looks << " looks, and other work of the thread waits";
        // until there is a newer one, or for long enough
        const std::uint64_t seen = sets_.load(std::memory_order_relaxed);
        for (int i = 0; i < 100 && sets_.load(std::memory_order_relaxed) == seen; ++i) std::this_thread::yield();
        return false;
    }

    std::atomic<int> beats_{0};
    std::atomic<std::uint64_t> sets_{0};
    int looks_ = 0;  // on the context's thread
};

TEST(Chaos, WhoRejectsValuesGivesItsThreadBack) {
    run_rounds([](Random&) { Rejecting().run(); });
}

}  // namespace
}  // namespace chaos
