#include "chaos/director.hpp"
#include "chaos/watchdog.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <utility>
#include <vector>

namespace chaos {
namespace {

constexpr std::chrono::milliseconds between_looks{20};
// A round takes some ten milliseconds, under a sanitizer on a busy machine a second or two.
#ifdef EVENTBUS_LONG_STRESS
constexpr std::chrono::seconds longest_round{60};
#else
constexpr std::chrono::seconds longest_round{20};
#endif
// So often the same circle is seen, by threads that have passed no point meanwhile.
constexpr int looks_at_a_circle = 10;

/// Who holds what the thread waits for; null if nobody does. A context that dies does not wait for its own thread.
const ThreadState* waits_for(const ThreadState& thread) {
    const void* wanted = thread.waits_for.load(std::memory_order_relaxed);
    if (wanted == nullptr) return nullptr;
    for (const ThreadState& other : threads()) {
        if (other.role.load() == nullptr) continue;
        if (&other == &thread && thread.point.load(std::memory_order_relaxed) == Point::before_death) continue;
        for (const auto& held : other.holds)
            if (held.load(std::memory_order_relaxed) == wanted) return &other;
    }
    return nullptr;
}

struct Waiting {
    const ThreadState* thread;
    std::uint64_t passed;
    bool operator==(const Waiting&) const = default;
};

/// The first circle that is found: each waits for the next one.
std::vector<Waiting> circle() {
    for (const ThreadState& first : threads()) {
        std::vector<Waiting> path;
        const ThreadState* at = first.role.load() != nullptr ? &first : nullptr;
        for (; at != nullptr && path.size() < threads().size(); at = waits_for(*at)) {
            if (at == &first && !path.empty()) return path;
            path.push_back({at, at->passed.load(std::memory_order_relaxed)});
        }
    }
    return {};
}

}  // namespace

Watchdog::Watchdog(std::string round) : round_(std::move(round)), thread_([this] { run(); }) {}

Watchdog::~Watchdog() {
    {
        const std::lock_guard guard(mutex_);
        is_over_ = true;
    }
    over_.notify_one();
    thread_.join();
}

void Watchdog::run() {
    const auto began = std::chrono::steady_clock::now();
    std::vector<Waiting> seen;
    std::unique_lock lock(mutex_);
    for (int times = 0; !over_.wait_for(lock, between_looks, [this] { return is_over_; });) {
        auto now = circle();
        times = !now.empty() && now == seen ? times + 1 : 0;
        seen = std::move(now);
        if (times == looks_at_a_circle) give_up("threads wait for each other in a circle");
        if (std::chrono::steady_clock::now() - began > longest_round) give_up("something waits for ever");
    }
}

void Watchdog::give_up(const char* why) const {
    std::string text = fmt::format("\nchaos: {}, in {}\n", why, round_);
    for (const ThreadState& thread : threads()) {
        const char* role = thread.role.load();
        if (role == nullptr) continue;
        text += fmt::format("  {} ({}) {} {}, after {} points", role, thread.number.load(std::memory_order_relaxed),
                            name_of(thread.point.load(std::memory_order_relaxed)),
                            thread.what.load(std::memory_order_relaxed), thread.passed.load(std::memory_order_relaxed));
        if (const void* wanted = thread.waits_for.load(std::memory_order_relaxed)) {
            const ThreadState* holder = waits_for(thread);
            text += fmt::format(
                "; waits for {}, which {} has", wanted,
                holder != nullptr ? fmt::format("{} ({})", holder->role.load(), holder->number.load()) : "nobody");
        }
        for (const auto& held : thread.holds)
            if (const void* what = held.load(std::memory_order_relaxed)) text += fmt::format("; has {}", what);
        text += '\n';
    }
    text += pending_operations();
    std::fputs(text.c_str(), stderr);
    std::fflush(stderr);
    std::abort();
}

}  // namespace chaos
