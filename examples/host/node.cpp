#include "address.hpp"
#include "figures.hpp"
#include "host.hpp"
#include "node.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/this_coro.hpp>

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <tuple>
#include <unistd.h>
#include <utility>

namespace host {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

namespace {

/// Why it cannot listen there; empty if it does.
std::string listen(asio::io_context& io, Host& host, Console& console, const std::string& where) {
    const Address address = *parse_address(where);
    error_code error;
    tcp::resolver resolver(io);
    const auto found = resolver.resolve(address.host, std::to_string(address.port), tcp::resolver::passive, error);
    if (error) return error.message();
    try {
        const tcp::endpoint listening = host.listen_for_links(found.begin()->endpoint());
        console.log(host.name(), "neighbours", "listening on " + to_string(listening));
    } catch (const boost::system::system_error& failure) {
        return failure.code().message();
    }
    return {};
}

/// Greater after each start, if the clock of the machine does not go back.
std::uint64_t new_incarnation() {
    const auto since = std::chrono::system_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(since).count());
}

std::string status(const Host& host) {
    const Figures seen = host.seen();
    return fmt::format("{} links, {} hosts known, {} events", seen.made - seen.lost, seen.shows.size(),
                       host.report().total_emitted());
}

using Input = asio::posix::stream_descriptor;

/// Who started this process says by the end of its input that the host is to be quiet.
asio::awaitable<void> quiet_at_the_end(std::shared_ptr<Input> input, event::Emitter<QuietRequested> quiet) {
    std::array<char, 64> ignored{};
    error_code error;
    while (!error) {
        const auto got = co_await input->async_read_some(asio::buffer(ignored), quietly);
        error = std::get<0>(got);
    }
    if (error != asio::error::operation_aborted) quiet.emit({});
}

void print_line(const Figures& figures) {
    const std::string line = to_line(figures) + '\n';
    std::fwrite(line.data(), 1, line.size(), stdout);
    std::fflush(stdout);
}

}  // namespace

asio::awaitable<int> run_node(asio::io_context& io, Console& console, CommandLine line, Interrupted interrupted) {
    HostOptions options;
    if (!line.name.empty()) options.name = line.name;
    options.incarnation = new_incarnation();
    options.heartbeat = line.wants_figures ? 20ms : 100ms;
    const auto host = std::make_unique<Host>(io.get_executor(), console, options);
    int status_at_end = 0;
    if (line.listen) {
        const std::string fault = listen(io, *host, console, *line.listen);
        if (!fault.empty()) {
            console.log(options.name, "host", fmt::format("cannot listen on {}: {}", *line.listen, fault));
            co_await host->stop();
            co_return 1;
        }
    }
    for (const std::string& address : line.dial) host->keep_linked(address);
    const auto executor = co_await asio::this_coro::executor;
    const auto input = std::make_shared<Input>(executor);
    if (line.wants_figures) {
        input->assign(::dup(STDIN_FILENO));
        asio::co_spawn(executor, quiet_at_the_end(input, host->bus().emitter<QuietRequested>({.name = "input"})),
                       asio::detached);
    }

    const auto start = steady_clock::now();
    auto interruption = interrupted.watch();
    for (;;) {
        const auto result = co_await interruption.async_get_for(line.wants_figures ? 50ms : 200ms, quietly);
        if (std::get<0>(result) != asio::error::timed_out) break;
        if (const auto failure = host->failure().try_get()) {
            console.log(options.name, "host", fmt::format("failed: {}", **failure));
            status_at_end = 1;
            break;
        }
        if (line.run_for && steady_clock::now() - start >= *line.run_for) break;
        if (line.wants_figures) {
            print_line(host->seen());
        } else {
            console.status(status(*host));
        }
    }
    if (line.wants_figures) print_line(host->seen());
    input->close();
    co_await host->stop();
    if (!line.wants_figures) console.print(host->report().table(steady_clock::now() - start));
    co_return status_at_end;
}

}  // namespace host
