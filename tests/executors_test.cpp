/// Handlers on every kind of executor that Asio's own operations take, and contexts that die in either order.

#include "support.hpp"

#include <boost/asio/any_completion_executor.hpp>
#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/execution/blocking.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/io_context_strand.hpp>

#include <array>
#include <chrono>
#include <concepts>
#include <deque>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace executors_test {

using namespace std::chrono_literals;
using namespace support;
using asio::any_completion_executor;
using asio::any_io_executor;
using event::Wait;

/// The loop of a window system: no execution context, and it never runs a function at once.
class Gui {
public:
    class Executor {
    public:
        explicit Executor(Gui& gui) noexcept : gui_(&gui) {}
        template <class Function>
        void execute(Function&& function) const {
            if (gui_->refuses_ > 0 && gui_->refuses_-- > 0) throw std::bad_alloc();
            gui_->queue_.push_back(
                [shared = std::make_shared<std::decay_t<Function>>(std::forward<Function>(function))] { (*shared)(); });
        }
        static constexpr asio::execution::blocking_t query(asio::execution::blocking_t) noexcept {
            return asio::execution::blocking.never;
        }
        [[nodiscard]] Executor require(asio::execution::blocking_t::never_t) const noexcept { return *this; }
        bool operator==(const Executor&) const noexcept = default;

    private:
        Gui* gui_;
    };

    [[nodiscard]] Executor executor() noexcept { return Executor(*this); }
    [[nodiscard]] bool is_running() const noexcept { return is_running_; }
    [[nodiscard]] bool empty() const noexcept { return queue_.empty(); }
    void refuse_twice() noexcept { refuses_ = 2; }
    void drive() {
        is_running_ = true;
        for (; !queue_.empty(); queue_.pop_front()) queue_.front()();
        is_running_ = false;
    }
    void clear() { queue_.clear(); }

private:
    std::deque<std::function<void()>> queue_;
    bool is_running_ = false;
    int refuses_ = 0;
};

/// Asio's `inline_executor` of Boost 1.90: no context, and it can do nothing but run a function at once.
class Inline {
public:
    explicit Inline(int& depth) noexcept : depth_(&depth) {}
    template <class Function>
    void execute(Function&& function) const {
        std::decay_t<Function> here(std::forward<Function>(function));
        ++*depth_;
        here();
        --*depth_;
    }
    static constexpr asio::execution::blocking_t query(asio::execution::blocking_t) noexcept {
        return asio::execution::blocking.always;
    }
    [[nodiscard]] Inline require(asio::execution::blocking_t::always_t) const noexcept { return *this; }
    bool operator==(const Inline&) const noexcept = default;

private:
    int* depth_;
};

/// As little as an executor can be: it knows its context, and promises nothing about when a function runs.
class Bare {
public:
    Bare(asio::io_context& io, bool& is_running) noexcept : io_(&io), is_running_(&is_running) {}
    template <class Function>
    void execute(Function&& function) const {
        asio::post(*io_, [f = std::forward<Function>(function), is_running = is_running_]() mutable {
            *is_running = true;
            f();
            *is_running = false;
        });
    }
    [[nodiscard]] asio::execution_context& query(asio::execution::context_t) const noexcept { return *io_; }
    bool operator==(const Bare&) const noexcept = default;

private:
    asio::io_context* io_;
    bool* is_running_;
};

/// Asio has no way to put a legacy strand's handler into `any_completion_handler`.
template <class Executor>
constexpr bool is_erasable = std::constructible_from<any_completion_executor, Executor>;

