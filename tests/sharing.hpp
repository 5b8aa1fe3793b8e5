#pragma once

/// What the tests of shared queues have in common.

#include "support.hpp"

#include <fmt/format.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace sharing_test {

using namespace support;
using Numbers = event::Subscription<Number>;

/// Receives once, and notes who got what.
class Worker {
public:
    Worker(Numbers handle, std::string name, std::vector<std::string>& log)
        : handle_(std::move(handle)), name_(std::move(name)), log_(&log) {}

    void receive() {
        handle_.async_receive(asio::bind_cancellation_slot(
            cancel_->slot(), [name = name_, &log = *log_](error_code error, const event::Delivery<Number>& delivery) {
                log.push_back(delivery ? fmt::format("{} {}", name, delivery->value)
                                       : fmt::format("{}: {}", name, error.message()));
            }));
    }
    void cancel() { cancel_->emit(asio::cancellation_type::total); }
    [[nodiscard]] Numbers& handle() { return handle_; }

private:
    std::unique_ptr<asio::cancellation_signal> cancel_ = std::make_unique<asio::cancellation_signal>();
    Numbers handle_;
    std::string name_;
    std::vector<std::string>* log_;
};

/// In a ring, from which one receiver would take without the lock, and in linked slots.
class ASharedQueue : public testing::TestWithParam<event::Backpressure> {
protected:
    ASharedQueue() {
        Numbers first = bus_.subscribe<Number>({.capacity = 4, .on_full = GetParam(), .name = "shared"});
        for (const char* name : {"b", "c"}) workers_.emplace_back(first.share(), name, log_);
        workers_.emplace(workers_.begin(), std::move(first), "a", log_);
    }
    void emit(int number) { emitter_.emit({number}); }
    [[nodiscard]] event::SubscriptionStat stat() { return bus_.report().subscriptions.at(0); }

    asio::io_context io_;
    event::EventBus bus_{io_, {.on_slow_subscriber = [](const event::SlowSubscriber&) {}}};
    event::Emitter<Number> emitter_ = bus_.emitter<Number>();
    std::vector<std::string> log_;
    std::vector<Worker> workers_;
};

}  // namespace sharing_test
