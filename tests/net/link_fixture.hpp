#pragma once

/// Two buses, a stream between them, and a link on each end, driven by hand.

#include "../support.hpp"
#include "duplex.hpp"

#include <event/net/link.hpp>
#include <event/testing.hpp>

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace links {

namespace asio = boost::asio;
using event::net::error_code;
using event::testing::drive;

struct Joined {
    static constexpr std::string_view event_name = "joined";
    std::string peer;
    int room = 0;
};
struct Left {
    static constexpr std::string_view event_name = "left";
    std::string peer;
};
struct Count {
    static constexpr std::string_view event_name = "count";
    int value = 0;
};

using Link = event::net::Link<duplex::End>;
using event::net::end_code;
using event::net::LinkOptions;
using event::net::LinkStat;
using event::net::LinkState;
using event::net::Reason;

/// One side.
struct Node {
    explicit Node(asio::io_context& io) : io_(io), bus(io, {.on_slow_subscriber = [](const auto&) {}}) {}

    void make(duplex::End&& end, LinkOptions options = {}) {
        options.on_subscription_ended = [this](const event::net::EndedSubscription& subscription) {
            ended.push_back(subscription);
        };
        options.on_slow_subscriber = [](const auto&) {};
        link.emplace(bus, std::move(end), std::move(options));
    }
    void run() {
        result.reset();
        link->async_run(
            asio::bind_cancellation_slot(cancel.slot(), [this](const error_code& error) { result = error; }));
    }
    [[nodiscard]] bool is_over() const { return result.has_value(); }

    asio::io_context& io_;
    event::EventBus bus;
    std::vector<event::net::EndedSubscription> ended;
    asio::cancellation_signal cancel;
    std::optional<error_code> result;
    std::optional<Link> link;
};

class Links : public testing::Test {
protected:
    void connect(LinkOptions here = {}, LinkOptions there = {}) {
        auto [a, b] = duplex::pair(io_);
        out_.emplace(a.outgoing());
        back_.emplace(b.outgoing());
        here_.make(std::move(a), std::move(here));
        there_.make(std::move(b), std::move(there));
    }
    void run() {
        here_.run();
        there_.run();
        drive(io_);
    }
    void pass(std::chrono::steady_clock::duration time) { event::testing::drive_for(io_, clock_, time); }

    asio::io_context io_;
    event::testing::ManualClock clock_{io_};
    Node here_{io_};
    Node there_{io_};
    std::optional<duplex::Pipe> out_;   // from here to there
    std::optional<duplex::Pipe> back_;  // from there to here
};

}  // namespace links
