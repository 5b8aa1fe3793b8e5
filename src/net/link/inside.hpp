#pragma once

#include "net/protocol/protocol.hpp"

#include <event/clock.hpp>
#include <event/net/detail/alarm.hpp>
#include <event/net/detail/link_core.hpp>
#include <event/value.hpp>

#include <algorithm>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace event::net::detail {

/// What a link has, and does with what the protocol says. Nothing here decides what goes on the wire.
class LinkCore::Inside final : public protocol::Actions {
public:
    Inside(LinkCore& link, const boost::asio::any_io_executor& executor);
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;
    ~Inside() = default;

    // ---- any thread ------------------------------------------------------------------------------------------

    [[nodiscard]] ValueView<LinkState> state() const { return state_.view(); }
    [[nodiscard]] LinkStat stat() const {
        const std::lock_guard guard(mutex_);
        return published_;
    }

    // ---- on the strand ---------------------------------------------------------------------------------------

    /// Everything that comes from outside comes in by this: does it, then what follows from it. Without memory the link
    /// ends, and nothing else.
    enum class Next : std::uint8_t {
        at_once,
        together,  // where there are many: one event wakes them all, and looking at each costs something
    };
    template <class F>
    void enter(F&& f, Next next = Next::at_once) {
        try {
            f();
        } catch (...) {
            protocol_.lost(what(std::current_exception()));
        }
        if (next == Next::at_once || served_.size() < many || !go_on_later()) go_on();
    }
    void begin();
    [[nodiscard]] const std::optional<Reason>& reason() const noexcept { return protocol_.reason(); }
    void close(const Reason& reason);
    void serve(std::shared_ptr<const Group> group) { groups_.push_back(std::move(group)); }
    void consume(std::shared_ptr<Consumer> consumer);
    void was_unused(const Consumer& consumer);
    void was_ready(protocol::Alias alias, const error_code& error);
    void has_shaken_hands(const error_code& error);
    void was_read(const error_code& error, std::size_t count);
    void was_written(const error_code& error, std::size_t count);

private:
    struct ServedOne {
        protocol::Alias alias;
        std::unique_ptr<Serving> serving;
        bool is_latest;
        bool is_by_key;
        std::uint64_t version = 0;  // of the latest value
        bool is_ready = true;
        bool is_waited_for = false;
        bool is_refused = false;  // not this time any more
    };
    enum class Pulled : std::uint8_t { nothing, one, no_room };
    class Arrived;
    struct ConsumedOne {
        protocol::Alias alias;
        std::shared_ptr<Consumer> consumer;
    };

    // what the protocol says
    void opened(const protocol::Hello& remote) noexcept override;
    void subscribed(const protocol::Subscribe& subscribe) noexcept override;
    void unsubscribed(protocol::Alias alias, const Reason& reason) noexcept override;
    void event(const protocol::Event& event) noexcept override;
    void state(const protocol::State& state) noexcept override;
    void ended(protocol::Alias alias, const Reason& reason) noexcept override;
    void ended(const Reason& reason) noexcept override;

    static constexpr std::size_t many = 16;

    void go_on();
    /// False if there is no memory for that.
    [[nodiscard]] bool go_on_later() noexcept;
    /// Whether there is a stream to read from and to write to.
    [[nodiscard]] bool is_usable() const noexcept {
        return protocol_.state() != LinkState::closed && !is_shaking_hands_;
    }
    void write();
    void pull();
    void pull(bool latest, std::size_t& next);
    /// Each takes off the turns that it has used.
    [[nodiscard]] Pulled try_pull_from(ServedOne& one, int& turns);
    [[nodiscard]] Pulled pull_events_from(ServedOne& one, int& turns);
    [[nodiscard]] Pulled pull_value_from(ServedOne& one, int& turns);
    void arm();
    void deadline_has_passed();
    void finish();
    void lose(const Reason& reason) { protocol_.lost(reason.text, reason.code); }
    void lose_what_cannot_be_written();
    void subscribe(std::shared_ptr<Consumer> consumer);
    [[nodiscard]] std::unique_ptr<Serving> open(const protocol::Subscribe& subscribe);
    void was_consumed(protocol::Alias alias, Consumed&& consumed);
    void tell_end(const Consumer& consumer, const Reason& reason);
    void throw_outside(std::exception_ptr exception) noexcept;
    void close_for(end_code code, const std::exception_ptr& exception) noexcept;
    /// Ends the link where there is no memory for ending something less in order.
    template <class F>
    void or_lose(F&& f) noexcept {
        try {
            f();
        } catch (...) {
            protocol_.lost(what(std::current_exception()));
        }
    }
    /// What an exception says, in what memory there is.
    [[nodiscard]] static std::string what(const std::exception_ptr& exception) noexcept;
    [[nodiscard]] static std::string names_of(const Consumer& consumer);

    [[nodiscard]] protocol::Moment now() const noexcept { return clock_.now(); }
    [[nodiscard]] ConsumedOne* consumed(protocol::Alias alias);
    /// For `stat()`: once for all that happened together.
    void publish() {
        const std::lock_guard guard(mutex_);
        published_ = stat_;
    }

    LinkCore& link_;
    const Clock clock_;
    const std::uint64_t epoch_;
    protocol::Protocol protocol_;
    Value<LinkState> state_;
    LinkState told_ = LinkState::opening;  // there

    std::vector<std::shared_ptr<const Group>> groups_;
    std::vector<ServedOne> served_;
    std::size_t next_latest_ = 0;  // whose turn it is
    std::size_t next_events_ = 0;
    bool may_pull_ = false;  // from one of them, at least
    Bytes payload_;
    ServedItem item_;

    std::vector<std::shared_ptr<Consumer>> waiting_;  // until the link is open
    std::vector<ConsumedOne> consumed_;

    Alarm alarm_;
    std::optional<protocol::Moment> armed_;  // for when

    Bytes read_buffer_;
    bool has_begun_ = false;
    bool goes_on_later_ = false;
    bool is_shaking_hands_ = false;
    bool is_reading_ = false;
    bool is_writing_ = false;
    std::optional<Reason> write_failure_;  // which a read may still explain
    bool has_closed_stream_ = false;

    LinkStat stat_;
    mutable std::mutex mutex_;
    LinkStat published_;  // guarded by mutex_
};

}  // namespace event::net::detail
