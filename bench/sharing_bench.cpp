/// P15: so many producers and so many consumers, all of them coroutines, share the events of one queue: each event goes
/// to one consumer. Bounded and lossless. An iteration is one event.
///
/// A producer goes on until there is no room, and a consumer until there is nothing, and only then do they wait; those
/// of "await" wait for each event, and a consumer of "receive_some" for as many as there are. On the bus one can only
/// wait with an event in hand (`async_emit`); so a producer that emits plainly keeps the bound itself, as those of
/// handover_bench do.

#include "check.hpp"
#include "event.hpp"
#include "peers.hpp"
#include "steady_state.hpp"

#include <event/bus.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>

#include <benchmark/benchmark.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

namespace bench {
namespace {

namespace asio = boost::asio;
constexpr auto quietly = asio::as_tuple(asio::use_awaitable);
constexpr std::uint64_t bound = 1024;
using Word = Event<0, 8>;

/// What all coroutines of a run count.
struct Counts {
    alignas(64) std::atomic<std::uint64_t> to_emit{0};
    alignas(64) std::atomic<std::uint64_t> emitted{0};
    alignas(64) std::atomic<std::uint64_t> taken{0};
    alignas(64) std::atomic<std::uint64_t> producers{0};

    /// So many of those that are still to be emitted; a few at a time, so that it costs nothing.
    [[nodiscard]] std::uint64_t next() noexcept {
        std::uint64_t left = to_emit.load(std::memory_order_relaxed);
        while (left != 0) {
            const std::uint64_t mine = left < batch ? left : batch;
            if (to_emit.compare_exchange_weak(left, left - mine, std::memory_order_relaxed)) return mine;
        }
        return 0;
    }
};

enum class How { by_trying, by_awaiting, by_batches };

template <How how>
class BusSharing {
    static constexpr bool awaits = how == How::by_awaiting;

public:
    BusSharing(asio::io_context& io, Counts& counts) : bus_(io), counts_(counts) {}

    asio::awaitable<void> produce() {
        event::Emitter<Word> out = bus_.emitter<Word>();
        while (const std::uint64_t events = counts_.next()) {
            while (!awaits && counts_.emitted.load() - counts_.taken.load() > bound - 2 * batch)
                co_await asio::post(asio::use_awaitable);
            counts_.emitted.fetch_add(events);
            for (std::uint64_t i = 0; i < events; ++i) {
                const Word event{};
                if constexpr (awaits) {
                    co_await out.async_emit(event, quietly);
                } else {
                    check(out.emit(event).refused == 0, "there was no room");
                }
            }
        }
        if (counts_.producers.fetch_sub(1) == 1) first_.close_after_drain();
    }
    auto consume() {
        if constexpr (how == How::by_batches) {
            return take_batches(first_.share());
        } else {
            return take(first_.share());
        }
    }

private:
    asio::awaitable<void> take_batches(event::Subscription<Word> handle) {
        std::array<event::Delivery<Word>, batch> events;
        for (;;) {
            const auto received = co_await handle.async_receive_some(std::span(events), quietly);
            if (std::get<0>(received)) break;
            counts_.taken.fetch_add(std::get<1>(received));
        }
    }
    asio::awaitable<void> take(event::Subscription<Word> handle) {
        for (std::uint64_t taken = 0;;) {
            while (!awaits && handle.try_receive())
                if (++taken == batch) counts_.taken.fetch_add(std::exchange(taken, 0));
            counts_.taken.fetch_add(std::exchange(taken, 0));
            const auto received = co_await handle.async_receive(quietly);
            if (std::get<0>(received)) break;
            ++taken;
        }
    }

    event::EventBus bus_;
    Counts& counts_;
    event::Subscription<Word> first_ = bus_.subscribe<Word>({.capacity = bound, .on_full = policy()});
    [[nodiscard]] static event::Backpressure policy() {
        return awaits ? event::Backpressure(event::Wait{}) : event::Backpressure(event::Drop{});
    }
};

template <bool awaits>
class ChannelSharing {
public:
    ChannelSharing(asio::io_context& io, Counts& counts) : channel_(io, bound), counts_(counts) {}

    asio::awaitable<void> produce() {
        while (const std::uint64_t events = counts_.next()) {
            for (std::uint64_t i = 0; i < events; ++i) {
                if (awaits || !channel_.try_send(boost::system::error_code(), Word{}))
                    co_await channel_.async_send(boost::system::error_code(), Word{}, quietly);
            }
        }
        if (counts_.producers.fetch_sub(1) == 1) {
            while (channel_.ready()) co_await asio::post(asio::use_awaitable);  // what is queued it would drop
            channel_.close();
        }
    }
    asio::awaitable<void> consume() {
        for (std::uint64_t taken = 0;;) {
            while (!awaits && channel_.try_receive([](boost::system::error_code, const Word&) {})) ++taken;
            const auto received = co_await channel_.async_receive(quietly);
            if (std::get<0>(received)) {
                counts_.taken.fetch_add(taken);
                break;
            }
            ++taken;
        }
    }

private:
    Channel<Word> channel_;
    Counts& counts_;
};

template <class System, std::size_t threads>
void share(benchmark::State& state, std::size_t pairs) {
    constexpr std::uint64_t some = 1 << 16;
    const SteadyState steady(state);
    while (state.KeepRunningBatch(static_cast<benchmark::IterationCount>(some))) {
        asio::io_context io(static_cast<int>(threads));
        Counts counts;
        counts.to_emit = some;
        counts.producers = pairs;
        System system(io, counts);
        for (std::size_t i = 0; i < pairs; ++i) {
            asio::co_spawn(io, system.consume(), rethrow);
            asio::co_spawn(io, system.produce(), rethrow);
        }
        std::vector<std::thread> others;
        for (std::size_t i = 1; i < threads; ++i) others.emplace_back([&io] { io.run(); });
        io.run();
        for (std::thread& other : others) other.join();
        check(counts.taken == some, "an event is missing");
    }
}

template <class System>
void add_rows(const std::string& system) {
    const auto add = [&](const std::string& where, void (*row)(benchmark::State&, std::size_t)) {
        for (const std::size_t pairs : {1U, 2U, 8U}) {
            const std::string name = "P15/share_" + std::to_string(pairs) + where + '/' + system;
            benchmark::RegisterBenchmark(name.c_str(), row, pairs)->UseRealTime();
        }
    };
    add("_one_thread", share<System, 1>);
    add("_two_threads", share<System, 2>);
}

bool add_all() {
    add_rows<BusSharing<How::by_trying>>("eventbus");
    add_rows<BusSharing<How::by_batches>>("eventbus_receive_some");
    add_rows<BusSharing<How::by_awaiting>>("eventbus_async_emit");
    add_rows<ChannelSharing<false>>("channel_try");
    add_rows<ChannelSharing<true>>("channel_await");
    return true;
}
[[maybe_unused]] const bool added = add_all();

}  // namespace
}  // namespace bench
