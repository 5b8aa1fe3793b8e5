#pragma once

#include "../support.hpp"

#include <functional>
#include <utility>

namespace support {

/// Number and Letter share a domain: a filter of Letter's runs under the lock of both.
class InFilter : public testing::Test {
protected:
    /// Emits a Letter, whose filter does that.
    void in_filter(std::function<void()> action) {
        action_ = std::move(action);
        trigger_.emit({'x'});
        EXPECT_FALSE(action_) << "it was not done";
    }
    /// In a filter: runs what is ready; whether that was refused.
    [[nodiscard]] static bool is_refused_to_run(asio::io_context& io) {
        io.restart();
        try {
            io.poll();
        } catch (const boost::system::system_error& error) {
            EXPECT_EQ(error.code(), boost::system::errc::resource_deadlock_would_occur);
            return true;
        }
        return false;
    }
    void expect_refused() {
        in_filter([&] { EXPECT_TRUE(is_refused_to_run(io_)); });
    }
    void expect_not_refused() {
        in_filter([&] { EXPECT_FALSE(is_refused_to_run(io_)); });
    }

    asio::io_context io_;
    event::EventBus bus_{io_};
    event::Emitter<Number> emitter_ = bus_.emitter<Number>();
    event::Emitter<Letter> trigger_ = bus_.emitter<Letter>();

private:
    std::function<void()> action_;
    event::Subscription<Number, Letter> together_ = bus_.subscribe<Number, Letter>({.on_full = event::Drop{}});
    event::Subscription<Letter> filtered_ =
        bus_.subscribe<Letter>({.on_full = event::DropOldest{}}, event::where([this](const Letter&) {
                                   if (const auto action = std::exchange(action_, nullptr)) action();
                                   return true;
                               }));
};

}  // namespace support
