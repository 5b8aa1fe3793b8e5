#include "chaos/operations.hpp"
#include "chaos/watchdog.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace chaos {
namespace {

std::array<Books, kinds>& books() noexcept {
    static std::array<Books, kinds> all;
    return all;
}

constexpr std::array<const char*, kinds> names{"receive", "receive_some", "wait",   "closed",     "ready",
                                               "emit",    "get",          "get_if", "wait_newer", "push"};

}  // namespace

Books& books_of(Kind kind) noexcept { return books()[static_cast<std::size_t>(kind)]; }

std::uint64_t pending() noexcept {
    std::uint64_t sum = 0;
    for (const Books& book : books()) sum += book.pending();
    return sum;
}

std::uint64_t destroyed() noexcept {
    std::uint64_t sum = 0;
    for (const Books& book : books()) sum += book.destroyed.load();
    return sum;
}

void open_books() noexcept {
    for (Books& book : books()) {
        book.begun = 0;
        book.completed = 0;
        book.destroyed = 0;
    }
}

void wait_until_all_have_ended() noexcept {
    while (pending() != 0) std::this_thread::yield();
}

std::string pending_operations() {
    std::string text;
    for (std::size_t kind = 0; kind < kinds; ++kind) {
        const Books& book = books()[kind];
        text += fmt::format("  {}: {} begun, {} completed, {} destroyed, {} pending\n", names[kind], book.begun.load(),
                            book.completed.load(), book.destroyed.load(), book.pending());
    }
    return text;
}

void Token::complete() noexcept {
    EXPECT_NE(books_, nullptr) << "an operation completes once";
    if (books_ != nullptr) std::exchange(books_, nullptr)->completed.fetch_add(1, std::memory_order_relaxed);
}

void Flaky::fail_now_and_then() {
    thread_local bool has_just_failed = false;
    has_just_failed = !has_just_failed && Disturbed::random().one_in(4);
    if (has_just_failed) throw std::bad_alloc();
}

Home::Home(std::uint32_t number)
    : work_(io_.get_executor()), thread_([this, number] {
          const Disturbed disturbed(number, "a context's thread");
          io_.run();
      }) {}

void Home::end() {
    work_.reset();
    if (thread_.joinable()) thread_.join();
}

}  // namespace chaos
