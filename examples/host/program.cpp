#include "program.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/signal_set.hpp>

#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <exception>
#include <optional>
#include <thread>
#include <utility>

namespace host {

using namespace std::chrono_literals;

namespace {

constexpr auto grace = 10s;

class Program {
public:
    explicit Program(Console& console) : console_(console) {}

    int run(const std::function<asio::awaitable<int>(asio::io_context&, Interrupted)>& body) {
        signals_.async_wait([this](const error_code& error, int signal) {
            if (error) return;
            signals_.clear();  // the next one is deadly again
            console_.log("", "", fmt::format("{}: ending", signal == SIGINT ? "interrupted" : "terminated"));
            interrupted_.set(signal);
        });
        asio::co_spawn(asio::make_strand(io_), body(io_, interrupted_.view()),
                       [this](const std::exception_ptr& failure, int status) {
                           if (failure) failed(failure);
                           signals_.cancel();
                           status_ = status;
                           has_ended_ = true;
                       });
        std::thread second([this] { run_context(); });
        watch();
        second.join();
        return is_clean_ ? status_.load() : 1;
    }

private:
    void run_context() {
        try {
            io_.run();
        } catch (...) {
            failed(std::current_exception());
            io_.stop();
        }
    }

    /// Runs the context too, and now and then looks whether it should be over.
    void watch() {
        std::optional<std::chrono::steady_clock::time_point> deadline;
        while (!io_.stopped() && is_clean_) {
            try {
                io_.run_for(100ms);
            } catch (...) {
                failed(std::current_exception());
            }
            const auto now = std::chrono::steady_clock::now();
            if (!deadline && (has_ended_ || interrupted_.try_get())) deadline = now + grace;
            if (!deadline || now < *deadline || io_.stopped()) continue;
            console_.log("", "", has_ended_ ? "something is left that does not end" : "does not end");
            is_clean_ = false;
        }
        io_.stop();
        if (is_clean_ && has_ended_) console_.log("", "", "the end: nothing is left");
    }

    void failed(const std::exception_ptr& failure) {
        is_clean_ = false;
        try {
            std::rethrow_exception(failure);
        } catch (const std::exception& error) {
            console_.log("", "", fmt::format("failed: {}", error.what()));
        }
    }

    Console& console_;
    asio::io_context io_;
    event::Value<int> interrupted_{io_};
    asio::signal_set signals_{io_, SIGINT, SIGTERM};
    std::atomic<bool> has_ended_ = false;
    std::atomic<bool> is_clean_ = true;
    std::atomic<int> status_ = 1;
};

}  // namespace

int run_program(Console& console, std::function<asio::awaitable<int>(asio::io_context&, Interrupted)> body) {
    Program program(console);
    return program.run(body);
}

}  // namespace host
