#include "chaos/director.hpp"

#include <chrono>
#include <thread>
#include <utility>

namespace chaos {
namespace {

constexpr auto relaxed = std::memory_order_relaxed;

std::atomic<std::uint64_t> passes{0};
std::atomic<std::uint64_t> answers{0};
// written between the rounds
std::array<std::uint32_t, points> odds{};  // of 1024
std::uint64_t round_seed = 0;
thread_local ThreadState* current = nullptr;
thread_local Meanwhile* meanwhile_here = nullptr;

void hold(ThreadState& thread, const void* what) noexcept {
    thread.waits_for.store(nullptr, relaxed);
    for (auto& held : thread.holds)
        if (held.load(relaxed) == nullptr) return held.store(what, relaxed);
}

void let_go(ThreadState& thread, const void* what) noexcept {
    for (auto& held : thread.holds)
        if (held.load(relaxed) == what) return held.store(nullptr, relaxed);
}

void note(ThreadState& thread, Point point, const void* what) noexcept {
    switch (point) {
        case Point::before_lock:
        case Point::awaits_callback:
        case Point::before_death:
            return thread.waits_for.store(what, relaxed);
        case Point::not_locked:
        case Point::callback_is_over:
        case Point::death:
            return thread.waits_for.store(nullptr, relaxed);
        case Point::locked:
        case Point::before_callback:
        case Point::pinned:
            return hold(thread, what);
        case Point::unlocked:
        case Point::after_callback:
        case Point::unpinned:
            return let_go(thread, what);
        default:
            return;
    }
}

void hand_over(Random& random) noexcept {
    constexpr std::chrono::microseconds longest{200};
    const std::uint64_t until = passes.load(relaxed) + 1 + random.below(8);
    const auto began = std::chrono::steady_clock::now();
    while (passes.load(relaxed) < until && std::chrono::steady_clock::now() - began < longest)
        std::this_thread::yield();
}

void answer(Random& random) noexcept {
    answers.fetch_add(1, relaxed);
    const std::uint32_t drawn = random.below(64);
    if (drawn == 0) return std::this_thread::sleep_for(std::chrono::milliseconds(1));  // who waits goes to sleep, too
    if (drawn < 16) return std::this_thread::sleep_for(std::chrono::microseconds(random.below(60)));
    if (drawn < 28) return hand_over(random);
    std::this_thread::yield();
}

}  // namespace

std::array<ThreadState, 64>& threads() noexcept {
    static std::array<ThreadState, 64> all;
    return all;
}

Disturbed::Disturbed(std::uint32_t number, const char* role) noexcept {
    for (ThreadState& thread : threads()) {
        const char* none = nullptr;
        if (!thread.role.compare_exchange_strong(none, role)) continue;
        thread.number.store(number, relaxed);
        thread.random = Random(round_seed + number);
        current = &thread;
        return;
    }
}

Disturbed::~Disturbed() {
    if (current == nullptr) return;
    for (auto& held : current->holds) held.store(nullptr, relaxed);
    current->waits_for.store(nullptr, relaxed);
    std::exchange(current, nullptr)->role.store(nullptr);
}

Random& Disturbed::random() noexcept { return current->random; }

Meanwhile::Meanwhile(Point point, std::function<void()> act) : point_(point), act_(std::move(act)) {
    meanwhile_here = this;
}

Meanwhile::~Meanwhile() { meanwhile_here = nullptr; }

void Meanwhile::come_to(Point point) {
    if (point == point_ && act_) std::exchange(act_, nullptr)();
}

void draw_rule(std::uint64_t seed) noexcept {
    round_seed = seed;
    Random random(seed);
    for (std::uint32_t& odd : odds) {
        const std::uint32_t draw = random.below(10);
        odd = draw < 3 ? 0 : draw < 7 ? 4 : draw < 9 ? 32 : 128;
    }
}

void disturb() noexcept {
    if (current != nullptr) answer(current->random);
}

std::uint64_t disturbances() noexcept { return answers.load(relaxed); }

const char* name_of(Point point) noexcept {
    constexpr std::array<const char*, points> names{"is before a lock",
                                                    "got a lock",
                                                    "did not get a lock",
                                                    "gave a lock back",
                                                    "is before a publish",
                                                    "published",
                                                    "began an operation",
                                                    "parked",
                                                    "claimed an operation",
                                                    "is between two looks",
                                                    "is before a wake-up",
                                                    "woke",
                                                    "cancelled an operation",
                                                    "ended an operation",
                                                    "let go",
                                                    "offered a turn",
                                                    "passed a turn on",
                                                    "moves a topic",
                                                    "moved a topic",
                                                    "registers a listener",
                                                    "registered a listener",
                                                    "pinned a context",
                                                    "unpinned a context",
                                                    "waits to end a context",
                                                    "ended a context",
                                                    "is before a callback",
                                                    "was in a callback",
                                                    "waits for a callback",
                                                    "waited for a callback"};
    return names[static_cast<std::size_t>(point)];
}

}  // namespace chaos

void event::detail::at_point(Point point, const void* what) noexcept {
    using namespace chaos;
    if (meanwhile_here != nullptr) meanwhile_here->come_to(point);
    if (current == nullptr) return;
    passes.fetch_add(1, relaxed);
    current->point.store(point, relaxed);
    current->what.store(what, relaxed);
    current->passed.fetch_add(1, relaxed);
    note(*current, point, what);
    if (current->random.below(1024) < odds[static_cast<std::size_t>(point)]) answer(current->random);
}
