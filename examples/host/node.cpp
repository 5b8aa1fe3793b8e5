#include "address.hpp"
#include "host.hpp"
#include "node.hpp"

#include <fmt/format.h>

#include <memory>
#include <tuple>
#include <utility>

namespace host {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

namespace {

/// Why it cannot listen there; empty if it does.
std::string listen(asio::io_context& io, Host& host, const std::string& where) {
    const Address address = *parse_address(where);
    error_code error;
    tcp::resolver resolver(io);
    const auto found = resolver.resolve(address.host, std::to_string(address.port), tcp::resolver::passive, error);
    if (error) return error.message();
    try {
        host.listen(found.begin()->endpoint());
    } catch (const boost::system::system_error& failure) {
        return failure.code().message();
    }
    return {};
}

std::string status(const Host& host) {
    const auto network = *host.network().try_get();
    const Report report = host.report();
    return fmt::format("{} connections, {} peers known, {}, {} events", network->connections.size(),
                       (*host.peers().try_get())->size(), to_string(**host.reachability().try_get()),
                       report.total_emitted());
}

}  // namespace

asio::awaitable<int> run_node(asio::io_context& io, Console& console, CommandLine line, Interrupted interrupted) {
    HostOptions options;
    if (!line.name.empty()) options.name = line.name;
    const auto host = std::make_unique<Host>(io.get_executor(), console, options);
    int status_at_end = 0;
    if (line.listen) {
        const std::string fault = listen(io, *host, *line.listen);
        if (!fault.empty()) {
            console.log(options.name, "host", fmt::format("cannot listen on {}: {}", *line.listen, fault));
            co_await host->stop();
            co_return 1;
        }
    }
    for (const std::string& address : line.dial) host->keep_dialed(address);

    const auto start = steady_clock::now();
    auto interruption = interrupted.watch();
    for (;;) {
        const auto result = co_await interruption.async_get_for(200ms, quietly);
        if (std::get<0>(result) != asio::error::timed_out) break;
        if (const auto failure = host->failure().try_get()) {
            console.log(options.name, "host", fmt::format("failed: {}", **failure));
            status_at_end = 1;
            break;
        }
        if (line.run_for && steady_clock::now() - start >= *line.run_for) break;
        console.status(status(*host));
    }
    co_await host->stop();
    console.print(host->report().table(steady_clock::now() - start));
    co_return status_at_end;
}

}  // namespace host
