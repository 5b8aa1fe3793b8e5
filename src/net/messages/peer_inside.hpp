#pragma once

#include "net/messages/session.hpp"

#include <event/net/detail/messenger_core.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace event::net::detail {

/// Under its mutex, all of it.
class PeerCore::Inside {
public:
    explicit Inside(MessengerCore& the_messenger)
        : messenger(the_messenger), session(options()), alone_since(messenger.now()) {}
    ~Inside() { forget_bytes(); }
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;

    struct Link {
        LinkId id;
        bool is_own;
        std::optional<ServingReady> waiting = {};
    };
    struct Asked {
        std::shared_ptr<PendingAnswer> pending;
        bool was_written = false;
        LinkId written_on = 0;
    };
    struct Question {
        std::weak_ptr<Answerer> by = {};
        bool is_wanted = true;
    };

    [[nodiscard]] Link* find(LinkId id) noexcept;
    /// Puts it into the queue, if there is room.
    [[nodiscard]] SendResult queue(Priority priority, messages::Outgoing&& message, bool may_displace,
                                   std::shared_ptr<WaitingLine>* line);
    /// To be called after whatever has happened to the session: who waits for that goes on.
    void go_on(PeerCore& self) noexcept;
    /// Whoever has something to write goes on; with an error, everybody. Where there is no memory for that, the next
    /// happening does it.
    void wake(const error_code& error = {}) noexcept;

    /// Whether that is to be told, once.
    [[nodiscard]] bool becomes_slow(const PeerId& id, const SendResult& result) noexcept;

    void finish(Asked& asked, const error_code& error) noexcept;
    /// Those that `which(Asked)`, a choice, says.
    template <class Which>
    void finish_asked(const error_code& error, Which&& which) noexcept {
        for (auto& [number, one] : asked)
            if (which(one)) finish(one, error);
    }
    /// The question is done with: whether anybody waits for what comes of it.
    [[nodiscard]] bool is_still_wanted(const QuestionId& question) noexcept;
    void unwant(Question& question) noexcept;
    /// Says why there is no answer; whether anybody cares or not.
    void say_failure(const QuestionId& question, Failure why) noexcept;
    /// A session as at first, but for what is still to be taken.
    void begin_anew() {
        const std::size_t in_inbox = session.in_inbox();
        session = messages::Session(options(), in_inbox);
        asked_of = asked_by = 0;
        forget_bytes();
    }

    MessengerCore& messenger;
    mutable std::recursive_mutex mutex;  // `go_on` asks `wants_dialing`. What decodes must not send: see peers_mutex_
    messages::Session session;
    std::vector<Link> links;
    LinkId last_link = 0;
    PeerStat stat;
    std::optional<Moment> alone_since;  // without a link, and with something to be forgotten
    bool has_closed = false;
    bool is_slow = false;  // and that was told
    std::size_t holders = 0;
    std::size_t charged = 0;  // to the messenger's budget
    std::shared_ptr<WaitingLine> line = std::make_shared<WaitingLine>();

    std::map<std::uint64_t, Asked> asked;
    std::uint64_t asked_of = 0;  // the session of theirs that has these requests
    std::map<QuestionId, Question> questions;
    std::uint64_t asked_by = 0;  // the session of theirs that has these

    std::shared_ptr<DialedLink> dialed;
    bool is_to_be_dialed = false;  // the messenger has been told
    bool cannot_be_dialed = false;
    bool is_retiring = false;  // the link that was dialed is of no use
    std::uint64_t seen_activity = 0;
    Moment active_at{};

    [[nodiscard]] std::uint64_t activity() const noexcept { return stat.sent + stat.received + answers + stat.refused; }
    std::uint64_t answers = 0;  // sent and received

private:
    [[nodiscard]] messages::SessionOptions options() const {
        const MessengerOptions& options = messenger.options();
        return {.epoch = messenger.new_epoch(),
                .is_reliable = options.reliable,
                .max_messages = options.capacity,
                .max_bytes = options.max_bytes,
                .inbox = options.inbox};
    }
    void forget_bytes() noexcept {
        messenger.budget().give_back(charged);
        charged = 0;
    }
    /// What is queued no more.
    void pay_back() noexcept;
    void look_who_has_started_anew() noexcept;
};

}  // namespace event::net::detail
