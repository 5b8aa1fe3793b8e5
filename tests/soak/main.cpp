/// A host's life in short: in each round everything comes and goes, on several threads; after each round all of it must
/// be gone, and the process as it was.
///
///     eventbus_soak [--seconds N] [--seed S] [--csv FILE]

#include "soak/figures.hpp"
#include "soak/network.hpp"
#include "soak/process.hpp"
#include "soak/round.hpp"
#include "soak/watchdog.hpp"

#include <event/bus.hpp>

#include <boost/asio/thread_pool.hpp>

#include <fmt/format.h>

#include <charconv>
#include <cstdlib>
#include <memory>
#include <span>
#include <string_view>
#include <thread>

namespace soak {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

struct Options {
    unsigned seconds = 60;
    unsigned seed = 1;
    std::string csv;
};

class Soak {
public:
    explicit Soak(const Options& options)
        : options_(options), csv_(options.csv.empty() ? nullptr : std::fopen(options.csv.c_str(), "w"), &close) {
        if (csv_) write_header(csv_.get());
        states_.emplace();
        hub_state_.emplace();
    }

    [[nodiscard]] int run() {
        quiet_moment();
        for (unsigned round = 0; Clock::now() < end_ && faults_.all().empty(); ++round) {
            churn(options_.seed + 1000 * round);
            quiet_moment();
        }
        if (faults_.all().empty())
            for (std::string& sentence : judge_.conclude()) faults_.add(std::move(sentence));
        return tell();
    }

private:
    static void close(std::FILE* file) {
        if (file != nullptr) std::fclose(file);
    }

    void churn(unsigned seed) {
        const auto until = Clock::now() + std::chrono::milliseconds(700 + seed % 600);
        network_.begin_round(seed);
        {
            std::vector<std::jthread> threads;
            for (unsigned which = 1; which <= 2; ++which)
                threads.emplace_back([this, seed, which, until] {
                    Round round({pool_.get_executor(), bus_, network_.hub(), ledger_, tasks_}, seed + which);
                    while (Clock::now() < until) round.step();
                });
            std::this_thread::sleep_until(until - 300ms);
            row(figures(false));
        }
        network_.end_round();
    }

    /// Waits until nothing is left of the round and nothing moves. What is not so after a long time is said.
    void quiet_moment() {
        const auto limit = Clock::now() + 60s;
        std::string unrest;
        Figures now = figures(true);
        int calm = 0;
        while (calm < 3 && Clock::now() < limit) {
            std::this_thread::sleep_for(2ms);
            unrest = network_.unrest();
            const Figures next = figures(true);
            const bool is_still = judge_.differences(next).empty() && next.process.heap == now.process.heap &&
                                  next.delivered == now.delivered;
            calm = unrest.empty() && is_still ? calm + 1 : 0;
            now = next;
        }
        if (calm < 3 && unrest.empty() && judge_.differences(now).empty())
            unrest = "the heap, or what was delivered, goes on changing";
        if (!unrest.empty()) faults_.add("it does not come to rest: " + unrest);
        row(now);
    }

    [[nodiscard]] Figures figures(bool is_quiet) {
        Figures now;
        now.seconds = std::chrono::duration<double>(Clock::now() - start_).count();
        now.is_quiet = is_quiet;
        now.process = process_figures();
        now.events = static_cast<std::uint64_t>(CountedEvent::living());
        now.handlers = static_cast<std::uint64_t>(CountedHandler::living());
        now.coroutines = tasks_.running();
        now.hosts = network_.hosts();
        now.connections = network_.connections();
        const event::BusReport own = bus_.report();
        for (const auto& report : {own, network_.hub().bus().report()}) {
            now.topics += report.topics.size();
            now.subscriptions += report.subscriptions.size();
            for (const auto& topic : report.topics) now.emitters += topic.emitters;
            for (const auto& value : report.values) {
                now.value_handles += value.handles;
                now.watchers += value.watchers;
            }
        }
        now.offered = ledger_.offered();
        now.delivered = own.delivered;
        now.lost = own.lost;
        now.rejected = own.rejected;
        now.discarded = own.discarded;
        now.killed = own.killed;
        return now;
    }

    void row(const Figures& now) {
        if (csv_) write_row(csv_.get(), now);
        for (std::string& sentence : judge_.look(now))
            faults_.add(fmt::format("at {:.1f} s, {}", now.seconds, sentence));
        if (ledger_.uneven() != 0) faults_.add(fmt::format("{} emits whose figures do not add up", ledger_.uneven()));
    }

    [[nodiscard]] int tell() const {
        const auto kib = [&](const char* words, std::size_t ProcessFigures::* of) {
            const auto [before, after] = judge_.growth(of);
            fmt::print("{}: {:.1f} KiB in the first third, {:.1f} in the last\n", words, before / 1024, after / 1024);
        };
        fmt::print("{} quiet moments; {} emits, {} events offered; {} guests\n", judge_.quiet_moments(),
                   ledger_.emits(), ledger_.offered(), network_.guests_so_far());
        kib("heap", &ProcessFigures::heap);
        kib("resident", &ProcessFigures::resident);
        for (const std::string& sentence : faults_.all()) fmt::print("FAULT: {}\n", sentence);
        return faults_.all().empty() ? 0 : 1;
    }

    const Options options_;
    const Clock::time_point start_ = Clock::now();
    const Clock::time_point end_ = start_ + std::chrono::seconds(options_.seconds);
    const std::unique_ptr<std::FILE, void (*)(std::FILE*)> csv_;
    Faults faults_;
    Ledger ledger_;
    Judge judge_{2 * options_.seconds + 100};
    asio::thread_pool pool_{2};
    // pools that are soon as large as they may be, and overflow in each round
    event::EventBus bus_{
        pool_.get_executor(),
        {.on_slow_subscriber = [](const event::SlowSubscriber&) {}, .pooled_bytes = 8 * 1024, .name = "soak"}};
    event::Emitter<State> states_ = bus_.emitter<State>({.retain = true, .name = "soak"});
    Network network_{pool_, faults_};
    event::Value<State> hub_state_ = network_.hub().bus().value<State>();
    event::ValueView<std::size_t> counted_ = bus_.emitter_count<Passing<0>>();  // so it keeps its name
    host::Tasks tasks_{pool_.get_executor(), [this](std::string_view who, std::string_view what) {
                           faults_.add(fmt::format("{} has failed: {}", who, what));
                       }};
    Watchdog watchdog_{
        [this] { return ledger_.emits(); },
        [this] { return fmt::format("{}\n{}", to_string(bus_.report()), to_string(network_.hub().bus().report())); }};
};

}  // namespace
}  // namespace soak

int main(int count, char** arguments) {
    soak::restart_without_thread_caches(arguments);
    soak::Options options;
    const auto number = [](std::string_view text) {
        unsigned value = 0;
        std::from_chars(text.data(), text.data() + text.size(), value);
        return value;
    };
    if (const char* seconds = std::getenv("EVENTBUS_SOAK_SECONDS")) options.seconds = number(seconds);
    const std::span all(arguments, static_cast<std::size_t>(count));
    for (std::size_t i = 1; i + 1 < all.size(); i += 2) {
        const std::string_view name = all[i];
        if (name == "--seconds") options.seconds = number(all[i + 1]);
        if (name == "--seed") options.seed = number(all[i + 1]);
        if (name == "--csv") options.csv = all[i + 1];
    }
    return soak::Soak(options).run();
}