/// Starts each operation with a handler on that executor, lets it wait, and then completes it. It must not run in
/// `start` or on the stack of who completes it, and only where it belongs.
template <class Executor>
void expect_every_operation_completes(asio::io_context& home, const Executor& executor,
                                      const std::function<void()>& turn, const std::function<bool()>& is_there) {
    event::EventBus bus{home};
    const auto emitter = bus.emitter<Number>();
    const auto texts = bus.emitter<Text>();
    auto value = bus.value<Letter>();
    const auto expect_completes = [&](const char* operation, const auto& start, const auto& cause) {
        SCOPED_TRACE(operation);
        bool is_done = false;
        const auto check = [&](auto&&...) {
            is_done = true;
            EXPECT_TRUE(is_there());
        };
        start(asio::bind_executor(executor, check));
        turn();
        EXPECT_FALSE(is_done);
        cause();
        EXPECT_FALSE(is_done) << "ran on the stack of who completes it";
        turn();
        EXPECT_TRUE(is_done);
    };
    const auto emit = [&] { emitter.emit({1}); };
    const auto set = [&] { value.set(Letter{'a'}); };
    {
        auto in = bus.subscribe<Number>();
        const auto cancel = [&] { in.cancel(); };
        expect_completes("async_receive", [&](auto handler) { in.async_receive(handler); }, emit);
        expect_completes("async_receive, cancelled", [&](auto handler) { in.async_receive(handler); }, cancel);
        std::array<event::Delivery<Number>, 2> some;
        expect_completes("async_receive_some", [&](auto handler) { in.async_receive_some(some, handler); }, emit);
        expect_completes("async_receive_for", [&](auto handler) { in.async_receive_for(1h, handler); }, emit);
        if constexpr (is_erasable<Executor>) {
            using Erased = asio::any_completion_handler<void(error_code, event::Delivery<Number>)>;
            expect_completes("async_receive, erased", [&](auto handler) { in.async_receive(Erased(handler)); }, emit);
            expect_completes(
                "async_receive_for, erased", [&](auto handler) { in.async_receive_for(1h, Erased(handler)); }, emit);
        }
        expect_completes("async_wait", [&](auto handler) { in.async_wait(handler); }, emit);
        expect_completes("async_closed", [&](auto handler) { in.async_closed(handler); }, [&] { in.close(); });
    }
    {
        auto in = bus.subscribe<Number>();
        bool is_timed_out = false;
        const auto check = [&](error_code error, auto&&) {
            EXPECT_EQ(error, asio::error::timed_out);
            EXPECT_TRUE(is_there());
            is_timed_out = true;
        };
        in.async_receive_for(0s, asio::bind_executor(executor, check));
        EXPECT_FALSE(is_timed_out);
        turn();
        EXPECT_TRUE(is_timed_out);
    }
    {
        auto full = bus.subscribe<Text>({.capacity = 1, .on_full = Wait{}});
        texts.emit({"a"});
        expect_completes(
            "async_emit", [&](auto handler) { texts.async_emit({"b"}, handler); },
            [&] { EXPECT_TRUE(full.try_receive()); });
    }
    {
        auto watcher = bus.watch<Letter>();
        expect_completes("async_get", [&](auto handler) { watcher.async_get(handler); }, set);
        expect_completes("async_get_for", [&](auto handler) { watcher.async_get_for(1h, handler); }, set);
        if constexpr (is_erasable<Executor>) {
            using Erased = asio::any_completion_handler<void(error_code, event::Snapshot<Letter>)>;
            expect_completes(
                "async_get_for, erased", [&](auto handler) { watcher.async_get_for(1h, Erased(handler)); }, set);
        }
        expect_completes("async_wait of a watcher", [&](auto handler) { watcher.async_wait(handler); }, set);
    }
    std::optional<event::Emitter<Silent>> silent;
    expect_completes(
        "async_wait_emitter", [&](auto handler) { bus.async_wait_emitter<Silent>(handler); },
        [&] { silent = bus.emitter<Silent>(); });
    event::Subscription<Number> pushed = bus.subscribe<Number>();
    expect_completes("push", [&](auto handler) { pushed = bus.subscribe<Number>({}, handler); }, emit);
    expect_completes("async_closed", [&](auto handler) { pushed.async_closed(handler); }, [&] { pushed.close(); });
    turn();
}

TEST(Executors, AStrandAsAsioHadThemFirst) {
    asio::io_context io;
    const asio::io_context::strand strand(io);
    expect_every_operation_completes(io, strand, [&] { drive(io); }, [&] { return strand.running_in_this_thread(); });
}

