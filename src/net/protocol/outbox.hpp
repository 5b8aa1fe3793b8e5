#pragma once

/// What is to be written, in three lanes: control, latest values, events. A batch takes all of the first, a quantum of
/// the second and all of the third, which is no longer than a quantum and a frame: so none waits for long, and BYE
/// comes last. A batch is one piece of memory that stays where it is until it has been written.
///
/// Control is bounded by what it says, not by a length: of each kind that answers there is one, and what has not been
/// written is taken back rather than contradicted. Buffers are used again; events on their own are not copied.

#include "net/protocol/frames.hpp"
#include "net/protocol/state_lane.hpp"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <optional>
#include <vector>

namespace event::net::protocol {

class Outbox {
public:
    explicit Outbox(const LinkLimits& limits) : quantum_(std::max<std::size_t>(limits.quantum, 1)), states_(limits) {}

    void hello(const Hello& hello) { write(hello, batch_); }
    void ping(std::uint64_t nonce) { ping_ = nonce; }
    /// One that has not been written.
    [[nodiscard]] bool has_ping() const noexcept { return ping_.has_value() || (is_asking_ && is_writing()); }
    void pong(std::uint64_t nonce) { pong_ = nonce; }  // a later one answers the earlier ones, too
    void bye(const Reason& reason) { bye_ = reason; }

    // of subscriptions that this side has
    void subscribe(Alias alias, Bytes frame);
    /// If the SUB has not been written, neither is.
    void unsubscribe(const Unsubscribe& unsubscribe);

    /// Whether the other side can know of it: its SUB, or a later one, has begun to be written.
    [[nodiscard]] bool has_subscribed(Alias alias) const noexcept { return alias <= last_subscribed_; }

    // of those that the other side has
    [[nodiscard]] bool has_room_for_event() const noexcept { return events_.size() < quantum_; }
    /// Where the next event is written: at the end of this, behind so many bytes.
    [[nodiscard]] Bytes& events() noexcept { return events_; }
    [[nodiscard]] std::size_t room_for_head() const noexcept { return head_; }
    /// The event whose payload lies there is on its way.
    void finish(const Event& event, std::size_t begin) {
        was_needed_ = true;
        head_ = write_head(event, events_, begin, head_);
    }
    /// The same of one that is no larger than any side may refuse; false, and nothing is done, where it is none.
    [[nodiscard]] bool finish_short(const Event& event, std::size_t begin) noexcept {
        if (head_ != short_head || !write_short(event, events_.data() + begin)) return false;
        return was_needed_ = true;
    }
    [[nodiscard]] bool state(const State& state) {
        was_needed_ = true;
        return states_.put(state);
    }
    /// Behind what was given for it.
    void end(const Unsubscribe& unsubscribe, Mode mode);
    /// The other side wants no more of it: what has not been written is of no use.
    void drop(Alias alias);
    /// Ends that have not begun to be written.
    [[nodiscard]] std::size_t ends() const noexcept { return ends_.size() + states_.ends(); }

    /// All that has not begun to be written.
    void clear();

    /// Gives memory back that was not needed since the last time.
    void rest() noexcept;

    /// Whether `output` is not empty.
    [[nodiscard]] bool has_output() const noexcept {
        if (is_writing() || has_bye_) return is_writing();
        return !events_.empty() || ping_ || pong_ || bye_ || !notes_.empty() || !states_.empty() || !ends_.empty();
    }
    /// Empty: there is nothing. Otherwise the same until it has been written.
    [[nodiscard]] View output();
    void written(std::size_t count) noexcept {
        assert(count <= batch_.size() - at_);
        at_ += count;
    }
    [[nodiscard]] bool is_writing() const noexcept { return at_ != batch_.size(); }
    [[nodiscard]] bool is_bye_written() const noexcept { return has_bye_ && !is_writing(); }

    /// Bytes of memory.
    [[nodiscard]] std::size_t held() const noexcept;

private:
    struct Note {
        Alias alias;
        bool is_subscribe;
        Bytes frame;
    };
    struct End {
        Alias alias;
        std::size_t at;  // of the events
        Bytes frame;
    };

    void take_control();
    void take_events();

    std::size_t quantum_;
    std::optional<std::uint64_t> ping_;
    std::optional<std::uint64_t> pong_;
    std::vector<Note> notes_;
    Alias last_subscribed_ = 0;
    StateLane states_;
    Bytes events_;
    std::size_t head_ = short_head;  // of the last one: the next one's is as long, nearly always
    std::vector<End> ends_;
    std::optional<Reason> bye_;

    Bytes batch_;
    std::size_t at_ = 0;
    bool is_asking_ = false;  // the batch has a PING
    bool has_bye_ = false;
    bool was_needed_ = false;  // for events or latest values
};

}  // namespace event::net::protocol
