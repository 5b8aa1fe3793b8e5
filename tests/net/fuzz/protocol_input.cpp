#include "net/bytes.hpp"
#include "net/fuzz/input.hpp"
#include "net/protocol/protocol.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

namespace net_fuzz {
namespace {

using namespace event::net::protocol;
using event::net::end_code;
using event::net::LinkLimits;
using event::net::LinkState;
using event::net::Reason;
using event::net::Side;

/// An input, read as the story of a link: what comes, what happens on this side, and how time passes.
class Story final : private Actions {
public:
    explicit Story(std::string_view input)
        : left_(input),
          limits_{.max_frame = LinkLimits::min_frame + std::size_t{8} * number(),
                  .max_subscriptions = number() % 8U,
                  .max_types = 3,
                  .max_schema = 60,
                  .max_keys = 4,
                  .max_key = 8,
                  .max_state_keys = 1 + number() % 4U,
                  .max_state_bytes = number(),
                  .quantum = number()},
          protocol_({.epoch = 1, .limits = limits_}, *this) {}

    std::string fault() {
        protocol_.start(now_);
        while (!left_.empty() && fault_.empty()) {
            step();
            check();
        }
        return fault_;
    }

private:
    // --- what happens

    std::uint8_t number() {
        if (left_.empty()) return 0;
        const auto number = static_cast<std::uint8_t>(left_.front());
        left_.remove_prefix(1);
        return number;
    }
    View bytes(std::size_t size) {
        const std::string_view part = left_.substr(0, size);
        left_.remove_prefix(part.size());
        return std::as_bytes(std::span(part));
    }

    void step() {
        switch (number() % 12) {
            case 0: {
                const View piece = bytes(number());
                return receive({piece.begin(), piece.end()});
            }
            case 1:  // with the length that it has
            case 2: {
                const View frame = bytes(number() & 0x7fU);
                Bytes piece = net_test::bytes({static_cast<unsigned>(frame.size())});
                piece.insert(piece.end(), frame.begin(), frame.end());
                return receive(piece);
            }
            case 3: {
                Bytes hello;
                write(Hello{.max_frame = LinkLimits::min_frame + number(),
                            .max_subscriptions = number(),
                            .serves = true,
                            .consumes = true},
                      hello);
                return receive(hello);
            }
            case 4:
                now_ += std::chrono::seconds(number() % 16);
                return protocol_.tick(now_);
            case 5:
                return write_some(number());
            case 6:
                return subscribe(number());
            case 7:
                return protocol_.unsubscribe(number() % 8);
            case 8: {
                const Alias alias = number() % 8;
                const std::string payload(number() * 6U, 'p');
                const Sent sent = protocol_.send_event(
                    {.alias = alias, .missed = number(), .payload = std::as_bytes(std::span(payload))});
                if (sent == Sent::yes && !served_.contains(alias)) fault_ = "sends to who has not subscribed";
                return;
            }
            case 9: {
                const Alias alias = number() % 8;
                const std::string payload(number() * 6U, 'p');
                const std::string key(number() % 10, 'k');
                const Sent sent = protocol_.send_state({.alias = alias,
                                                        .version = ++version_,
                                                        .key = std::as_bytes(std::span(key)),
                                                        .present = payload.size() % 5 != 0,
                                                        .payload = std::as_bytes(std::span(payload))});
                if (sent == Sent::yes && !served_.contains(alias)) fault_ = "sends to who has not subscribed";
                if (sent == Sent::too_large) served_.erase(alias);
                return;
            }
            case 10: {
                const Alias alias = number() % 8;
                served_.erase(alias);
                return protocol_.end(alias, {.code = end_code::killed, .text = std::string(number() * 2U, 't')});
            }
            default:
                if (number() % 16 != 0) return;
                return number() % 2 == 0 ? protocol_.close({}, now_) : protocol_.lost("lost");
        }
    }

    void receive(const Bytes& piece) { protocol_.received(piece, now_); }

    void subscribe(std::uint8_t mode) {
        Subscribe wanted{.mode = static_cast<Mode>(mode % 2)};
        wanted.types.push_back({.name = "a", .schema = "a{}", .keys = {}});
        Reason refusal;
        const Alias alias = protocol_.subscribe(wanted, {20}, refusal);
        if (alias != 0) consumed_.insert(alias);
    }

    void write_some(std::size_t most) {
        const View output = protocol_.output(now_);
        const View part = output.first(std::min(most, output.size()));
        written_.insert(written_.end(), part.begin(), part.end());
        protocol_.written(part.size(), now_);
        read_written();
    }

    // --- what must hold