/// As the Networking TS had them, of which only some context is known.
struct OfTheTs {
    asio::io_context* io;
    [[nodiscard]] asio::execution_context& context() const noexcept { return *io; }
    void on_work_started() const noexcept { io->get_executor().on_work_started(); }
    void on_work_finished() const noexcept { io->get_executor().on_work_finished(); }
    template <class Function, class Allocator>
    void dispatch(Function&& function, const Allocator& allocator) const {
        io->get_executor().dispatch(std::forward<Function>(function), allocator);
    }
    template <class Function, class Allocator>
    void post(Function&& function, const Allocator& allocator) const {
        io->get_executor().post(std::forward<Function>(function), allocator);
    }
    template <class Function, class Allocator>
    void defer(Function&& function, const Allocator& allocator) const {
        io->get_executor().defer(std::forward<Function>(function), allocator);
    }
    bool operator==(const OfTheTs&) const noexcept = default;
};

TEST(Executors, OneOfTheNetworkingTsThatTellsOnlyItsContext) {
    asio::io_context io;
    event::testing::ManualClock clock{io};
    event::EventBus bus{io};
    const auto emitter = bus.emitter<Number>();
    auto full = bus.subscribe<Number>({.capacity = 1, .on_full = Wait{.limit = 1s}});
    auto other = bus.subscribe<Letter>();
    emitter.emit({1});
    Completion<event::EmitResult> emitted;
    Completion<event::Delivery<Letter>> received;
    emitter.async_emit(Number{2}, asio::bind_executor(OfTheTs{&io}, emitted.handler()));
    other.async_receive_for(1s, asio::bind_executor(OfTheTs{&io}, received.handler()));
    drive(io);
    EXPECT_TRUE(emitted.pending() && received.pending());
    clock.advance(1s);
    drive(io);
    EXPECT_EQ(emitted.value().refused, 1U);
    EXPECT_EQ(received.error(), asio::error::timed_out);
}

TEST(Executors, OneWithoutAContext) {
    asio::io_context io;
    Gui gui;
    const auto turn = [&] {
        drive(io);
        gui.drive();
        drive(io);
        gui.drive();
    };
    expect_every_operation_completes(io, gui.executor(), turn, [&] { return gui.is_running(); });
}

TEST(Executors, OneWithoutAContextErased) {
    asio::io_context io;
    Gui gui;
    const auto turn = [&] {
        for (int i = 0; i < 3; ++i) {
            drive(io);
            gui.drive();
        }
    };
    expect_every_operation_completes(io, any_completion_executor(gui.executor()), turn,
                                     [&] { return gui.is_running(); });
}

TEST(Executors, OneThatOnlyRunsFunctionsAtOnce) {
    asio::io_context io;
    int depth = 0;
    expect_every_operation_completes(io, Inline(depth), [&] { drive(io); }, [&] { return depth == 1; });
    expect_every_operation_completes(
        io, any_completion_executor(Inline(depth)), [&] { drive(io); }, [&] { return depth == 1; });
}

TEST(Executors, OneThatPromisesNothing) {
    asio::io_context io;
    asio::io_context other;
    bool is_running = false;
    const auto turn = [&] {
        for (int i = 0; i < 3; ++i) {
            drive(io);
            drive(other);
        }
    };
    expect_every_operation_completes(io, Bare(other, is_running), turn, [&] { return is_running; });
    expect_every_operation_completes(io, any_completion_executor(Bare(other, is_running)), turn,
                                     [&] { return is_running; });
}

TEST(Executors, ErasedOnes) {
    asio::io_context io;
    asio::io_context other;
    const auto turn = [&] {
        drive(io);
        drive(other);
        drive(io);
        drive(other);
    };
    const auto strand = asio::make_strand(any_io_executor(other.get_executor()));
    const auto is_there = [&] { return strand.running_in_this_thread(); };
    expect_every_operation_completes(io, strand, turn, is_there);
    expect_every_operation_completes(io, any_io_executor(strand), turn, is_there);
    expect_every_operation_completes(io, any_completion_executor(strand), turn, is_there);
    expect_every_operation_completes(io, any_completion_executor(any_io_executor(strand)), turn, is_there);
}

TEST(Executors, AStrandOfAPool) {
    const auto receive = [](const auto& erase) {
        asio::io_context io;  // never runs
        asio::thread_pool pool(1);
        const auto strand = asio::make_strand(pool);
        event::EventBus bus{io};
        const auto emitter = bus.emitter<Number>();
        auto in = bus.subscribe<Number>();
        bool is_there = false;
        in.async_receive_for(1h, asio::bind_executor(erase(strand), [&](error_code error, auto&&) {
                                 is_there = !error && strand.running_in_this_thread();
                             }));
        emitter.emit({1});
        pool.join();
        EXPECT_TRUE(is_there);
    };
    receive([](const auto& strand) { return strand; });
    receive([](const auto& strand) { return any_io_executor(strand); });
    receive([](const auto& strand) { return any_completion_executor(strand); });
}

