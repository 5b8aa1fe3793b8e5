/// Workers that share the jobs of one queue: each job goes to one of them, and none is lost. No dispatcher hands them
/// out, and no marker says that it was the last one.

#include <event/bus.hpp>
#include <event/fmt.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <atomic>
#include <exception>

namespace asio = boost::asio;
constexpr auto quietly = asio::as_tuple(asio::use_awaitable);

struct BlockRequested {
    int number = 0;
};
struct BlockFetched {
    int number = 0;
};

// [worker]
asio::awaitable<void> fetch(event::Subscription<BlockRequested> jobs, event::Emitter<BlockFetched> out) {
    for (;;) {
        const auto received = co_await jobs.async_receive(quietly);
        const auto& [error, job] = received;
        if (error) break;  // all are done
        const BlockFetched fetched{.number = job->number};
        co_await out.async_emit(fetched, quietly);
    }
}
// [worker]

asio::awaitable<void> request(event::Emitter<BlockRequested> out, int blocks) {
    for (int number = 0; number < blocks; ++number) {
        const BlockRequested job{number};
        co_await out.async_emit(job, quietly);
    }
}

int main() {
    constexpr int blocks = 1000;
    asio::thread_pool pool(2);
    event::EventBus bus{pool};
    std::atomic<int> written{0};

    // [pushed]
    // up to two runs of the handler at once
    auto writer = bus.subscribe<BlockFetched>({.capacity = 4, .on_full = event::Wait{}, .concurrency = 2},
                                              [&written](const BlockFetched&) { ++written; });
    // [pushed]

    // [share]
    auto jobs = bus.subscribe<BlockRequested>({.capacity = 8, .on_full = event::Wait{}, .name = "fetch"});
    std::atomic<int> workers{4};
    for (int i = 0; i < 4; ++i) {
        asio::co_spawn(asio::make_strand(pool), fetch(jobs.share(), bus.emitter<BlockFetched>()),
                       [&](std::exception_ptr) {
                           if (--workers == 0) writer.close_after_drain();
                       });
    }
    asio::co_spawn(pool, request(bus.emitter<BlockRequested>(), blocks),
                   [&](std::exception_ptr) { jobs.close_after_drain(); });
    // [share]
    pool.join();
    fmt::print("{}: {} receivers\n{} blocks written\n", jobs.stat(), jobs.stat().receivers, written.load());
    return written == blocks ? 0 : 1;
}
