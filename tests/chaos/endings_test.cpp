/// Contexts that die beside their handles, and callbacks that close each other.

#include "chaos/operations.hpp"
#include "chaos/records.hpp"
#include "chaos/rounds.hpp"

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/strand.hpp>
#include <boost/system/error_code.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace chaos {
namespace {

using boost::system::error_code;
using namespace std::chrono_literals;

// ---- contexts that die ----------------------------------------------------------------------------------------------

/// All that can have to do with a context, on one of two. Nobody emits while they die: to emit to a receiver whose
/// context dies just then is the caller's race.
class Handles {
public:
    Handles(Random& random, std::array<std::unique_ptr<asio::io_context>, 2>& contexts) : contexts_(contexts) {
        asio::io_context& home = any(random);
        bus.emplace(home, event::BusOptions{.on_slow_subscriber = [](const event::SlowSubscriber&) {}});
        value.emplace(any(random), 1U);
        watcher.emplace(value->watch());
        emitter.emplace(bus->emitter<Small>());
        const std::chrono::milliseconds limit(random.below(3));
        full.emplace(bus->subscribe<Small>({.capacity = 1, .on_full = event::Wait{.limit = limit}}));
        pull.emplace(bus->subscribe<Shared>());
        if (random.one_in(2)) {
            push.emplace(bus->subscribe<Keyed>({}, [](const Keyed&) {}));
        } else {
            push.emplace(
                bus->subscribe<Keyed>({}, asio::bind_executor(asio::make_strand(any(random)), [](const Keyed&) {})));
        }
        static_cast<void>(emitter->emit(Small{}));
        if (random.one_in(2)) static_cast<void>(watcher->try_get());
        const auto get = random.one_in(2) ? &Handles::get : &Handles::get_settled;
        const auto receive = random.one_in(2) ? &Handles::receive : &Handles::receive_for;
        for (const auto wait : {receive, get, &Handles::emit, &Handles::look_for_the_end})
            if (random.one_in(2)) (this->*wait)(any(random));
    }

    [[nodiscard]] asio::io_context& any(Random& random) { return *contexts_[random.below(2)]; }

    void receive(asio::io_context& on) { pull->async_receive(asio::bind_executor(on, Ends(Kind::receive))); }
    void receive_for(asio::io_context& on) {
        pull->async_receive_for(1ms, asio::bind_executor(on, Ends(Kind::receive)));
    }
    void get_settled(asio::io_context& on) {
        watcher->async_get_settled(1ms, asio::bind_executor(on, Ends(Kind::get)));
    }
    void get(asio::io_context& on) { watcher->async_get(asio::bind_executor(on, Ends(Kind::get))); }
    void emit(asio::io_context& on) { emitter->async_emit(Small{}, asio::bind_executor(on, Ends(Kind::emit))); }
    void look_for_the_end(asio::io_context& on) { push->async_closed(asio::bind_executor(on, Ends(Kind::closed))); }

    std::optional<event::EventBus> bus;
    std::optional<event::Value<std::uint64_t>> value;
    std::optional<event::Watcher<std::uint64_t>> watcher;
    std::optional<event::Emitter<Small>> emitter;
    std::optional<event::Subscription<Small>> full;
    std::optional<event::Subscription<Shared>> pull;
    std::optional<event::Subscription<Keyed>> push;

private:
    std::array<std::unique_ptr<asio::io_context>, 2>& contexts_;
};

template <class... Ends>
void in_any_order(Random& random, Ends&&... ends) {
    std::array<std::function<void()>, sizeof...(Ends)> all{std::forward<Ends>(ends)...};
    for (std::size_t i = all.size(); i > 0; --i) {
        std::swap(all[random.below(i)], all[i - 1]);
        all[i - 1]();
        disturb();
    }
}

void contexts_die(Random& random) {
    std::array<std::unique_ptr<asio::io_context>, 2> contexts{std::make_unique<asio::io_context>(),
                                                              std::make_unique<asio::io_context>()};
    Handles handles(random, contexts);
    if (random.one_in(3)) contexts[0]->poll();
    std::atomic<int> ready{0};
    const auto meet = [&ready] {
        for (ready.fetch_add(1); ready.load() < 4;) std::this_thread::yield();
    };
    {
        Crew crew;
        for (auto& context : contexts) {
            crew.add("ends a context", [&](Random&) {
                meet();
                context.reset();
            });
        }
        crew.add("ends the bus's handles", [&](Random& own) {
            meet();
            in_any_order(
                own, [&] { handles.bus.reset(); }, [&] { handles.emitter.reset(); },
                [&] { own.one_in(2) ? handles.full.reset() : handles.full->close_after_drain(); },
                [&] { own.one_in(2) ? handles.push.reset() : handles.push->close(); });
        });
        crew.add("ends the rest", [&](Random& own) {
            meet();
            in_any_order(
                own, [&] { handles.value.reset(); },
                [&] { own.one_in(2) ? handles.watcher.reset() : handles.watcher->cancel(); },
                [&] { own.one_in(2) ? handles.pull.reset() : handles.pull->cancel(); });
        });
    }
    EXPECT_EQ(pending(), 0U) << "with its contexts, each operation is gone";
}

TEST(Chaos, ContextsDieBesideTheirHandles) { run_rounds(&contexts_die); }

// ---- callbacks ------------------------------------------------------------------------------------------------------

/// Some subscriptions that all restart when one of them is too slow.
void callbacks_close_each_other(Random& random) {
    constexpr std::size_t count = 3;
    asio::io_context io;
    event::EventBus bus{io};
    struct One {
        std::optional<event::Subscription<Small>> small;
        std::optional<event::Subscription<Keyed>> keyed;
        std::atomic<int> inside{0};
    };
    std::array<One, count> all;
    std::atomic<bool> is_closed{false};
    const auto callback = [&](One& own) {
        return event::Notify{[&](const event::SlowSubscriber&) {
            EXPECT_FALSE(is_closed.load()) << "no callback after close()";
            EXPECT_EQ(own.inside.fetch_add(1), 0) << "one callback at a time";
            disturb();
            for (One& one : all) {
                one.small->close();
                one.keyed->close();
            }
            own.inside.fetch_sub(1);
        }};
    };
    std::array<One, 2 * count> callers;
    for (std::size_t i = 0; i < count; ++i) {
        all[i].small.emplace(bus.subscribe<Small>({.capacity = 1, .on_full = callback(callers[2 * i])}));
        all[i].keyed.emplace(bus.subscribe<Keyed>({.capacity = 1, .on_full = callback(callers[2 * i + 1])}));
    }
    Crew crew;
    crew.add("emits small ones", [&](Random&) {
        const auto emitter = bus.emitter<Small>();
        for (int i = 0; i < 4; ++i) static_cast<void>(emitter.emit(Small{}));
    });
    crew.add("emits keyed ones", [&](Random&) {
        const auto emitter = bus.emitter<Keyed>();
        for (int i = 0; i < 4; ++i) static_cast<void>(emitter.emit(Keyed{}));
    });
    if (random.one_in(2)) {
        crew.add("closes all", [&](Random&) {
            for (One& one : all) {
                one.small->close();
                one.keyed->close();
            }
            is_closed = true;
        });
    }
    crew.join();
}

TEST(Chaos, CallbacksCloseEachOther) { run_rounds(&callbacks_close_each_other); }

}  // namespace
}  // namespace chaos