TEST(Executors, WithoutAContextAFailedPostLosesNothing) {
    asio::io_context io;
    Gui gui;
    event::EventBus bus{io};
    const auto emitter = bus.emitter<Number>();
    auto in = bus.subscribe<Number>();
    Completion<event::Delivery<Number>> receive;
    in.async_receive(asio::bind_executor(gui.executor(), receive.handler()));
    gui.refuse_twice();
    emitter.emit({1});
    EXPECT_TRUE(gui.empty());
    EXPECT_TRUE(receive.pending());
    EXPECT_EQ(drive(io), 0U);
    EXPECT_FALSE(io.stopped()) << "what waits keeps the home context running";
    emitter.emit({2});
    gui.drive();
    ASSERT_TRUE(receive.done());
    EXPECT_EQ(receive.value()->value, 1);
}

TEST(Executors, WithoutAContextTheHomeContextRunsAsLongAsSomethingWaits) {
    asio::io_context io;
    Gui gui;
    event::EventBus bus{io};
    auto in = bus.subscribe<Number>();
    Completion<event::Delivery<Number>> receive;
    in.async_receive(asio::bind_executor(gui.executor(), receive.handler()));
    drive(io);
    EXPECT_FALSE(io.stopped());
    in.close();
    drive(io);
    EXPECT_TRUE(io.stopped()) << "the completion is the window system's now";
    gui.drive();
    EXPECT_EQ(receive.error(), event::errc::closed);
}

/// One of each operation, with handlers on one executor.
class Waiting {
public:
    template <class Executor>
    Waiting(event::EventBus& bus, const Executor& executor)
        : numbers_(bus.emitter<Number>()),
          texts_(bus.emitter<Text>()),
          value_(bus.value<Letter>()),
          full_(bus.subscribe<Text>({.capacity = 1, .on_full = Wait{}})) {
        const auto on = [&]<class T>(Completion<T>& completion) {
            return asio::bind_executor(executor, completion.handler());
        };
        for (int i = 0; i < 4; ++i) subscriptions_.push_back(bus.subscribe<Number>());
        subscriptions_[0].async_receive(on(receive_));
        subscriptions_[0].async_closed(on(closed_));
        subscriptions_[1].async_receive_for(1h, on(receive_for_));
        subscriptions_[2].async_wait(on(wait_));
        texts_->emit({"a"});
        texts_->async_emit({"b"}, on(emit_));
        watchers_.push_back(bus.watch<Letter>());
        watchers_.back().async_get(on(get_));
        watchers_.push_back(bus.watch<Letter>());
        watchers_.back().async_get_for(1h, on(get_for_));
        const auto handler = [alive = handler_](const Number&) { ADD_FAILURE() << "a dead context's handler ran"; };
        subscriptions_.push_back(bus.subscribe<Number>({}, asio::bind_executor(executor, handler)));
        if constexpr (is_erasable<Executor>) {
            using Erased = asio::any_completion_handler<void(error_code, event::Delivery<Number>)>;
            subscriptions_[3].async_receive_for(1h, Erased(on(erased_)));
        }
    }
    /// Has everything but the end of a subscription posted.
    void complete() {
        numbers_->emit({1});
        value_->set(Letter{'a'});
        EXPECT_TRUE(full_->try_receive());
    }
    void expect_destroyed() const {
        EXPECT_TRUE(receive_.destroyed());
        EXPECT_TRUE(closed_.destroyed());
        EXPECT_TRUE(receive_for_.destroyed());
        EXPECT_TRUE(wait_.destroyed());
        EXPECT_TRUE(emit_.destroyed());
        EXPECT_TRUE(get_.destroyed());
        EXPECT_TRUE(get_for_.destroyed());
        EXPECT_TRUE(erased_.destroyed());
        EXPECT_EQ(handler_.use_count(), 1);
    }
    /// Everything goes but the completions.
    void let_go() {
        subscriptions_.clear();
        watchers_.clear();
        full_.reset();
        value_.reset();
        texts_.reset();
        numbers_.reset();
    }

private:
    Completion<event::Delivery<Number>> receive_;
    Completion<event::Delivery<Number>> receive_for_;
    Completion<event::Delivery<Number>> erased_;
    Completion<bool> closed_;
    Completion<bool> wait_;
    Completion<event::EmitResult> emit_;
    Completion<event::Snapshot<Letter>> get_;
    Completion<event::Snapshot<Letter>> get_for_;
    std::shared_ptr<int> handler_ = std::make_shared<int>();
    std::optional<event::Emitter<Number>> numbers_;
    std::optional<event::Emitter<Text>> texts_;
    std::optional<event::Value<Letter>> value_;
    std::optional<event::Subscription<Text>> full_;
    std::vector<event::Subscription<Number>> subscriptions_;
    std::vector<event::Watcher<Letter>> watchers_;
};

