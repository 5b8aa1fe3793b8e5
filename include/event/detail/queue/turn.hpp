#pragma once

#include <event/detail/intrusive_list.hpp>
#include <event/detail/wait/spot.hpp>
#include <event/meta.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#pragma push_macro("emit")  // Qt has one
#undef emit

namespace event::detail {

class Aftermath;
class EmitSpot;
class FullLimit;
class Mailbox;
class TopicBase;
struct Waiting;

/// The place of one `async_emit` in the line for one queue.
struct Turn : ListHook<Turn> {
    EmitSpot* emit = nullptr;
    Mailbox* queue = nullptr;
    std::uint64_t number = 0;    // of a queue that is not waited for for ever, where it stands, or stood until it left
    Moment since = {};           // it waits there, then
    bool is_wanted = false;      // the emit waits for that queue, as it found when it last joined
    bool is_ready = false;       // it was the first, and there was room; or patience with that queue is over
    bool is_overlooked = false;  // since the emit was offered its turn, this queue's receiver has found nothing

    /// The queue waits itself: it is not waited for, and when it is again, that begins anew.
    void pass_by() noexcept {
        unlink();
        number = 0;
    }
};

/// Where one `async_emit` waits for its turn.
///
/// It stands in the line of each queue of its topic whose policy is `Wait`. When it is the first in all of them, and
/// there is room, its turn is *offered*: it is woken. Until it has run nobody overtakes it, of whatever type, unless a
/// receiver finds its queue empty twice meanwhile: then the turn passes on to the next, and who has lost it may still
/// emit when it runs, if there is room.
///
/// In a queue that *starves*, because its receiver has found nothing, nobody holds a place who waits for another queue:
/// else one queue that takes the events of two stages would hold up the stages that the other queue waits for. Its own
/// place in order of arrival it takes again if that queue is full when the others have room.
///
/// For a queue with a limit it waits only so long; then it needs no turn there any more, and keeps its place as long as
/// it waits for others: if there is room when it emits, the room is its own.
class EmitSpot final : public ParkingSpot, public ListHook<EmitSpot> {
public:
    /// `siblings`: those of the same emitter and topic, which has had so many queues to wait for just now.
    /// `joins_early`: it had to ask whom the event is for, or one of the queues is not waited for for ever.
    EmitSpot(TopicBase& topic, IntrusiveList<EmitSpot>& siblings, std::size_t queues, bool joins_early) noexcept;

    [[nodiscard]] TopicBase& topic() const noexcept { return topic_; }
    [[nodiscard]] bool joins_early() const noexcept { return joins_early_; }
    /// Makes room for as many turns as the topic has had queues to wait for. By who joins, without the lock.
    void reserve() {
        if (turns_wanted_ > turn_room_.size()) make_room();
    }

    // ---- under the domain's lock -----------------------------------------------------------------------------

    /// Whether it may emit now: there is room, and nobody in a line has come before it.
    [[nodiscard]] bool may_emit(const Waiting& event);
    /// Takes its places in the lines, by when it first came, and is offered its turn if there is room; false if it has
    /// no room for so many turns. `event`: null where nobody has to be asked whom it is for.
    [[nodiscard]] bool join(const Waiting* event);
    /// It has joined, and has not left since.
    [[nodiscard]] bool has_places() const noexcept { return places_ != 0; }
    /// Whether so much room is there for this one, too, and not only for those in the line who came before it.
    [[nodiscard]] bool may_take_room(IntrusiveList<Turn>& line, std::size_t room) const noexcept;
    /// Gives them up: offers the next ones their turns.
    void leave(Aftermath& after) noexcept;
    /// The same for good: it has emitted, or never will.
    void end(Aftermath& after) noexcept;
    [[nodiscard]] bool is_offered() const noexcept { return is_offered_; }
    /// The queue's receiver has found nothing: passes the turn on if that is so for the second time.
    void overlook(Turn& turn, Aftermath& after) noexcept;
    /// One of its turns is ready, or needs no more to be: when all are, it is offered its turn. So a queue that gains
    /// room looks at nothing but its own line.
    void count_ready(Turn& turn, Aftermath& after) noexcept;

    // ---- by who joins, without the lock ------------------------------------------------------------------------

    /// When its patience with the next queue is over, as it found when it last joined, and how long that was then.
    /// Never: `Moment::max()`.
    [[nodiscard]] Moment patient_until() const noexcept { return patient_until_; }
    [[nodiscard]] Moment::duration patience() const noexcept { return patient_until_ - looked_at_; }

private:
    void destroy_spot() noexcept override;
    void make_room();
    [[nodiscard]] bool came_before(const EmitSpot& other) const noexcept;
    [[nodiscard]] bool may_pass(const Turn& first) const noexcept {
        return first.emit == this || (arrival_ != 0 && came_before(*first.emit));
    }
    /// Its turn in the line of that queue, which it does not stand in yet; null if there is none left.
    [[nodiscard]] Turn* new_turn(Mailbox& queue, const FullLimit* limit, std::size_t& next) noexcept;
    /// One that is in no line: in the usual order of queues, and if so, that which had stood in this one's before.
    [[nodiscard]] Turn* free_turn(std::uint64_t number, std::size_t& next) noexcept;
    void leave_unwanted(Aftermath* after) noexcept;
    /// Whether it has waited there for as long as that queue is to be waited for.
    [[nodiscard]] bool is_out_of_patience(const Turn& turn, const FullLimit& limit) noexcept;
    [[nodiscard]] Moment look_at(const FullLimit& limit) noexcept;

    TopicBase& topic_;
    const bool joins_early_;  // as it was when it was begun
    Moment patient_until_ = Moment::max();
    Moment looked_at_;         // the clock, once for each time that it joins
    bool has_looked_ = false;  // this time
    bool has_left_ = false;    // so that turns in no line know where they stood
    // guarded by the domain's lock
    IntrusiveList<EmitSpot>& siblings_;
    std::uint64_t arrival_ = 0;
    bool is_offered_ = false;
    Turn only_turn_;  // of a topic with one queue to wait for
    std::unique_ptr<Turn[]> more_turns_;
    std::span<Turn> turn_room_{&only_turn_, 1};
    std::size_t places_ = 0;     // so many lines it has joined
    std::size_t not_ready_ = 0;  // of its turns there
    std::size_t turns_wanted_;   // when it was last looked; written by who joins
};

}  // namespace event::detail

#pragma pop_macro("emit")
