#pragma once

/// The contract of the bus as a plain sequential program: containers, no locks, no memory of its own, no executor. It
/// says what each call returns, what each queue holds, which operations may complete now and with what; the library
/// says which of them completes first.

#include <event/backpressure.hpp>
#include <event/emit_result.hpp>
#include <event/error.hpp>
#include <event/meta.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <vector>

namespace model {

using event::EmitResult;
using event::errc;
using event::Policy;

/// The event types: Ping and Pong are copied into each queue, Note is shared; Pong and Note have the behaviour. Started
/// is what a bus emits when it starts.
enum Type : std::uint8_t { ping, pong, note, started, types };

/// What a subscription lists, and so the index of a delivery.
enum class Listed : std::uint8_t { ping, pong, note, behaviour, all };

[[nodiscard]] inline bool includes(Listed listed, Type type) {
    if (listed == Listed::all) return true;
    if (listed == Listed::behaviour) return type == pong || type == note;
    return static_cast<Type>(listed) == type;
}

enum class Keys : std::uint8_t { none, newest, merged };

struct Event {
    Type type = ping;
    int number = 0;
    std::uint64_t order = 0;   // of all emits, from 1
    std::uint64_t object = 0;  // which it is in memory: what passes by is emitted again as the same
    event::EmitterId emitter = 0;

    friend bool operator==(const Event&, const Event&) = default;
};

/// What filters, keys and merges of the tests say.
[[nodiscard]] inline bool is_wanted(int number) { return number % 3 != 0; }
[[nodiscard]] inline int key_of(int number) { return number % 4; }
[[nodiscard]] inline std::optional<int> merged(int queued, int newer) {
    if ((queued + newer) % 5 == 0) return std::nullopt;
    return newer + 4 * (queued % 3) + (queued % 7 == 3 ? 1 : 0);  // now and then under another key
}
/// What a filter asks of what is known beside the event; of a Ping it is not told.
enum class Asks : std::uint8_t { nothing, whose, whether_replayed, whether_missed };
[[nodiscard]] inline bool is_wanted(Asks asks, event::EmitterId wanted, const event::Meta& meta) {
    if (asks == Asks::whose) return meta.emitter == wanted;
    if (asks == Asks::whether_replayed) return !meta.replayed;
    return asks != Asks::whether_missed || meta.missed % 2 == 0;
}
/// And where they throw, if they do.
[[nodiscard]] inline bool filter_throws(int number) { return number % 13 == 5; }
[[nodiscard]] inline bool key_throws(int number) { return number % 17 == 7; }
[[nodiscard]] inline bool merge_throws(int queued, int newer) { return (queued + newer) % 11 == 3; }
/// Of a Note.
[[nodiscard]] inline bool copy_throws(Type type, int number) { return type == note && number % 23 == 9; }

struct Queued {
    Event event;
    std::size_t index = 0;  // among what the subscription lists
    std::uint64_t missed = 0;
    bool is_replayed = false;
    std::uint64_t keyed = 0;  // when it came to its key
};

struct Figures {
    std::uint64_t delivered = 0, lost = 0, rejected = 0, discarded = 0, killed = 0;

    friend bool operator==(const Figures&, const Figures&) = default;
};

/// The operations that wait at a queue, by their numbers, and what is kept for them. Of one that is not shared only how
/// many handles there are is known.
struct Receivers {
    bool are_several = false;
    std::size_t handles = 1;
    std::size_t runs = 1;          // of its handler
    std::deque<int> waiting = {};  // first come, first
    std::set<int> served = {};     // for each of these one event is kept
    /// Somebody only looks, or what was kept for somebody is gone: the library has to see who comes first.
    bool are_unsure = false;

    [[nodiscard]] std::size_t kept_from(int operation) const { return served.size() - served.count(operation); }
    void forget(int operation);
};

struct Subscription {
    // as asked for
    std::vector<Listed> lists = {};
    Policy policy = Policy::drop;
    std::size_t capacity = 1;
    bool is_filtered = false;
    Keys keys = Keys::none;
    bool throws = false;  // what refines it
    bool requires_emitters = false;
    Asks asks = Asks::nothing;
    event::EmitterId asks_for = 0;
    event::EmitterId excluded = 0;
    std::int64_t patience = 0;  // of Kill

    enum class State : std::uint8_t { open, draining, closed, killed } state = State::open;
    std::deque<Queued> queue = {};
    std::uint64_t gap = 0;
    std::uint64_t high_water = 0;
    Figures figures = {};
    bool is_in_episode = false;
    bool is_slow_due = false;  // a callback is to come
    std::uint64_t episodes = 0;
    enum class Readiness : std::uint8_t { unknown, ready, no_emitters } readiness = Readiness::unknown;
    bool is_listed = true;  // by the report: until its handle closes it
    std::int64_t full_since = 0;
    Receivers receivers = {};

