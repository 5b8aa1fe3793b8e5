#pragma once

#include <event/net/detail/consumer.hpp>
#include <event/net/detail/parcel.hpp>
#include <event/net/detail/waiting_line.hpp>
#include <event/net/messenger_options.hpp>
#include <event/net/remote.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

/// One peer of a messenger, whatever its types: what is queued for it, and who waits for what. Its one rule: all of it
/// is under the peer's mutex, under which no other peer's is taken, and nothing of the application's is called but what
/// decodes.

namespace event::net::messages {
struct Incoming;
}

namespace event::net::detail {

class MessengerCore;

/// A request of the peer's: which of its sessions has asked, and its number there.
struct QuestionId {
    std::uint64_t session = 0;
    std::uint64_t number = 0;  // 0: it is none

    friend auto operator<=>(const QuestionId&, const QuestionId&) = default;
};

/// Why there is no answer, as it is on the wire.
enum class Failure : std::uint8_t { not_answered = 1, failed, no_room };

/// What a request of this side waits for. All but `waiter` under the peer's mutex.
class PendingAnswer {
public:
    explicit PendingAnswer(Waiter& the_waiter) noexcept : waiter(the_waiter) {}
    PendingAnswer(const PendingAnswer&) = delete;
    PendingAnswer& operator=(const PendingAnswer&) = delete;
    virtual ~PendingAnswer() = default;

    /// Decodes it; the error: it is not what its type says.
    [[nodiscard]] virtual error_code take(std::size_t type, ByteView body, Where& where) = 0;

    Waiter& waiter;  // is called when it is there; who waits lives until then, or gives the request up
    bool is_there = false;
    error_code error = {};
};

/// Who makes an answer. Any thread.
class Answerer {
public:
    Answerer() = default;
    Answerer(const Answerer&) = delete;
    Answerer& operator=(const Answerer&) = delete;
    virtual ~Answerer() = default;
    /// Nobody waits for what it makes any more.
    virtual void cancel() noexcept = 0;
};

/// A link that the messenger has dialed, and keeps; it ends when this goes, under no lock.
class DialedLink {
public:
    DialedLink() = default;
    DialedLink(const DialedLink&) = delete;
    DialedLink& operator=(const DialedLink&) = delete;
    virtual ~DialedLink() = default;
    [[nodiscard]] virtual Remote& remote() noexcept = 0;
    /// Calls `ended` once it is dialed no more.
    virtual void run(std::function<void()> ended) = 0;
};

class PeerCore : public std::enable_shared_from_this<PeerCore> {
public:
    PeerCore(MessengerCore& messenger, const PeerId& id);
    PeerCore(const PeerCore&) = delete;
    PeerCore& operator=(const PeerCore&) = delete;
    virtual ~PeerCore();

    [[nodiscard]] const PeerId& id() const noexcept { return *id_; }
    [[nodiscard]] const std::shared_ptr<const PeerId>& shared_id() const noexcept { return id_; }

    // ---- any thread ------------------------------------------------------------------------------------------

    [[nodiscard]] SendResult send(std::size_t type, Priority priority, const ParcelPtr& body);
    /// The same, but it displaces nothing. Where there is no room: in which line to wait for it.
    [[nodiscard]] SendResult send_if_room(std::size_t type, Priority priority, const ParcelPtr& body,
                                          std::shared_ptr<WaitingLine>& line);
    /// So many of its messages were received here.
    void took(std::size_t count);
    [[nodiscard]] PeerStat stat() const;
    /// Nothing more is sent or taken.
    void close() noexcept;

    [[nodiscard]] SendResult ask(std::uint64_t number, std::size_t type, Priority priority, const ParcelPtr& body,
                                 std::shared_ptr<PendingAnswer> pending);
    /// Nobody waits for that answer any more. Whether it was there.
    bool stop_asking(std::uint64_t number) noexcept;

    /// Whether anybody still waits for an answer; otherwise the question is done with.
    [[nodiscard]] bool begin_answer(const QuestionId& question, const std::shared_ptr<Answerer>& by);
    void answer(const QuestionId& question, std::size_t type, Priority priority, const ParcelPtr& body);
    void decline(const QuestionId& question, Failure why) noexcept;

    /// Of what is known of it only what is queued is forgotten while somebody holds it. False: it has ended.
    [[nodiscard]] bool hold();
    void let_go() noexcept;

    using Moment = std::chrono::steady_clock::time_point;
    [[nodiscard]] bool has_link() const;
    /// When the messenger is to look at it again; none: not before something happens.
    [[nodiscard]] std::optional<Moment> look_again_at() const;

    // ---- of who looks after all peers ------------------------------------------------------------------------

    struct Looked {
        bool is_gone = false;  // it is to be known no more
        Undelivered undelivered = {};
        std::shared_ptr<DialedLink> dialed = {};  // is to go
    };
    [[nodiscard]] Looked look(Moment now);
    /// Whether it is to be dialed; then `was_dialed` is called, with null if it cannot be.
    [[nodiscard]] bool wants_dialing() const;
    void was_dialed(std::shared_ptr<DialedLink> dialed);
    /// That link is dialed no more.
    void dialing_has_ended(const DialedLink* dialed);

    // ---- of one link, on its strand --------------------------------------------------------------------------

    using LinkId = std::uint64_t;

    /// 0: it has ended. `is_own`: the messenger has dialed it.
    [[nodiscard]] LinkId attach(std::uint64_t rank, bool is_own);
    void detach(LinkId link) noexcept;
    [[nodiscard]] bool next(LinkId link, Bytes& payload);
    /// Calls `ready`, later, once `next` has something.
    void wait(LinkId link, ServingReady&& ready);
    void received(LinkId link, ByteView payload, Consumed& consumed);

protected:
    enum class Kept : std::uint8_t {
        yes,
        unreadable,  // with the error
        by_nobody,   // a request that nobody answers
    };
    /// Decodes a message, and keeps it until it is received. Under the peer's mutex.
    [[nodiscard]] virtual Kept keep(std::size_t type, std::uint64_t missed, const QuestionId& question, ByteView body,
                                    Consumed& consumed) = 0;
    [[nodiscard]] virtual std::size_t kept() const = 0;
    /// Who receives its messages alone gets no more. Under the inbox's mutex.
    virtual void end_route() noexcept = 0;

private:
    class Inside;

    [[nodiscard]] QuestionId question_of(const messages::Incoming& message) const noexcept;
    void take(const messages::Incoming& message, Consumed& consumed);
    void was_queued() noexcept;

    const std::shared_ptr<const PeerId> id_;
    const std::unique_ptr<Inside> inside_;
};

}  // namespace event::net::detail
