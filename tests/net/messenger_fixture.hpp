#pragma once

/// Hosts with messengers, and links in memory between them, driven by hand.

#include "link_fixture.hpp"

#include <event/net/messenger.hpp>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace messenger_test {

using namespace links;
using namespace std::chrono_literals;
using event::net::Dialed;
using event::net::MessengerOptions;
using event::net::PeerConnected;
using event::net::PeerDisconnected;
using event::net::PeerId;
using event::net::PeerResult;
using event::net::Undelivered;
using testing::ElementsAre;
using testing::IsEmpty;

struct Chat {
    static constexpr std::string_view event_name = "chat";
    std::string text;
};
struct Get {
    static constexpr std::string_view event_name = "get";
    std::string key;
};
struct Got {
    static constexpr std::string_view event_name = "got";
    std::string value;
};
struct Alarm {
    static constexpr std::string_view event_name = "alarm";
    static constexpr auto message_priority = event::net::Priority::urgent;
    int level = 0;
};
struct Small {
    static constexpr std::string_view event_name = "small";
    static constexpr std::size_t max_wire_size = 8;
    std::string text;
};
/// Not everything that can be written can be read.
struct Picky {
    static constexpr std::string_view event_name = "picky";
    bool is_readable = true;
};

}  // namespace messenger_test

template <>
struct event::net::Codec<messenger_test::Picky> {
    static void encode(const messenger_test::Picky& picky, Writer& writer) { writer.write(picky.is_readable); }
    static error_code decode(messenger_test::Picky& picky, Reader& reader) {
        if (const error_code error = reader.read(picky.is_readable)) return error;
        return picky.is_readable ? error_code() : reader.fail(errc::invalid_value);
    }
};

namespace messenger_test {

using Messenger = event::net::Messenger<Chat, Alarm, Small, Picky, Get, Got>;

inline std::string text(const Messenger::message_type& message) {
    if (const auto* chat = message.get_if<Chat>()) return message.from() + ": " + chat->text;
    if (const auto* alarm = message.get_if<Alarm>()) return fmt::format("{}: alarm {}", message.from(), alarm->level);
    return message.from() + ": small";
}
inline std::vector<std::string> take_all(Messenger& messenger) {
    std::vector<std::string> all;
    while (const auto message = messenger.try_receive()) all.push_back(text(*message));
    return all;
}

/// A host with a messenger, and links to others.
class Host {
public:
    Host(asio::io_context& io, std::string name, std::uint64_t epoch, MessengerOptions options = {})
        : name_(std::move(name)),
          epoch_(epoch),
          bus(io),
          announced(bus.subscribe<PeerConnected, PeerDisconnected, Undelivered>()),
          messenger(std::in_place, bus, std::move(options)) {}

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] std::uint64_t epoch() const { return epoch_; }
    Link& add(duplex::End&& end, const PeerId& peer, Dialed by) {
        Link& link = links.emplace_back(
            bus, std::move(end),
            LinkOptions{.epoch = epoch_, .on_subscription_ended = [this](const auto& one) { ended.push_back(one); }});
        messenger->attach(link, peer, by);
        return link;
    }
    void run(Link& link) {
        link.async_run([this](const error_code& error) { results.push_back(error); });
    }
    std::vector<std::string> taken() { return take_all(*messenger); }
    std::vector<std::string> announcements() {
        std::vector<std::string> all;
        while (const auto delivery = announced.try_receive()) {
            delivery->visit(
                [&](const PeerConnected& one) { all.push_back("+" + one.peer); },
                [&](const PeerDisconnected& one) { all.push_back("-" + one.peer); },
                [&](const Undelivered& one) {
                    all.push_back(fmt::format("{}: {} unsent, {} unconfirmed", one.peer, one.unsent, one.unconfirmed));
                });
        }
        return all;
    }

private:
    std::string name_;
    std::uint64_t epoch_;

public:
    event::EventBus bus;
    event::Subscription<PeerConnected, PeerDisconnected, Undelivered> announced;
    std::optional<Messenger> messenger;
    std::list<Link> links = {};
    std::vector<event::net::EndedSubscription> ended = {};
    std::vector<error_code> results = {};
};

class AMessenger : public testing::Test {
protected:
    Host& host(const std::string& name, MessengerOptions options = {}) {
        return hosts_.emplace_back(io_, name, hosts_.size() + 1, std::move(options));
    }
    struct Between {
        Link& a;
        Link& b;
        duplex::Pipe there;
        duplex::Pipe back;
    };
    /// `a` has dialed.
    Between connect(Host& a, Host& b) {
        auto [one, other] = duplex::pair(io_);
        const duplex::Pipe there = one.outgoing(), back = other.outgoing();
        Link& here = a.add(std::move(one), b.name(), Dialed::here);
        Link& far = b.add(std::move(other), a.name(), Dialed::there);
        a.run(here);
        b.run(far);
        return {here, far, there, back};
    }
    void pass(std::chrono::steady_clock::duration time) { event::testing::drive_for(io_, clock_, time); }

    asio::io_context io_;
    event::testing::ManualClock clock_{io_};
    std::list<Host> hosts_;
};

}  // namespace messenger_test
