#pragma once

/// One side of a link, which writes down what happens to it, and two of them in memory.

#include "net/bytes.hpp"
#include "net/protocol/protocol.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace net_test {

using namespace std::chrono_literals;
using namespace event::net::protocol;
using event::net::end_code;
using event::net::LinkLimits;
using event::net::LinkState;
using event::net::LinkTimes;
using event::net::Reason;
using event::net::Side;
using Log = std::vector<std::string>;

inline std::string text_of(View bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
inline View view(std::string_view text) { return std::as_bytes(std::span(text)); }

class Peer final : public Actions {
public:
    explicit Peer(const Options& options = {}) : protocol(options, *this) {}

    std::function<void()> on_opened;
    std::function<void(Alias)> on_subscribed;
    std::function<void()> on_event;
    std::function<void()> on_ended_alias;
    std::function<void()> on_ended;

    Log log;
    Protocol protocol;

    /// What happened since the last time.
    Log happened() { return std::exchange(log, {}); }

    /// Subscribes to types of these names, whose events have up to 100 bytes.
    Alias subscribe(std::vector<std::string_view> names, Mode mode = Mode::events, bool replay = false) {
        Subscribe wanted{.mode = mode, .replay = replay};
        for (const std::string_view name : names) wanted.types.push_back({.name = name, .schema = "{}", .keys = {}});
        return protocol.subscribe(wanted, std::vector<std::size_t>(names.size(), 100), refusal);
    }
    Reason refusal;

    Sent send(Alias alias, std::string_view payload, std::uint64_t missed = 0) {
        return protocol.send_event({.alias = alias, .missed = missed, .payload = view(payload)});
    }
    Sent set(Alias alias, std::string_view key, std::uint64_t version, std::string_view value) {
        return protocol.send_state({.alias = alias, .version = version, .key = view(key), .payload = view(value)});
    }

    void opened(const Hello&) noexcept override {
        log.emplace_back("opened");
        if (on_opened) on_opened();
    }
    void subscribed(const Subscribe& subscribe) noexcept override {
        std::string names;
        for (const Subscribe::Type& type : subscribe.types) {
            names += fmt::format(" {}", type.name);
            for (const View key : type.keys) names += fmt::format(":{}", text_of(key));
        }
        log.push_back(fmt::format("subscribed {}{}{}{}", subscribe.alias, names,
                                  subscribe.mode == Mode::latest ? " latest" : "", subscribe.replay ? " replay" : ""));
        if (on_subscribed) on_subscribed(subscribe.alias);
    }
    void unsubscribed(Alias alias, const Reason& reason) noexcept override {
        log.push_back(fmt::format("unsubscribed {}: {}", alias, to_string(reason)));
    }
    void event(const Event& event) noexcept override {
        log.push_back(fmt::format("event {}.{} {}{}{}", event.alias, event.type, text_of(event.payload),
                                  event.missed == 0 ? "" : fmt::format(" missed {}", event.missed),
                                  event.replayed ? " replayed" : ""));
        if (on_event) on_event();
    }
    void state(const State& state) noexcept override {
        log.push_back(fmt::format("state {} {} {} v{}", state.alias, text_of(state.key),
                                  state.present ? text_of(state.payload) : "gone", state.version));
    }
    void ended(Alias alias, const Reason& reason) noexcept override {
        log.push_back(fmt::format("{} {}", alias, to_string(reason)));
        if (on_ended_alias) on_ended_alias();
    }
    void ended(const Reason& reason) noexcept override {
        log.push_back(to_string(reason));
        if (on_ended) on_ended();
    }
};

/// Takes up to so many bytes from a side, as one that wrote them all.
inline Bytes taken_from(Peer& from, Moment now, std::size_t most = std::numeric_limits<std::size_t>::max()) {
    const View output = from.protocol.output(now);
    const View part = output.first(std::min(most, output.size()));
    Bytes bytes(part.begin(), part.end());
    from.protocol.written(bytes.size(), now);
    return bytes;
}

/// Gives bytes in a piece of memory of their own, which then is gone.
inline void give(Peer& to, View bytes, Moment now) {
    const Bytes piece(bytes.begin(), bytes.end());
    to.protocol.received(piece, now);
}

struct Pair {
    explicit Pair(const Options& here_options = {}, const Options& there_options = {})
        : here(here_options), there(there_options) {}

    /// Until nobody has anything to say.
    void exchange(std::size_t chunk = std::numeric_limits<std::size_t>::max()) {
        for (bool is_busy = true; is_busy;) {
            const Bytes to_there = taken_from(here, now, chunk);
            give(there, to_there, now);
            const Bytes to_here = taken_from(there, now, chunk);
            give(here, to_here, now);
            is_busy = !to_there.empty() || !to_here.empty();
        }
    }
    void open() {
        here.protocol.start(now);
        there.protocol.start(now);
        exchange();
        here.log.clear();
        there.log.clear();
    }
    /// Time passes, on both sides.
    void pass(std::chrono::milliseconds time) {
        now += time;
        here.protocol.tick(now);
        there.protocol.tick(now);
    }

    Moment now{1h};
    Peer here;   // in most tests the consumer
    Peer there;  // in most tests the server
};

}  // namespace net_test
