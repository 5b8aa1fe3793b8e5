#pragma once

#include "chaos/director.hpp"

#include <boost/asio/execution/blocking.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/require.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <thread>
#include <utility>

/// Where operations run in the chaos, and the books that are kept of them: each that was begun completes, once, or is
/// destroyed with a context of its own, and never otherwise.

namespace chaos {

namespace asio = boost::asio;

enum class Kind : std::uint8_t { receive, receive_some, wait, closed, ready, emit, get, get_if, wait_newer, push };
inline constexpr std::size_t kinds = static_cast<std::size_t>(Kind::push) + 1;

struct Books {
    std::atomic<std::uint64_t> begun{0};
    std::atomic<std::uint64_t> completed{0};
    std::atomic<std::uint64_t> destroyed{0};

    [[nodiscard]] std::uint64_t pending() const noexcept { return begun.load() - completed.load() - destroyed.load(); }
};
[[nodiscard]] Books& books_of(Kind kind) noexcept;
[[nodiscard]] std::uint64_t pending() noexcept;
[[nodiscard]] std::uint64_t destroyed() noexcept;
/// Empties the books; those of the round before are closed.
void open_books() noexcept;
void wait_until_all_have_ended() noexcept;

/// One operation, as its handler holds it.
class Token {
public:
    explicit Token(Kind kind) noexcept : books_(&books_of(kind)) {
        books_->begun.fetch_add(1, std::memory_order_relaxed);
    }
    Token(Token&& other) noexcept : books_(std::exchange(other.books_, nullptr)) {}
    Token& operator=(Token&&) = delete;
    ~Token() {
        if (books_ != nullptr) books_->destroyed.fetch_add(1, std::memory_order_relaxed);
    }
    void complete() noexcept;

private:
    Books* books_;
};

/// A handler that has nothing to do but its token's.
class Ends {
public:
    explicit Ends(Kind kind) noexcept : token_(kind) {}
    template <class... Values>
    void operator()(const Values&...) {
        token_.complete();
    }

private:
    Token token_;
};

/// An executor of a context whose posts fail now and then, but never twice in a row on a thread.
class Flaky {
public:
    explicit Flaky(asio::io_context& io) noexcept : io_(&io) {}
    asio::execution_context& query(asio::execution::context_t) const noexcept { return *io_; }
    static constexpr auto query(asio::execution::blocking_t) noexcept { return asio::execution::blocking.never; }
    bool operator==(const Flaky&) const noexcept = default;
    template <class Function>
    void execute(Function function) const {
        fail_now_and_then();
        asio::require(io_->get_executor(), asio::execution::blocking.never).execute(std::move(function));
    }

private:
    static void fail_now_and_then();

    asio::io_context* io_;
};

/// A context, and the thread that runs it.
class Home {
public:
    explicit Home(std::uint32_t number);
    Home(const Home&) = delete;
    Home& operator=(const Home&) = delete;
    ~Home() { end(); }

    /// Waits until its work is done.
    void end();
    [[nodiscard]] asio::io_context& io() noexcept { return io_; }

private:
    asio::io_context io_;
    asio::executor_work_guard<asio::io_context::executor_type> work_;
    std::thread thread_;
};

}  // namespace chaos
