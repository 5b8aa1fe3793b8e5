#include "address.hpp"
#include "bad_peer.hpp"
#include "child.hpp"
#include "cluster.hpp"
#include "figures.hpp"
#include "tasks.hpp"
#include "verdict.hpp"

#include <event/value.hpp>

#include <boost/asio/this_coro.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace host {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

namespace {

constexpr std::array<std::string_view, 5> names{"ada", "bob", "cleo", "dan", "eve"};
constexpr std::size_t ada = 0, cleo = 2, dan = 3, eve = 4;

/// A port that nobody else gets, though it is free to be listened on: bound by who has `SO_REUSEADDR`, too, and does
/// not listen.
class Reserved {
public:
    explicit Reserved(const asio::any_io_executor& executor) : socket_(executor, tcp::v4()) {
        socket_.set_option(tcp::acceptor::reuse_address(true));
        socket_.bind(tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    }
    [[nodiscard]] tcp::endpoint endpoint() const { return socket_.local_endpoint(); }

private:
    tcp::acceptor socket_;
};

/// All of it happens on one strand.
class Cluster {
public:
    Cluster(asio::any_io_executor strand, Console& console, std::string program, Interrupted interrupted)
        : strand_(std::move(strand)),
          console_(console),
          program_(std::move(program)),
          interrupted_(std::move(interrupted)),
          news_(strand_, 0),
          tasks_(strand_, [this](std::string_view who, std::string_view what) {
              console_.log("cluster", who, fmt::format("failed: {}", what));
              is_broken_ = true;
          }) {
        for (const std::string_view name : names) {
            places_.push_back({.reserved = Reserved(strand_), .process = {}, .last = {}, .killed = 0});
            seats_.push_back({.name = std::string(name)});
        }
    }

    [[nodiscard]] asio::awaitable<int> run() {
        const bool is_complete = co_await play();
        std::vector<std::shared_ptr<Child>> running;
        for (const Place& place : places_) running.push_back(place.process);
        for (const auto& process : running)
            if (process) process->send(SIGTERM);
        for (std::size_t i = 0; i < names.size(); ++i)
            if (running[i]) co_await end(i, running[i]);
        co_await tasks_.finished();
        console_.print(table(seats_));
        co_return is_complete && !is_broken_ && faults_of(seats_).empty() ? 0 : 1;
    }

private:
    struct Place {
        Reserved reserved;
        std::shared_ptr<Child> process;  // none: nobody is there
        std::optional<Figures> last;     // of this process
        std::uint64_t killed = 0;        // the incarnation that was here before; 0: none
    };

    /// False if something did not come about.
    [[nodiscard]] asio::awaitable<bool> play() {
        for (std::size_t i = 0; i < names.size(); ++i) start(i);
        if (!co_await until("all are linked", [this] { return all_see_all(); })) co_return false;
        for (const Place& place : places_)
            for (const BadPeer kind : all_bad_peers)
                tasks_.spawn(strand_, "bad peers", misbehave(kind, place.reserved.endpoint(), 20ms));
        console_.log("cluster", "", "strangers misbehave towards all");
        if (!co_await talk()) co_return false;

        kill(cleo);
        kill(eve);
        if (!co_await until("two are missed", [this] { return all_see_all(); })) co_return false;
        start(cleo);
        start(eve);
        if (!co_await until("they are back", [this] { return all_see_all(); })) co_return false;
        if (!co_await talk()) co_return false;

        kill(ada);  // whom all others dial
        start(ada);
        if (!co_await until("the first is back", [this] { return all_see_all(); })) co_return false;
        if (!co_await talk()) co_return false;

        kill(dan);
        seats_[dan].is_killed = true;
        if (!co_await until("one is missed for good", [this] { return all_see_all(); })) co_return false;

        for (const Place& place : places_)
            if (place.process) place.process->close_input();
        co_return co_await until("all are quiet, and agree", [this] {
            for (std::size_t i = 0; i < names.size(); ++i) seats_[i].agreed = places_[i].last;
            return agree(seats_);
        });
    }