    [[nodiscard]] bool is_open() const { return state == State::open; }
    [[nodiscard]] bool has_ended() const { return state >= State::closed; }
    [[nodiscard]] errc end_reason() const { return state == State::killed ? errc::killed : errc::closed; }
    [[nodiscard]] std::size_t new_events() const;
    [[nodiscard]] bool has_room() const { return new_events() < capacity; }
    [[nodiscard]] bool hears(Type type) const;
    [[nodiscard]] bool lists_itself(Type type) const;
    [[nodiscard]] bool is_wildcard() const { return lists.front() == Listed::all; }
    /// Whether it has anything to give, or an end to tell of.
    [[nodiscard]] bool is_readable() const { return state != State::open || !queue.empty(); }
    /// How many events there are for that operation, or for 0, who has none: not what is kept for others.
    [[nodiscard]] std::size_t available(int operation) const;
    /// An operation waits from now on, if there is nothing.
    void line_up(int operation);
    /// It was cancelled, say: what was kept for it comes to the next one.
    void leave(int operation);
    /// It has only seen that there is something.
    void overlook(int operation);
    /// Its handle was asked for an event beside it, and gave one.
    void lose_served(int operation);
    /// Keeps what there is for who has waited longest.
    void serve();
    /// An event has gone that nobody received.
    void check_served();
};

struct Topic {
    std::size_t emitters = 0;
    bool has_exclusive = false;
    bool is_retained = false;
    std::uint64_t emitted = 0;
    std::uint64_t lost = 0;
    std::uint64_t killed = 0;
    std::optional<Event> last;  // that was counted
    std::optional<Event> kept;
    std::size_t watchers = 0;
    std::size_t values = 0;  // handles of the latest value that are open
    std::size_t views = 0;   // with those of the handles
    bool is_closed = false;
};

struct Watcher {
    int topic = ping;
    std::uint64_t seen = 0;  // order of an event
    bool is_closed = false;
    /// A get with a predicate may, or may not, have seen the newest event by now.
    bool may_have_seen = false;
};

/// How many of its events a queue takes at most where it has room: of those subscriptions that are named.
using Accepts = std::map<int, int>;

/// A bus with all that is registered. Everything is found by its number, in the order in which it was made.
class Bus {
public:
    /// By type; then those of values that stand alone, by a number of their own.
    std::map<int, Topic> topics;
    std::map<int, Subscription> subscriptions;
    std::map<int, Watcher> watchers;
    bool is_closed = false;
    bool has_started = false;
    std::int64_t now = 0;
    bool counts_unheard = false;
    /// In the last call, so that it throws.
    bool user_code_threw = false;

    Bus();

    /// Whether an emitter may be made.
    [[nodiscard]] errc add_emitter(Type type, bool retain, bool exclusive);
    void remove_emitter(Type type);

    /// Emits. A queue of whose room somebody may have a promise takes the event only where `accepts` says so.
    EmitResult emit(Type type, int number, event::EmitterId emitter, const Accepts& accepts = {}) {
        return emit(make(type, number, emitter), accepts);
    }
    EmitResult emit(Event event, const Accepts& accepts = {});
    /// Emits what passes by: while that lasts there is one more emitter.
    EmitResult begin_passing(const Event& event);
    void end_passing(Type type);
    [[nodiscard]] bool is_wanted(Type type) const;
    /// Whether every queue whose policy is Wait, and whose filter wants the event, has room.
    [[nodiscard]] bool has_room(Type type, int number, event::EmitterId emitter);

    /// What it already holds is queued.
    void subscribe(int number, Subscription subscription, bool replays);
    std::optional<Queued> take(Subscription& subscription);
    void close(Subscription& subscription);
    void drain(Subscription& subscription);

    void watch(int number, int topic);
    void close(Watcher& watcher);
    [[nodiscard]] const std::optional<Event>& newest(const Watcher& watcher) const {
        return topics.at(watcher.topic).kept;
    }
    [[nodiscard]] bool is_behind(const Watcher& watcher) const {
        return newest(watcher) && newest(watcher)->order > watcher.seen;
    }
    [[nodiscard]] bool has_ended(const Watcher& watcher) const {
        return watcher.is_closed || (!is_behind(watcher) && topics.at(watcher.topic).is_closed);
    }
    void see(Watcher& watcher);

    /// One more handle of a type's latest value.
    [[nodiscard]] errc add_value(Type type);
    void close_value(Type type);
    void add_view(int topic) { ++topics.at(topic).views; }
    void remove_view(int topic);
    /// A value without a bus.
    void add_lone(int number) {
        topics[number].is_retained = true;
        add_view(number);
    }
    void set_lone(int number, Type type, int to);
    void close_lone(int number) { topics.at(number).is_closed = true; }

    void forget(Type type);
    void start();
    void close();

    [[nodiscard]] std::size_t subscribers(Type type) const;
    [[nodiscard]] Figures sums() const;
    /// Which events of the type somebody could still read.
    [[nodiscard]] std::set<std::uint64_t> alive(Type type) const;
    /// By who is sure to want it; wildcards take what there is.
    [[nodiscard]] bool is_used(Type type) const;
    /// A topic that nobody uses begins anew.
    void retire_unused(Type type);

private:
    [[nodiscard]] Event make(Type type, int number, event::EmitterId emitter) {
        return {type, number, 0, ++objects_, emitter};
    }
    enum class Pushed : std::uint8_t { queued, displaced, refused, rejected, merged_away, killed };
    Pushed push(Subscription& subscription, std::size_t index, const Event& event, bool is_replayed, int* accepts);
    /// Whether it hears of it at all.
    bool accepts(const Subscription& subscription, std::size_t index, const Event& event, bool is_replayed);
    /// What is queued under the event's key is replaced; what became of it, if there is any.
    std::optional<Pushed> replace(Subscription& subscription, std::size_t index, const Event& event, bool is_replayed);
    void append(Subscription& subscription, const Queued& queued);
    /// One that nobody received goes; the next one tells of it.
    void lose(Subscription& subscription, std::size_t position);
    void end(Subscription& subscription, Subscription::State how);
    void resolve(Subscription& subscription);
    void forget_if_unread(int topic);

    std::uint64_t order_ = 0;
    std::uint64_t objects_ = 0;
    std::uint64_t keyed_ = 0;
    Figures gone_;
};

}  // namespace model
