#include "monitor.hpp"

#include <fmt/format.h>

#include <optional>
#include <tuple>
#include <utility>

namespace host {

Monitor::Monitor(const asio::any_io_executor& executor, Tasks& tasks, Console& console, std::string host,
                 event::ValueView<Reachability> reachability, event::ValueView<ConnectionCount> count,
                 const MonitorOptions& options)
    : console_(console),
      host_(std::move(host)),
      options_(options),
      reachability_(reachability.watch()),
      count_(count.watch()) {
    const Strand strand = asio::make_strand(executor);
    tasks.spawn(strand, "monitor", follow_reachability());
    tasks.spawn(strand, "monitor", follow_trimming());
}

asio::awaitable<void> Monitor::follow_reachability() {
    std::optional<Reachability> last;
    for (;;) {
        const auto result = co_await reachability_.async_get_for(options_.limit, quietly);
        const auto& [error, now] = result;
        if (error == asio::error::timed_out) {
            if (last) console_.log(host_, "monitor", fmt::format("reachability: still {}", to_string(*last)));
            continue;
        }
        if (error) break;
        console_.log(host_, "monitor",
                     last ? fmt::format("reachability: {} -> {}", to_string(*last), to_string(*now))
                          : fmt::format("reachability: {}", to_string(*now)));
        last = *now;
    }
}

asio::awaitable<void> Monitor::follow_trimming() {
    std::uint64_t trimmed = 0;
    for (;;) {
        const auto has_trimmed = [trimmed](const ConnectionCount& now) { return now.trimmed != trimmed; };
        const auto result = co_await count_.async_get_if(has_trimmed, quietly);
        const auto& [error, now] = result;
        if (error) break;
        trimmed = now->trimmed;
        console_.log(host_, "monitor", fmt::format("{} connections trimmed so far, {} open", trimmed, now->open));
    }
}

}  // namespace host