    void start(std::size_t i) {
        // each dials those before it, so that there is one link between any two
        std::vector<std::string> arguments{
            "--listen", to_string(places_[i].reserved.endpoint()), "--name", seats_[i].name, "--for", "600",
            "--figures"};
        if (i != 0) arguments.emplace_back("--dial");
        for (std::size_t other = 0; other < i; ++other)
            arguments.push_back(to_string(places_[other].reserved.endpoint()));
        places_[i].process = std::make_shared<Child>(strand_, program_, std::move(arguments));
        ++seats_[i].starts;
        tasks_.spawn(strand_, seats_[i].name, listen_to(i, places_[i].process));
    }

    void kill(std::size_t i) {
        Place& place = places_[i];
        console_.log("cluster", "", fmt::format("kills {}", seats_[i].name));
        place.process->send(SIGKILL);
        place.process->wait();
        place.process.reset();
        place.killed = place.last->incarnation;
        place.last.reset();
    }

    /// Hears what it says last.
    [[nodiscard]] asio::awaitable<void> end(std::size_t i, std::shared_ptr<Child> process) {
        const bool has_ended = co_await hear([&] { return !places_[i].process; });
        if (!has_ended) process->send(SIGKILL);
        seats_[i].exit_status = process->wait();
        if (has_ended) seats_[i].at_end = places_[i].last;
    }

    [[nodiscard]] asio::awaitable<void> listen_to(std::size_t i, std::shared_ptr<Child> process) {
        while (const auto line = co_await process->next_line()) {
            if (process != places_[i].process) continue;  // it was killed meanwhile
            places_[i].last = figures_from(*line);
            news_.update([](std::uint64_t& count) { ++count; });
        }
        if (process == places_[i].process) places_[i].process.reset();
        news_.update([](std::uint64_t& count) { ++count; });
    }

    /// Each that runs shows each that runs, as it was started last, and nobody else.
    [[nodiscard]] bool all_see_all() const {
        std::vector<std::pair<std::string, std::uint64_t>> running;
        for (const Place& place : places_) {
            if (!place.process) continue;
            if (!place.last || place.last->incarnation <= place.killed) return false;
            running.emplace_back(place.last->name, place.last->incarnation);
        }
        return std::all_of(places_.begin(), places_.end(), [&](const Place& place) {
            const auto is_it = [](const auto& one, const HostStatus& status) {
                return one.first == status.name && one.second == status.incarnation;
            };
            return !place.process || std::equal(running.begin(), running.end(), place.last->shows.begin(),
                                                place.last->shows.end(), is_it);
        });
    }

    /// Each that runs hears a hundred events more.
    [[nodiscard]] asio::awaitable<bool> talk() {
        std::vector<std::uint64_t> before;
        for (const Place& place : places_) before.push_back(place.last ? place.last->events : 0);
        co_return co_await until("all have talked", [&] {
            for (std::size_t i = 0; i < names.size(); ++i)
                if (places_[i].process && (!places_[i].last || places_[i].last->events < before[i] + 100)) return false;
            return true;
        });
    }

    template <class Condition>
    [[nodiscard]] asio::awaitable<bool> until(std::string_view what, Condition holds) {
        const bool held = co_await hear(std::move(holds));
        console_.log("cluster", "", fmt::format("{}{}", what, held ? "" : ": this did not come about"));
        co_return held;
    }

    /// Waits until it holds, or it is too late, or somebody interrupts. A condition is looked at with each line that
    /// comes.
    template <class Condition>
    [[nodiscard]] asio::awaitable<bool> hear(Condition holds) {
        const auto deadline = steady_clock::now() + 20s;
        auto watcher = news_.watch();
        while (!holds()) {
            const auto left = deadline - steady_clock::now();
            if (interrupted_.try_get()) co_return false;
            const auto got = co_await watcher.async_get_for(left, quietly);
            if (std::get<0>(got)) co_return false;
        }
        co_return true;
    }

    const asio::any_io_executor strand_;
    Console& console_;
    const std::string program_;
    const Interrupted interrupted_;
    event::Value<std::uint64_t> news_;  // counts the lines that came
    std::vector<Place> places_;
    std::vector<Seat> seats_;
    bool is_broken_ = false;
    Tasks tasks_;
};

}  // namespace

asio::awaitable<int> run_cluster(Console& console, std::string program, Interrupted interrupted) {
    const auto strand = co_await asio::this_coro::executor;
    const auto cluster = std::make_unique<Cluster>(strand, console, std::move(program), std::move(interrupted));
    const int status = co_await cluster->run();
    co_return status;
}

}  // namespace host
