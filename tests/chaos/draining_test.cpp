/// A queue that is to be drained, and whose receiver has just seen that it was empty: one thread does here what two do
/// elsewhere.

#include "chaos/director.hpp"

#include <event/bus.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/system/error_code.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <vector>

namespace chaos {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

struct Number {
    int value;
};

/// An event comes to a receiver that has looked whether there is one, and then its queue is to be drained: by itself,
/// or because the bus goes.
class Draining : public testing::TestWithParam<bool> {
protected:
    void emit(int value) { EXPECT_EQ(emitter.emit({value}).delivered, 1U); }
    void drain(event::Subscription<Number>& subscription) {
        GetParam() ? bus.reset() : subscription.close_after_drain();
    }

    asio::io_context io;
    std::optional<event::EventBus> bus{std::in_place, io};
    event::Emitter<Number> emitter = bus->emitter<Number>();
};

TEST_P(Draining, AHandlerIsCalledForWhatCameBetweenItsLooks) {
    std::vector<int> handled;
    std::optional<error_code> end;
    std::optional<Meanwhile> meanwhile;
    std::function<void()> act;
    auto subscription = bus->subscribe<Number>({}, [&](const Number& number) {
        handled.push_back(number.value);
        if (!meanwhile) meanwhile.emplace(Point::between_looks, act);
    });
    act = [&] {
        emit(2);
        drain(subscription);
    };
    subscription.async_closed([&](error_code why) { end = why; });
    emit(1);
    io.poll();
    EXPECT_TRUE(meanwhile && meanwhile->was_done());
    EXPECT_EQ(handled, (std::vector{1, 2}));
    EXPECT_EQ(end, event::errc::closed);
}

TEST_P(Draining, AReceiveTakesWhatCameBetweenItsLooks) {
    auto subscription = bus->subscribe<Number>();
    std::vector<int> received;
    error_code end;
    std::function<void()> receive = [&] {
        subscription.async_receive([&](error_code error, const event::Delivery<Number>& delivery) {
            if (error) {
                end = error;
            } else {
                received.push_back(delivery->value);
                receive();
            }
        });
    };
    emit(1);
    receive();
    EXPECT_TRUE(subscription.try_receive()) << "it was woken for that, and now runs in vain";
    const Meanwhile meanwhile(Point::between_looks, [&] {
        emit(2);
        drain(subscription);
    });
    io.poll();
    EXPECT_TRUE(meanwhile.was_done());
    EXPECT_EQ(received, (std::vector{2}));
    EXPECT_EQ(end, event::errc::closed);
}

INSTANTIATE_TEST_SUITE_P(, Draining, testing::Bool(),
                         [](const auto& bus_goes) { return bus_goes.param ? "WhereTheBusGoes" : "ByItself"; });

}  // namespace
}  // namespace chaos
