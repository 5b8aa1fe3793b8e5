#pragma once

#include "net/messages/lanes.hpp"

#include <event/net/detail/fifo.hpp>
#include <event/net/error.hpp>
#include <event/net/messenger_options.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

/// What two messengers say to each other, whatever links there are between them: a session of one peer. No I/O, no
/// clock, no lock: what is sent, what comes, and links that come and go, go in; payloads for the links and messages
/// come out. Its one rule: each side speaks on one link at a time, and begins to on another one only when the other
/// side has said there how far it has come.
///
/// A payload is one event of the subscription that a messenger has at its peer. The first byte says what it is, numbers
/// are varints:
///
///     Resume  8  turn, own, epoch,   to who sends: speak on this link. `turn`: so many Over have come on it; `own`: my
///                last, credit        epoch; of your queue `epoch` (0: I know none) I have all up to `last`, and take
///                                    `credit` more behind it
///     Begin   9  epoch, first,       to who receives: from here on come the messages of my queue, in order, from the
///                since, flags        number `first` on. `since`: the next number when this session of yours resumed
///                                    for the first time; what of all from there on has not come was lost. Flag 1:
///                                    they come again until acknowledged
///     Ack    10  last, credit        as in Resume
///     Over   11                      no more messages on this link
///     Again  12                      but for this: more messages, once the other side resumes
///     Message 0                      type, body; the type: its place among the messengers'
///     Request 1, Answer 2            type, id, body
///     Cancel 3, Failure 4            id, body
///
/// Epochs: each session has one of its own. Where the other side's is another one than before, it was started anew, or
/// has forgotten: what was written before and not acknowledged may have been handled or not, and nobody can know. It
/// counts as unconfirmed, and is not sent again. Two sessions of theirs that come in turns (two programs that are
/// called alike) are told from each other: of the last four it is known how far they have come, so that nothing comes
/// twice or counts as missed wrongly; what was written to one of them is not sent to the other. Of one that comes back
/// when four others have come meanwhile, messages may come twice.
///
/// Credit says up to which number a message or a request finds room in the inbox. Answers, cancellations and failures
/// take none: they have numbers, too, but where there is no credit they pass those that wait for it. So who waits for
/// an answer before it takes what lies in its inbox gets it.

namespace event::net::messages {

using ByteView = std::span<const std::byte>;
using LinkId = std::uint64_t;  // not 0; grows with each link

struct SessionOptions {
    std::uint64_t epoch = 1;  // of this session and no other one; not 0
    bool is_reliable = false;
    std::size_t max_messages = 1'024;
    std::size_t max_bytes = std::size_t{1} << 20;
    std::size_t inbox = 256;  // messages that wait here for being taken; one too many: of a queue that is not reliable
                              // it is dropped, and missed by the next one; a reliable one does not send it
};

struct Incoming {
    std::size_t type = 0;
    Kind kind = Kind::message;
    std::uint64_t id = 0;
    ByteView body = {};
    std::uint64_t missed = 0;  // of a message: what was written, of any kind, and lost between the one before it and it
};

/// What became of a payload.
enum class Received : std::uint8_t {
    nothing,    // it was the session's own, or a message that the inbox had no room for
    message,    // there is one
    refused,    // there is a request that the inbox has no room for
    violation,  // the other side breaks the rules: its link ends
};

/// How many messages have left without being known to have arrived.
struct Lost {
    std::size_t unsent = 0;       // never written
    std::size_t unconfirmed = 0;  // written, and nobody knows
};

class Session {
public:
    /// `in_inbox`: messages of a session before it that have not been taken yet.
    explicit Session(const SessionOptions& options, std::size_t in_inbox = 0) noexcept
        : options_(options), in_inbox_(in_inbox) {}

    // ---- the queue -------------------------------------------------------------------------------------------

    [[nodiscard]] bool has_room(std::size_t bytes) const noexcept {
        return queued() < options_.max_messages && has_bytes(bytes);
    }
    /// What an answer has room for.
    [[nodiscard]] bool has_bytes(std::size_t bytes) const noexcept {
        return queued_bytes() <= options_.max_bytes && bytes <= options_.max_bytes - queued_bytes();
    }
    /// There is room, or it may be one too many. What is only for one session of theirs goes to no other one: it waits
    /// for that one to resume, if its messages are those that come now, or else is not sent.
    void push(Priority priority, Outgoing&& message);
    /// Makes room by dropping the oldest message that was not written yet, of no higher a priority. How many went; none
    /// if all of them were not enough.
    std::size_t drop_oldest(Priority priority, std::size_t bytes);
    /// The request is not sent, if it was not written yet. Whether it was not.
    [[nodiscard]] bool take_back(std::uint64_t request) { return waiting_.take_back(request); }
    /// Messages that are not written, or not acknowledged.
    [[nodiscard]] std::size_t queued() const noexcept { return waiting_.size() + later_.size() + written_.size(); }
    [[nodiscard]] std::size_t queued_bytes() const noexcept {
        return waiting_.bytes() + later_.bytes() + written_bytes_;
    }
    /// What is lost when it goes.
    [[nodiscard]] Lost unfinished() const noexcept {
        return {.unsent = waiting_.size() + later_.size(), .unconfirmed = written_.size()};
    }

    // ---- links -----------------------------------------------------------------------------------------------

    /// `rank`: who has the highest is spoken on, of equal ones the newest. Both sides see the rank alike. Where they do
    /// not, or the newest of equal ones is not the same here and there, each direction has a link of its own; nothing
    /// is lost or comes twice by that, but neither link is over.
    void attach(LinkId link, std::uint64_t rank);
    void detach(LinkId link);
    /// Neither side speaks on it any more.
    [[nodiscard]] bool is_over(LinkId link) const noexcept;
    [[nodiscard]] std::size_t links() const noexcept { return links_.size(); }

