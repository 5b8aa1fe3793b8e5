#pragma once

/// Runs a program on the library and on the model, step by step, and compares whatever can be observed.

#include "handles.hpp"
#include "model.hpp"
#include "program.hpp"

#include <event/all.hpp>
#include <event/testing.hpp>

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace model {

constexpr int deepest = 3;  // handlers that act inside handlers that act …
constexpr std::size_t most_of_a_kind = 6;

/// What a message shows of it: made only when something differs.
template <class T>
[[nodiscard]] const T& shown(const T& value) {
    return value;
}
[[nodiscard]] std::string shown(const error_code& error);
[[nodiscard]] std::string shown(const EmitResult& result);

/// Whether they say the same.
[[nodiscard]] bool is_same(const EmitResult& left, const EmitResult& right);
[[nodiscard]] inline bool is(error_code error, errc expected) {
    return expected == errc{} ? !error : error == expected;
}

template <class Container, class Predicate>
[[nodiscard]] bool any(const Container& container, Predicate&& predicate) {
    return std::any_of(container.begin(), container.end(), std::forward<Predicate>(predicate));
}

/// An operation that was started, and neither completed nor was destroyed.
struct Operation {
    enum class Kind : std::uint8_t { receive, receive_some, wait, end, readiness, emit, get, get_if, wait_newer };
    Kind kind = Kind::receive;
    int target = 0;  // the handle: of a subscription, an emitter or a watcher
    int queue = 0;   // of a handle of a subscription
    std::size_t context = 0;
    std::size_t most = 0;  // of receive_some
    enum class Limit : std::uint8_t { none, expired, far } limit = Limit::none;
    bool is_on_strand = false;
    std::uint8_t then = 0;
    bool is_cancelled = false;
    bool may_be_destroyed = false;
    /// It need not wait for anything: what it completes with.
    std::optional<errc> fixed = {};
    EmitResult result = {};   // with it
    bool has_thrown = false;  // what its emit called
    // of an emit
    Type type = ping;
    int number = 0;
    event::EmitterId emitter = 0;
    std::uint64_t arrival = 0;
    std::shared_ptr<const bool> emitter_is_open = {};
    std::shared_ptr<boost::asio::cancellation_signal> signal = {};
};

[[nodiscard]] const char* name_of(Operation::Kind kind);
[[nodiscard]] constexpr Operation::Limit limit_of(int which) {
    return which == 4 ? Operation::Limit::expired : which == 7 ? Operation::Limit::far : Operation::Limit::none;
}
[[nodiscard]] constexpr std::chrono::nanoseconds duration_of(Operation::Limit limit) {
    return limit == Operation::Limit::far ? std::chrono::hours(1) : std::chrono::hours(0);
}
/// Of a subscription.
[[nodiscard]] inline std::string name_of(int number) { return fmt::format("s{}", number); }

/// What the handlers of the program tell.
class Machine final : public Listener {
public:
    /// `tellers` is what an earlier run of the same program has found out.
    explicit Machine(std::vector<int> tellers = {});
    Machine(const Machine&) = delete;
    Machine& operator=(const Machine&) = delete;
    ~Machine();

    void execute(const Step& step);
    /// Between two steps, when no call is in progress.
    void compare(bool is_last = false);
    [[nodiscard]] const std::string& failure() const noexcept { return failure_; }
    /// Which emits that had waited told a subscription that it is slow, in their order. What a callback hears may be
    /// of one of several; which it was shows when that one completes.
    [[nodiscard]] const std::vector<int>& tellers() const noexcept { return tellers_; }
    /// Whether the last of them was guessed wrong at first: only the run with these is one to judge by.
    [[nodiscard]] bool was_misled() const noexcept { return was_misled_; }

    // Listener
    void received(int operation, error_code error, std::span<const Received> all) override;
    void completed(int operation, error_code error) override;
    void emitted(int operation, error_code error, const EmitResult& result) override;
    void got(int operation, error_code error, std::optional<Seen> seen) override;
    void destroyed(int operation) override;
    void pushed(int subscription, const Received& received) override;
    [[nodiscard]] boost::asio::io_context* context(std::size_t which) override { return contexts_[which].get(); }

private:
    using Kind = Operation::Kind;
    struct Emitting {
        std::unique_ptr<AnyEmitter> handle;
        Type type;
        std::shared_ptr<bool> is_open = std::make_shared<bool>(true);
    };
    struct Subscribed {  // each handle
        std::unique_ptr<AnySubscription> handle;
        int queue = 0;  // the number of the first one
        bool is_push = false;
        std::size_t context = 0;
        bool is_on_strand = false;
        bool has_handler = false;  // that lives
        std::uint8_t then = 0;     // what its handler does
        std::uint64_t last_sequence = 0;
    };
    struct Watching {
        std::unique_ptr<AnyWatcher> handle;
    };
    struct Valued {
        std::unique_ptr<AnyValue> handle;
        int topic;
        Type type;
        event::EmitterId emitter = 0;
        bool is_open = true;
    };
    struct Viewed {
        std::unique_ptr<AnyView> handle;
        int topic;
    };
    struct Held {
        event::AnyEvent any;
        Event event;
    };
    /// What a call of the library threw, and what was thrown into it.
    struct Outcome {
        bool threw = false;
        bool callback_threw = false;
    };

    template <class... Args>
    void expect(bool holds, fmt::format_string<decltype(shown(std::declval<const Args&>()))...> what,
                const Args&... args) {
        if (!holds && failure_.empty()) failure_ = fmt::format(what, shown(args)...);
    }
    template <class Map>
    [[nodiscard]] static typename Map::value_type* pick(Map& map, std::uint8_t which) {
        if (map.empty()) return nullptr;
        return &*std::next(map.begin(), static_cast<std::ptrdiff_t>(which % map.size()));
    }

    void make_emitter(const Step& step);
    void close_emitter(const Step& step, bool destroys);
    void emit(const Step& step);
    void emit_all(const Step& step);
    void pass(const Step& step);
    void async_emit(const Step& step);
    void subscribe(const Step& step, bool is_special);
    void choose(const Step& step, Wanted& wanted, Subscription& subscription);
    void share(const Step& step);
    /// The operation that receives, or waits to, by that handle; 0: none.
    [[nodiscard]] int receiving(int handle) const;
    /// It will not take what may be kept for it.
    void cancel_receiving(int number, Operation& operation);
    [[nodiscard]] bool somebody_waits_for_room(const Subscription& subscription) const;
    void try_receive(const Step& step);
    void start_receive(const Step& step);
    void start_beside(const Step& step);
    void end_subscription(const Step& step, int how);
    void watch(const Step& step);
    void try_get(const Step& step);
    void start_get(const Step& step);
    void end_watcher(const Step& step);
    void make_value(const Step& step);
    void set_value(const Step& step);
    void end_value(const Step& step);
    void view(const Step& step);
    void compare_views();
    void cancel(const Step& step);
    void cancel_receive(const Step& step);
    void run_context(const Step& step);
    void run_all();
    void kill_context(const Step& step);
    void close_bus();
    void act(std::uint8_t then);
    /// The end of a handler, which may throw.
    void end_handler(std::uint8_t then);
    [[nodiscard]] static bool throws(std::uint8_t then) { return then % 16 == 9; }
    /// Calls the library where that may call what throws.
    template <class Call>
    Outcome guarded(Call&& call) {
        Outcome outcome;
        Outcome* const outer = std::exchange(calling_, &outcome);
        try {
            call();
        } catch (const Thrown&) {
            outcome.threw = true;
        }
        calling_ = outer;
        return outcome;
    }
    void expect_thrown(const Outcome& outcome, bool by_event) {
        expect(outcome.threw == (by_event || outcome.callback_threw), "what a callback or filter throws: {}",
               outcome.threw);
    }
    bool poll(boost::asio::io_context& context);

    [[nodiscard]] int begin(Operation operation);
    /// Of one that has begun.
    [[nodiscard]] Handling handling(int operation);
    [[nodiscard]] bool is_alive(std::size_t context) const { return contexts_[context] != nullptr; }
    /// Which context a handler runs in.
    [[nodiscard]] std::size_t choose_context(std::uint8_t which) const;
    /// The pending operation that occupies the spot of a subscription or watcher.
    [[nodiscard]] bool is_occupied(int target, bool of_watcher) const;
    static bool is_of_watcher(Kind kind) { return kind >= Kind::get; }
    static bool is_receive(Kind kind) { return kind <= Kind::wait; }
    /// Whether it must complete when it gets to run.
    [[nodiscard]] bool is_due(const Operation& operation);
    /// Of emits that wait: whether the operation's could go on now.
    [[nodiscard]] bool may_emit(const Operation& operation);
    /// Whether the two wait for one queue.
    [[nodiscard]] bool share_queue(Type left, Type right) const;
    [[nodiscard]] bool somebody_waits_beside(Type type) const;
    /// Whether a get with a predicate may have taken the newest event already, and left it.
    [[nodiscard]] bool may_have_seen_newest(const Watcher& watcher) const;
    /// Whether the watcher has ended; that this is so tells the model what has been seen.
    [[nodiscard]] bool has_ended_by(Watcher& watcher, error_code error);
    void check_idle();
    void check_callbacks();
    void check_received(int handle, const Received& received);
    void check_count(int operation, Subscription& subscription, std::size_t most, std::size_t count);
    void note_sequence(std::uint64_t order, std::uint64_t sequence);
    void told_slow(const event::SlowSubscriber& slow);
    /// The model does what the emit did that has told of it, whose completion is still to come.
    void find_teller(int subscription);
    void check_teller(int operation);
    /// Calls the library, and only notes who is told to be slow: what the model does is not known before.
    template <class Call>
    void quietly(Call&& call);
    /// Emits in that of the possible ways in which the library has just done it.
    EmitResult emit_as_library_did(Type type, int number, event::EmitterId emitter);
    [[nodiscard]] bool is_like_library(const Bus& model) const;
    void compare_subscription(int number, const Subscription& subscription, const event::SubscriptionStat& stat);
    void compare_topic(Type type, const event::TopicStat& stat);
    void compare_report();
    /// The model keeps what has ended; here goes what nobody can ask for any more.
    void forget_gone();
    /// Whether what runs now runs there.
    [[nodiscard]] bool is_at_home(std::size_t context, bool is_on_strand) const;
    Operation* finish(int operation, const char* how, Operation& storage);

    std::array<std::unique_ptr<boost::asio::io_context>, 2> contexts_;  // the first is the bus's
    std::array<std::optional<Strand>, 2> strands_;
    std::optional<event::testing::ManualClock> clock_;
    bool home_is_gone_ = false;
    std::unique_ptr<event::EventBus> bus_;
    Bus model_;
    std::map<int, Emitting> emitters_;
    std::map<int, Subscribed> subscriptions_;
    std::map<int, Watching> watchers_;
    std::map<int, Valued> values_;
    std::map<int, Viewed> views_;
    std::map<Type, Held> held_;
    std::map<int, Operation> operations_;
    std::map<std::uint64_t, std::uint64_t> sequences_;  // of the events, by order
    std::array<std::size_t, 2> dying_{};
    std::string failure_;
    std::vector<int> tellers_;
    std::size_t tellers_known_ = 0;
    int teller_ = 0;  // of the handler that runs; 0: none
    bool was_misled_ = false;
    std::vector<int> quiet_calls_;
    bool is_quiet_ = false;
    Outcome* calling_ = nullptr;
    bool handler_threw_ = false;
    int posted_ = 0;           // what is to come out of run() of the bus's context
    std::size_t running_ = 0;  // the context
    int depth_ = 0;
    int acts_left_ = 200;  // handlers that emit what they hear go on for ever
    unsigned comparisons_ = 0;
    int next_ = 1;
    int next_number_ = 1;
    std::uint64_t arrivals_ = 0;
};

}  // namespace model
