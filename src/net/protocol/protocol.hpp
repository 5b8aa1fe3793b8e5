#pragma once

/// The whole of a link's behaviour, without I/O: bytes, what happens on this side, and moments go in; bytes, actions
/// and a deadline come out. `wire.md` describes what is on the wire.
///
/// What is promised: events at most once and in order, with every gap counted in the next one (`Event::missed`), if one
/// comes; of latest values the newest, and never an older one; what ends a subscription comes behind what was given for
/// it. Whatever the other side sends, nothing here waits, `memory_bound` holds, and what throws is the lack of memory;
/// after that only `lost` is of use.
///
/// Events are not queued here: who serves asks `has_room_for_event()`, and takes the next one out of its own queue
/// then.
///
/// Ownership: it refers to the actions, which outlive it. Threads: one at a time. Cost: frames that come whole are
/// parsed where they lie, and what is written is written once; nothing is allocated for events and latest values once
/// buffers have grown, which they give back when there was nothing but PINGs for long.

#include "net/protocol/actions.hpp"
#include "net/protocol/deadlines.hpp"
#include "net/protocol/frames.hpp"
#include "net/protocol/inbox.hpp"
#include "net/protocol/outbox.hpp"
#include "net/protocol/subscriptions.hpp"

#include <event/net/detail/bounded.hpp>
#include <event/net/link_limits.hpp>
#include <event/net/reason.hpp>

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace event::net::protocol {

struct Options {
    std::uint64_t epoch = 0;
    bool serves = true;
    bool consumes = true;
    LinkLimits limits = {};
    LinkTimes times = {};
};

enum class Sent : std::uint8_t {
    yes,
    no_room,    ///< not taken; to be given again when there is room
    too_large,  ///< for one of the sides. An event: it is counted as missed; a latest value: its subscription has ended
    ended,      ///< there is no such subscription of this mode, any more
};

class Protocol {
public:
    Protocol(const Options& options, Actions& actions)
        : options_(options), limits_(options_.limits), actions_(actions), outbox_(options_.limits) {}
    Protocol(const Protocol&) = delete;
    Protocol& operator=(const Protocol&) = delete;

    // The stream. `output` is the same until all of it was `written`; it is to be asked after every other call, and it
    // is the only one that starts the time limit on writing. `written` is told of each part when the stream has taken
    // it: a batch that is told of as a whole has to be taken within that limit.
    /// Once. Nothing is written before it.
    void start(Moment now);
    void received(View bytes, Moment now);
    /// Within `Actions::event`, whose event is given: replaces it by the next one, if that has come with it and differs
    /// in nothing but its payload, with none missed in between. It will not come by itself then.
    [[nodiscard]] bool next_event(Event& event);
    /// Whether that is not empty; so it need not be asked otherwise.
    [[nodiscard]] bool has_output() const noexcept {
        return has_started_ && state_ != LinkState::closed && outbox_.has_output();
    }
    [[nodiscard]] View output(Moment now);
    void written(std::size_t count, Moment now);
    /// It has ended or failed.
    void lost(std::string text, end_code code = end_code::lost);

    /// What is to happen when no call comes before.
    [[nodiscard]] std::optional<Moment> next_deadline() const { return deadlines_.next(); }
    void tick(Moment now);

    // What this side consumes.
    /// `alias` is of no account, and `max_payload` says for each type how many bytes an event may have. Returns the
    /// alias, or 0 and why not.
    [[nodiscard]] Alias subscribe(const Subscribe& wanted, std::vector<std::size_t> max_payload, Reason& refusal);
    void unsubscribe(Alias alias, const Reason& reason = {});

    // What this side serves.
    [[nodiscard]] bool has_room_for_event() const noexcept { return outbox_.has_room_for_event(); }
    Sent send_event(const Event& event);
    /// The same of one that is written where it goes out: `write(out, room, event)` appends `room` bytes of any value
    /// and then the payload to `out`, and says what else there is to say; or it appends nothing and returns false:
    /// there is no event, and so nothing is returned here.
    template <class Write>
    std::optional<Sent> send_next(Alias alias, Write&& write) {
        Served* const served = state_ == LinkState::running ? served_.find(alias) : nullptr;
        if (served == nullptr || served->mode != Mode::events) return Sent::ended;
        if (!outbox_.has_room_for_event()) return Sent::no_room;
        Bytes& out = outbox_.events();
        net::detail::Appending appending(out);
        const std::size_t begin = out.size(), room = outbox_.room_for_head();
        Event event{.alias = alias};
        if (!write(out, room, event)) return std::nullopt;
        event.payload = View(out).subspan(begin + room);
        assert(event.type < served->types);
        event.missed = sum(event.missed, served->lost);
        if (!outbox_.finish_short(event, begin)) {
            if (size_of(event) > max_sent()) {
                served->lost = sum(event.missed, 1);
                return Sent::too_large;
            }
            outbox_.finish(event, begin);
        }
        served->lost = 0;
        appending.done();
        return Sent::yes;
    }
    /// The version grows with each value of a key, also of one that was gone in between: what is not newer than a value
    /// that still waits is dropped. `no_room` never holds for a key whose last value still waits, unless
    /// the new one is larger and the others fill the room.
    Sent send_state(const State& state);
    /// Refuses the subscription, or ends it behind what was given for it.
    void end(Alias alias, const Reason& reason);

    /// What was given is written, then the reason; nothing more is taken.
    void close(const Reason& reason, Moment now);

    [[nodiscard]] LinkState state() const noexcept { return state_; }
    /// Of the other side; once it is open.
    [[nodiscard]] const Hello& remote() const noexcept { return remote_; }
    [[nodiscard]] std::uint64_t version() const noexcept { return version_; }
    /// Why it ended, as this side sees it, and what the other side said.
    [[nodiscard]] const std::optional<Reason>& reason() const noexcept { return reason_; }
    [[nodiscard]] const std::optional<Reason>& remote_reason() const noexcept { return remote_reason_; }

    /// Bytes of memory in buffers.
    [[nodiscard]] std::size_t held() const noexcept { return inbox_.held() + outbox_.held(); }

private:
    [[nodiscard]] bool is_ended() const noexcept { return state_ >= LinkState::draining; }
    [[nodiscard]] std::size_t max_frame() const noexcept { return has_hello_ ? limits_.max_frame : max_hello; }
    [[nodiscard]] std::uint64_t max_sent() const noexcept {
        return std::min<std::uint64_t>(limits_.max_frame, remote_.max_frame);
    }

    /// Where a count cannot say how many, it says very many rather than none.
    [[nodiscard]] static std::uint64_t sum(std::uint64_t left, std::uint64_t right) noexcept {
        return left + right < left ? std::numeric_limits<std::uint64_t>::max() : left + right;
    }

    // what came; each returns what is wrong with it
    using Fault = std::optional<Reason>;
    void take_all(Moment now);
    Fault take(Kind kind, View body, Moment now);
    Fault take_hello(View body, Moment now);
    Fault take_subscribe(View body);
    Fault take_unsubscribe(View body);
    Fault take_event(View body);
    Fault take_state(View body);
    Fault take_pong(View body, Moment now);
    Fault take_bye(View body, Moment now);
    void take_while_draining(Kind kind, View body);

    /// The other side broke the protocol, or does not answer.
    void fail(const Reason& reason, Moment now);
    /// `said` is for the other side.
    void drain(const Reason& reason, const Reason& said, Moment now);
    void rest();
    void close_if_done();
    void close_at_once();

    const Options options_;
    const LinkLimits& limits_;
    Actions& actions_;

    LinkState state_ = LinkState::opening;
    bool has_started_ = false;
    bool has_hello_ = false;
    bool is_deaf_ = false;  // nothing that comes is read any more
    Hello remote_;
    std::uint64_t version_ = newest_version;
    std::optional<Reason> reason_;
    std::optional<Reason> remote_reason_;

    Inbox inbox_;
    View received_;             // and not looked at so far
    std::uint64_t frames_ = 0;  // that came
    Outbox outbox_;
    Deadlines deadlines_;
    std::uint64_t pings_ = 0;

    ByAlias<Consumed> consumed_;
    std::size_t keys_ = 0;  // of all versions in them
    ByAlias<Served> served_;
    Subscribe subscribe_;  // the one that is being read
};

/// What the other side can make a link hold, in bytes, with what this side subscribed to at `subscribed` of SUB frames:
/// a frame that is coming; a batch that is being written and the events behind it; latest values; keys and answers.
[[nodiscard]] constexpr std::size_t memory_bound(const LinkLimits& limits, std::size_t subscribed = 0) {
    constexpr std::size_t node = 256;  // of a key's or a subscription's own
    const std::size_t frame = limits.max_frame + 5;
    // what a SUB makes of its bytes: a type has four at least, a key one
    const std::size_t sub = 3 * (std::min(limits.max_types, frame / 4) * sizeof(Subscribe::Type) +
                                 std::min(limits.max_keys, frame) * sizeof(View));
    // the places of ends may have been those of keys
    const std::size_t keys = 2 * limits.max_state_keys + limits.max_subscriptions;
    const std::size_t states = 3 * limits.max_state_bytes + frame + keys * (limits.max_key + node);
    const std::size_t answers = limits.max_subscriptions * (Reason::max_text + 2 * node);
    const std::size_t written = 2 * (limits.quantum + frame);  // buffers double as they grow
    return frame + sub + 2 * (2 * written + answers + subscribed) + states + answers + subscribed;
}

}  // namespace event::net::protocol