    /// The next payload for that link; false: there is none until something happens.
    [[nodiscard]] bool next(LinkId link, std::vector<std::byte>& payload);
    /// The request that it is; 0: it is none.
    [[nodiscard]] std::uint64_t written_request() const noexcept { return written_request_; }
    /// Whether `next` may have something for that link.
    [[nodiscard]] bool is_due(LinkId link) const noexcept;
    /// Which `Incoming` refers to the payload.
    [[nodiscard]] Received received(LinkId link, ByteView payload, Incoming& message);
    /// So many messages were taken out of the inbox.
    void took(std::size_t count) noexcept;
    /// What has come means nothing to who should take it: the next message says that it was missed.
    void dropped(const Incoming& message) noexcept {
        took(1);
        miss(1);
        miss(message.missed);
    }
    [[nodiscard]] std::size_t in_inbox() const noexcept { return in_inbox_; }

    // ---- figures ---------------------------------------------------------------------------------------------

    /// Counted since it was asked for the last time.
    [[nodiscard]] std::size_t take_unconfirmed() noexcept { return std::exchange(unconfirmed_, 0); }
    /// Which session of theirs the queue is written to, and which one messages come of. 0: none yet.
    [[nodiscard]] std::uint64_t written_to() const noexcept { return written_to_; }
    [[nodiscard]] std::uint64_t their_epoch() const noexcept { return their_epoch_; }

private:
    struct Link {
        LinkId id;
        std::uint64_t rank;
        std::uint64_t of = 0;           // which of their sessions has resumed here; never another one
        bool may_be_spoken_on = false;  // the other side's Resume has come
        bool is_over_here = false;      // this side does not speak on it
        bool is_over_there = false;     // the other one
        std::uint64_t turn_here = 0;    // how often it was over
        std::uint64_t turn_there = 0;
        bool owes_resume = false;
        bool owes_over = false;
        bool owes_again = false;
        bool owes_begin = false;
    };

    [[nodiscard]] Link* find(LinkId id) noexcept;
    [[nodiscard]] const Link* find(LinkId id) const noexcept { return const_cast<Session*>(this)->find(id); }
    template <class May>
    [[nodiscard]] Link* best(May may) noexcept;
    void choose();
    void listen_to(Link* link) noexcept;
    [[nodiscard]] bool may_write() const noexcept;
    [[nodiscard]] bool has_credit(std::uint64_t number) const noexcept {
        return !options_.is_reliable || number <= limit_;
    }
    [[nodiscard]] Writable writable() const noexcept {
        return has_credit(next_) ? Writable::all : Writable::without_room;
    }
    void next_message(std::vector<std::byte>& payload);
    void forget_written();
    void acknowledge(std::uint64_t last);
    /// Of the queue that has begun, and of no other one; what was taken since the Resume may have been another one's.
    [[nodiscard]] bool may_acknowledge(LinkId link) const noexcept {
        return owes_ack_ && has_begun_ && is_their_queue_reliable_ && link == listening_;
    }
    [[nodiscard]] std::uint64_t credit() const noexcept { return options_.inbox - in_inbox_; }
    void speak_on(const Link* wanted) noexcept;
    [[nodiscard]] Received has_resumed(Link& link, std::uint64_t own, std::uint64_t epoch, std::uint64_t last,
                                       std::uint64_t credit);
    [[nodiscard]] Received has_begun(const Link& link, std::uint64_t epoch, std::uint64_t first, std::uint64_t since,
                                     std::uint64_t flags);
    [[nodiscard]] Received has_acknowledged(const Link& link, std::uint64_t last, std::uint64_t credit);
    void miss(std::uint64_t count) noexcept;
    [[nodiscard]] Received take(const Link& link, Incoming& message);

    /// One of their sessions.
    struct Theirs {
        std::uint64_t epoch = 0;
        std::uint64_t since = 0;  // the next number when it resumed first; 0: it has not
        std::uint64_t last = 0;   // of its messages, the last that was here when those of another one came
    };
    /// What is known of that one; it takes the place of who was asked for the longest ago, but for `written_to_`.
    [[nodiscard]] Theirs& theirs(std::uint64_t epoch) noexcept;

    SessionOptions options_;
    std::array<Theirs, 5> theirs_ = {};  // asked for last comes first; four, and `written_to_`

    // to them
    Lanes waiting_;
    Lanes later_;                     // only for that session whose messages come, and that has not resumed yet
    detail::Fifo<Outgoing> written_;  // reliable: until acknowledged
    std::size_t again_ = 0;           // of these, the next to be written again
    std::size_t written_bytes_ = 0;
    std::uint64_t next_ = 1;   // number of the next that was not written yet
    std::uint64_t limit_ = 0;  // reliable: the last number of what takes room
    std::size_t unconfirmed_ = 0;
    std::uint64_t written_to_ = 0;  // which of their sessions
    LinkId speaking_ = 0;
    std::uint64_t written_request_ = 0;

    // from them
    std::uint64_t their_epoch_ = 0;
    std::uint64_t last_ = 0;  // of their messages, the last that is here
    std::uint64_t come_ = 0;  // that has come on this link: less, where they did not know what is here
    std::uint64_t missed_ = 0;
    bool is_their_queue_reliable_ = false;
    bool owes_ack_ = false;  // if it is reliable
    std::size_t in_inbox_ = 0;
    std::size_t taken_ = 0;  // since the last credit was given
    LinkId listening_ = 0;
    bool has_begun_ = false;  // they, on that link

    std::vector<Link> links_;
};

}  // namespace event::net::messages
