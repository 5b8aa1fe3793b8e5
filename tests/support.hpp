#pragma once

/// What the tests share: events, a way to look at a completion, coroutine tests, and a context driven by hand.

#include <event/all.hpp>
#include <event/testing.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace support {

namespace asio = boost::asio;
using boost::system::error_code;
using event::testing::drive;
using event::testing::take_all;

struct Number {
    int value = 0;
    friend bool operator==(const Number&, const Number&) = default;
};
struct Letter {
    char value = 0;
};
/// Too large to be copied into each queue, and not trivially copyable.
struct Text {
    std::string value;
};
struct Silent {};

/// A completion as a test sees it: nothing yet, or an error and a value. Handlers keep what they report alive.
template <class T>
class Completion {
    struct State {
        int count = 0;
        error_code error;
        T value{};
    };

public:
    class Handler {
    public:
        explicit Handler(std::shared_ptr<State> state) : state_(std::move(state)) {}
        void operator()(error_code error, T value) const {
            ++state_->count;
            state_->error = error;
            state_->value = std::move(value);
        }
        void operator()(error_code error) const
            requires(std::is_same_v<T, bool>)
        {
            (*this)(error, !error);
        }

    private:
        std::shared_ptr<State> state_;
    };

    /// For one operation.
    [[nodiscard]] Handler handler() const { return Handler(state_); }
    [[nodiscard]] bool done() const { return state_->count == 1; }
    [[nodiscard]] error_code error() const { return state_->error; }
    [[nodiscard]] T& value() { return state_->value; }
    /// The handler was neither invoked nor is it alive any more.
    [[nodiscard]] bool destroyed() const { return state_->count == 0 && state_.use_count() == 1; }
    [[nodiscard]] bool pending() const { return state_->count == 0 && state_.use_count() > 1; }

private:
    std::shared_ptr<State> state_ = std::make_shared<State>();
};

/// Ended in one of the two ways that are allowed where something is gone.
template <class T>
bool ended(const Completion<T>& completion) {
    return completion.destroyed() || (completion.done() && completion.error());
}

inline std::vector<int> numbers(event::Subscription<Number>& subscription) {
    std::vector<int> values;
    while (auto delivery = subscription.try_receive()) values.push_back((*delivery)->value);
    return values;
}

/// Runs a coroutine to its end on a context driven by hand; a coroutine that still waits then is a failure.
inline void run_coroutine(asio::io_context& io, asio::awaitable<void> coroutine) {
    bool done = false;
    std::exception_ptr failure;
    asio::co_spawn(io, std::move(coroutine), [&](std::exception_ptr e) {
        done = true;
        failure = e;
    });
    drive(io);
    if (failure) std::rethrow_exception(failure);
    ASSERT_TRUE(done) << "the coroutine is still waiting";
}

}  // namespace support

/// A test whose body is a coroutine; `io` is the context that it runs on.
#define CO_TEST(suite, name)                                                                \
    static boost::asio::awaitable<void> suite##_##name##_body(boost::asio::io_context& io); \
    TEST(suite, name) {                                                                     \
        boost::asio::io_context io;                                                         \
        support::run_coroutine(io, suite##_##name##_body(io));                              \
    }                                                                                       \
    static boost::asio::awaitable<void> suite##_##name##_body([[maybe_unused]] boost::asio::io_context& io)