/// Both contexts die, after the operations wait or have been posted; what is posted is destroyed with its queue.
template <class Executor>
void expect_either_context_may_die_first(const std::function<Executor(asio::io_context&)>& make) {
    for (const bool other_first : {true, false}) {
        for (const bool is_posted : {true, false}) {
            SCOPED_TRACE(other_first);
            SCOPED_TRACE(is_posted);
            std::optional<asio::io_context> io(std::in_place);
            std::optional<asio::io_context> other(std::in_place);
            event::EventBus bus(*io);
            Waiting waiting(bus, make(*other));
            if (is_posted) waiting.complete();
            (other_first ? other : io).reset();
            if (!is_posted) {
                waiting.expect_destroyed();
                waiting.complete();
            }
            other.reset();
            io.reset();
            waiting.expect_destroyed();
        }
    }
}

TEST(Contexts, EitherOneMayDieFirst) {
    expect_either_context_may_die_first<any_io_executor>([](auto& io) { return io.get_executor(); });
    expect_either_context_may_die_first<any_completion_executor>([](auto& io) { return io.get_executor(); });
}

TEST(Contexts, EitherOneMayDieFirstWithAnErasedStrandOfTheOther) {
    expect_either_context_may_die_first<any_completion_executor>([](auto& io) { return asio::make_strand(io); });
    expect_either_context_may_die_first<any_completion_executor>(
        [](auto& io) { return any_io_executor(asio::make_strand(io)); });
    expect_either_context_may_die_first<any_completion_executor>(
        [](auto& io) { return asio::make_strand(any_io_executor(io.get_executor())); });
}

TEST(Contexts, EitherOneMayDieFirstWithALegacyStrandOfTheOther) {
    expect_either_context_may_die_first<asio::io_context::strand>(
        [](auto& io) { return asio::io_context::strand(io); });
}

TEST(Contexts, TheHomeContextMayDieFirstWhereAHandlersHasNone) {
    const auto check = [](const auto& erase, bool is_posted, bool runs) {
        Gui gui;
        std::optional<asio::io_context> io(std::in_place);
        std::optional<event::EventBus> bus(std::in_place, asio::make_strand(*io));
        std::optional<Waiting> waiting(std::in_place, *bus, erase(gui.executor()));
        if (is_posted) waiting->complete();
        drive(*io);  // of an erased one, only this brings it there
        EXPECT_EQ(gui.empty(), !is_posted);
        waiting->let_go();
        bus.reset();
        io.reset();
        if (runs) {
            gui.drive();
        } else {
            gui.clear();
        }
        waiting->expect_destroyed();
    };
    for (const bool is_posted : {true, false}) {
        for (const bool runs : {true, false}) {
            SCOPED_TRACE(is_posted);
            SCOPED_TRACE(runs);
            check([](const auto& executor) { return executor; }, is_posted, runs);
            check([](const auto& executor) { return any_completion_executor(executor); }, is_posted, runs);
        }
    }
}

TEST(Contexts, APoolMayDieBeforeTheHomeContext) {
    asio::io_context io;
    event::EventBus bus{io};
    std::optional<asio::thread_pool> pool(std::in_place, 1);
    Waiting waiting(bus, any_completion_executor(asio::make_strand(*pool)));
    pool.reset();
    waiting.expect_destroyed();
}

}  // namespace executors_test