    void check() {
        if (protocol_.held() > memory_bound(limits_, 2'000)) fault_ = "holds more than the figure";
        const bool is_ended = protocol_.state() >= LinkState::draining;
        if (is_ended != has_ended_) fault_ = "ends without a word";
        if (is_ended != protocol_.reason().has_value()) fault_ = "ends without a reason";
        if (protocol_.state() == LinkState::closed) {
            if (protocol_.next_deadline()) fault_ = "has a deadline when it is over";
            if (!protocol_.output(now_).empty()) fault_ = "writes when it is over";
        } else if (!protocol_.next_deadline()) {
            fault_ = "may wait for ever";
        }
    }

    /// All of it is frames: HELLO first and BYE last.
    void read_written() {
        View left = written_;
        Inbox inbox;
        for (View frame; inbox.next(left, 1 << 20, frame) == Inbox::Step::frame;) {
            const auto kind = static_cast<Kind>(frame.front());
            if ((kind == Kind::hello) != !has_written_) fault_ = "does not write HELLO first";
            if (has_written_bye_) fault_ = "writes after BYE";
            has_written_ = true;
            has_written_bye_ = kind == Kind::bye;
            if (!is_readable(kind, frame.subspan(1))) fault_ = "writes what cannot be read";
            if (kind != Kind::hello && frame.size() > protocol_.remote().max_frame && protocol_.remote().max_frame != 0)
                fault_ = "writes more than the other side takes";
            written_.erase(written_.begin(), written_.end() - static_cast<std::ptrdiff_t>(left.size()));
            left = written_;
        }
    }
    static bool is_readable(Kind kind, View body) {
        Hello hello;
        Subscribe subscribe;
        Unsubscribe unsubscribe;
        Event event;
        State state;
        Reason reason;
        std::uint64_t nonce = 0;
        std::optional<Reason> refusal;
        switch (kind) {
            case Kind::hello:
                return !read(body, hello);
            case Kind::sub:
                return !read(body, LinkLimits{}, subscribe, refusal) && !refusal;
            case Kind::unsub:
                return !read(body, unsubscribe);
            case Kind::event:
                return !read(body, event);
            case Kind::state:
                return !read(body, state);
            case Kind::ping:
            case Kind::pong:
                return !read_nonce(body, nonce);
            case Kind::bye:
                return !read_bye(body, reason);
        }
        return false;
    }

    void opened(const Hello&) noexcept override { expect_open(); }
    void subscribed(const Subscribe& subscribe) noexcept override {
        expect_open();
        if (!served_.insert(subscribe.alias).second) fault_ = "tells of a subscription twice";
        if (served_.size() > limits_.max_subscriptions) fault_ = "takes more subscriptions than it may";
        if (subscribe.types.empty() || subscribe.types.size() > 3) fault_ = "takes more types than it may";
        if (subscribe.alias % 8 == 7) {
            served_.erase(subscribe.alias);
            protocol_.end(subscribe.alias, {.code = end_code::not_served});
        }
    }
    void unsubscribed(Alias alias, const Reason& reason) noexcept override {
        expect_open();
        expect_printable(reason);
        if (served_.erase(alias) == 0) fault_ = "tells of the end of no subscription";
    }
    void event(const Event& event) noexcept override {
        expect_open();
        if (!consumed_.contains(event.alias)) fault_ = "tells of events that nobody wanted";
        if (event.payload.size() > 20 || event.type != 0) fault_ = "tells of events of other types";
        if (event.payload.size() == 13) protocol_.close({.code = end_code::malformed_payload}, now_);
    }
    void state(const State& state) noexcept override {
        expect_open();
        if (!consumed_.contains(state.alias)) fault_ = "tells of values that nobody wanted";
        if (state.payload.size() > 20) fault_ = "tells of values that are too large";
        if (state.payload.size() == 13) protocol_.unsubscribe(state.alias);
    }
    void ended(Alias alias, const Reason& reason) noexcept override {
        expect_open();
        expect_printable(reason);
        if (consumed_.erase(alias) == 0) fault_ = "ends what nobody wanted";
    }
    void ended(const Reason& reason) noexcept override {
        expect_open();
        expect_printable(reason);
        has_ended_ = true;
    }

    void expect_open() {
        if (has_ended_) fault_ = "goes on after its end";
    }
    void expect_printable(const Reason& reason) {
        const auto is_odd = [](char c) { return c < ' ' || c > '~'; };
        if (reason.text.size() > 400 || std::ranges::any_of(reason.text, is_odd)) fault_ = "tells an odd reason";
    }

    std::string_view left_;
    LinkLimits limits_;
    Protocol protocol_;
    Moment now_{std::chrono::hours(1)};
    std::uint64_t version_ = 0;
    std::set<Alias> served_;
    std::set<Alias> consumed_;
    bool has_ended_ = false;
    Bytes written_;  // of a frame that is not all written
    bool has_written_ = false;
    bool has_written_bye_ = false;
    std::string fault_;
};

}  // namespace

std::string fault_of_protocol(std::string_view input) {
    const std::string copy(input);  // so that AddressSanitizer sees its end
    return Story(copy).fault();
}

}  // namespace net_fuzz
