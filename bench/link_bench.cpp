/// P16: from one bus to another over a pair of sockets, both ends on one thread, so that what is seen is the work and
/// not where two threads run. In a batch 64 events are under way, and an iteration is one of them; of a round trip,
/// where one is, an iteration is there and back. The peer is a length before each event, and a loop of Asio's: no
/// types, schemas, subscriptions, gaps, limits or time-outs.

#include "check.hpp"
#include "event.hpp"
#include "link_ends.hpp"
#include "steady_state.hpp"

#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

namespace bench {
namespace {

// ---- the rows -----------------------------------------------------------------------------------------------------

/// `under_way` events are sent before any is awaited; `is_answered`: each comes back.
template <class Net, template <class, class> class End, class T, std::uint64_t under_way, bool is_answered>
void exchange(benchmark::State& state) {
    using Socket = typename Net::Socket;
    asio::io_context io;
    Socket one(io), other(io);
    Net::connect(one, other);
    std::uint64_t sent = 0, taken = 0;
    const Take<T> take = [&](const T& event) { check(event.number == taken++, "an event is missing"); };
    End<T, Socket>* answering = nullptr;
    const Take<T> answer = [&](const T& event) {
        answering->send(event);
        answering->flush();
    };
    End<T, Socket> far(io, std::move(other), is_answered ? answer : take);
    End<T, Socket> near(io, std::move(one), take);
    answering = &far;
    while (!near.is_connected() || !far.is_connected()) io.run_one();

    T event = make<T>();
    const auto turn = [&] {
        for (std::uint64_t i = 0; i < under_way; ++i) {
            event.number = sent++;
            near.send(event);
        }
        near.flush();
        while (taken != sent) io.run_one();
    };
    constexpr int turns_to_warm_up = 16;
    for (int i = 0; i < turns_to_warm_up; ++i) turn();
    const std::uint64_t bytes_before = near.bytes() + far.bytes();
    {
        const SteadyState steady(state);
        while (state.KeepRunningBatch(under_way)) turn();
    }
    state.SetBytesProcessed(static_cast<std::int64_t>(near.bytes() + far.bytes() - bytes_before));
}

template <class Net, template <class, class> class End>
void add_rows(const std::string& net, const std::string& system) {
    const auto add = [&](const std::string& what, void (*row)(benchmark::State&)) {
        benchmark::RegisterBenchmark(("P16/" + net + '_' + what + '/' + system).c_str(), row);
    };
    add("batch", exchange<Net, End, Sample, batch, false>);
    add("batch_4_KiB", exchange<Net, End, Chunk, batch, false>);
    add("round_trip", exchange<Net, End, Sample, 1, true>);
}

bool add_all() {
    add_rows<Unix, BusEnd>("unix", "eventbus");
    add_rows<Unix, FrameEnd>("unix", "asio_frames");
    add_rows<Tcp, BusEnd>("tcp", "eventbus");
    add_rows<Tcp, FrameEnd>("tcp", "asio_frames");
    return true;
}
[[maybe_unused]] const bool added = add_all();

}  // namespace
}  // namespace bench
