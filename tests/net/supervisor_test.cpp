#include "link_fixture.hpp"

#include <event/net/supervisor.hpp>
#include <event/retain_by.hpp>

#include <boost/asio/any_completion_handler.hpp>

#include <functional>
#include <list>
#include <memory>

/// `event::net::Supervisor`: a link that is kept.

namespace supervisor_test {

using namespace links;
using namespace std::chrono_literals;

/// Dials as the test says.
class Dialer {
public:
    using stream_type = duplex::End;

    struct Script {
        /// An end, or none: refused.
        std::function<std::optional<duplex::End>()> answer;
        bool is_silent = false;
        std::vector<std::chrono::steady_clock::time_point> at;
        using Waiting = asio::any_completion_handler<void(error_code, duplex::End)>;
        std::shared_ptr<Waiting> waiting;  // (Boost 1.81 cannot assign one)
    };
    Dialer(asio::io_context& io, event::testing::ManualClock& clock, std::shared_ptr<Script> script)
        : io_(&io), clock_(&clock), script_(std::move(script)) {}

    [[nodiscard]] asio::any_io_executor get_executor() const { return io_->get_executor(); }
    template <class Token>
    auto async_dial(Token&& token) {
        return asio::async_initiate<Token, void(error_code, duplex::End)>(
            [this](auto handler) {
                script_->at.push_back(clock_->now());
                script_->waiting = std::make_shared<Script::Waiting>(std::move(handler));
                if (!script_->is_silent) answer();
            },
            token);
    }
    void cancel() noexcept {
        if (script_->waiting) complete(asio::error::operation_aborted, duplex::pair(*io_).first);
    }

private:
    void answer() {
        if (auto end = script_->answer()) return complete({}, std::move(*end));
        complete(asio::error::connection_refused, duplex::pair(*io_).first);
    }
    void complete(error_code error, duplex::End end) {
        auto handler = std::exchange(script_->waiting, nullptr);
        auto moved = std::make_shared<duplex::End>(std::move(end));
        asio::post(*io_, [handler, error, moved] { std::move (*handler)(error, std::move(*moved)); });
    }

    asio::io_context* io_;
    event::testing::ManualClock* clock_;
    std::shared_ptr<Script> script_;
};

class ASupervisor : public testing::Test {
protected:
    using Supervisor = event::net::Supervisor<Dialer>;

    ASupervisor() {
        script_->answer = [this]() -> std::optional<duplex::End> {
            if (!is_up_) return std::nullopt;
            auto [a, b] = duplex::pair(io_);
            pipe_.emplace(a.outgoing());
            far_ = &nodes_.emplace_back(io_);
            far_->make(std::move(b), far_options_);
            far_->link->serve<Count>();
            far_->link->serve<Joined>({}, event::net::by_key(&Joined::peer));
            far_->link->import <Left>();
            if (on_far_) on_far_(*far_);
            far_->run();
            return std::move(a);
        };
        event::net::SupervisorOptions options{.jitter = 0ms, .seed = 1};
        options.link.on_subscription_ended = [this](const auto& ended) { ended_.push_back(ended); };
        supervisor_.emplace(bus_, Dialer(io_, clock_, script_), options);
    }
    ~ASupervisor() override { script_->waiting.reset(); }  // which owns what dials
    void run() {
        supervisor_->async_run(
            asio::bind_cancellation_slot(cancel_.slot(), [this](const error_code& error) { result_ = error; }));
        drive(io_);
    }
    void lose() {
        pipe_->cut();
        drive(io_);
    }
    void pass(std::chrono::steady_clock::duration time) { event::testing::drive_for(io_, clock_, time); }
    [[nodiscard]] LinkState state() const { return *supervisor_->state().try_get().value(); }

    asio::io_context io_;
    event::testing::ManualClock clock_{io_};
    event::EventBus bus_{io_};
    std::shared_ptr<Dialer::Script> script_ = std::make_shared<Dialer::Script>();
    bool is_up_ = true;
    LinkOptions far_options_;
    std::function<void(Node&)> on_far_;
    std::list<Node> nodes_;  // whose links may not have ended yet
    Node* far_ = nullptr;    // the last of them
    std::optional<duplex::Pipe> pipe_;
    std::vector<event::net::EndedSubscription> ended_;
    std::optional<Supervisor> supervisor_;
    asio::cancellation_signal cancel_;
    std::optional<error_code> result_;
};

TEST_F(ASupervisor, KeepsSubscriptionsAcrossLinks) {
    auto counts = supervisor_->subscribe<Count>();
    run();
    EXPECT_EQ(state(), LinkState::running);
    far_->bus.emitter<Count>().emit({1});
    drive(io_);
    lose();
    drive(io_);
    EXPECT_EQ(state(), LinkState::running) << "at once, the first time";
    far_->bus.emitter<Count>().emit({2});
    far_->bus.emitter<Count>().emit({3});
    drive(io_);
    const auto first = counts.try_receive(), second = counts.try_receive(), third = counts.try_receive();
    EXPECT_EQ((*first)->value, 1);
    EXPECT_EQ(first->missed(), 0U);
    EXPECT_EQ((*second)->value, 2);
    EXPECT_EQ(second->missed(), 1U) << "one mark: nobody knows how many";
    EXPECT_EQ((*third)->value, 3);
    EXPECT_EQ(third->missed(), 0U);
    EXPECT_EQ(supervisor_->stat().links, 2U);
}

TEST_F(ASupervisor, DialsAgainWhereADialCannotBegin) {
    int throws = 3;  // the first time, and out of what waits between two
    script_->answer = [&throws, answer = script_->answer] {
        if (throws-- > 0) throw std::bad_alloc();
        return answer();
    };
    run();
    pass(200ms);
    EXPECT_EQ(supervisor_->stat().failed_dials, 3U);
    EXPECT_EQ(supervisor_->stat().last_error, "Cannot allocate memory");
    pass(200ms);
    EXPECT_EQ(state(), LinkState::running);
}

TEST_F(ASupervisor, BacksOff) {
    is_up_ = false;
    run();
    pass(60s);
    std::vector<std::chrono::milliseconds> waits;
    for (std::size_t i = 1; i < script_->at.size(); ++i)
        waits.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(script_->at[i] - script_->at[i - 1]));
    ASSERT_GE(waits.size(), 11U);
    waits.resize(11);
    EXPECT_THAT(waits, testing::ElementsAre(0ms, 100ms, 200ms, 400ms, 800ms, 1'600ms, 3'200ms, 6'400ms, 10'000ms,
                                            10'000ms, 10'000ms));
    EXPECT_EQ(supervisor_->stat().last_error, error_code(asio::error::connection_refused).message());
    is_up_ = true;
    pass(10s);
    EXPECT_EQ(state(), LinkState::running);
    EXPECT_EQ(supervisor_->stat().links, 1U);
}

TEST_F(ASupervisor, BacksOffFromALinkThatDoesNotHold) {
    run();
    for (int i = 0; i < 4; ++i) {
        lose();
        pass(10'000ms - 1ms);
    }
    const std::size_t dials = script_->at.size();
    lose();
    pass(799ms);
    EXPECT_EQ(script_->at.size(), dials);
    pass(2s);
    EXPECT_EQ(script_->at.size(), dials + 1);
    pass(20s);  // it holds
    lose();
    drive(io_);
    EXPECT_EQ(script_->at.size(), dials + 2) << "anew from the beginning";
}

TEST_F(ASupervisor, GivesUpDialingThatTakesTooLong) {
    script_->is_silent = true;
    run();
    pass(9'999ms);
    EXPECT_EQ(script_->at.size(), 1U);
    pass(2ms);
    EXPECT_EQ(script_->at.size(), 2U);
    EXPECT_EQ(supervisor_->stat().failed_dials, 1U);
}

TEST_F(ASupervisor, ShowsNoValueThatIsOlderThanTheLink) {
    const auto view = supervisor_->watch<Count>();
    supervisor_->mirror<Joined>({}, event::retain_by(&Joined::peer));
    on_far_ = [](Node& far) { far.bus.value<Count>().set({1}); };
    run();
    EXPECT_EQ((*view.try_get())->value, 1);
    auto joined = far_->bus.emitter<Joined>({}, event::retain_by(&Joined::peer));
    joined.emit({"a", 1});
    drive(io_);
    EXPECT_EQ(bus_.stat<Joined>().replays, 1U);
    on_far_ = nullptr;  // another start, which knows nothing
    is_up_ = false;
    lose();
    EXPECT_FALSE(view.try_get());
    EXPECT_EQ(bus_.stat<Joined>().replays, 0U);
    is_up_ = true;
    pass(1s);
    EXPECT_EQ(state(), LinkState::running);
    EXPECT_FALSE(view.try_get());
    far_->bus.value<Count>().set({2});
    drive(io_);
    EXPECT_EQ((*view.try_get())->value, 2);
}

TEST_F(ASupervisor, ServesEachLink) {
    supervisor_->serve<Left>();
    run();
    auto left = bus_.emitter<Left>();
    auto there = far_->bus.subscribe<Left>();
    left.emit({"x"});
    drive(io_);
    EXPECT_TRUE(there.try_receive());
    lose();
    auto there_again = far_->bus.subscribe<Left>();
    left.emit({"y"});
    drive(io_);
    EXPECT_EQ((*there_again.try_receive())->peer, "y");
}

TEST_F(ASupervisor, ForgetsASubscriptionThatWasClosedMeanwhile) {
    std::optional<event::Subscription<Count>> counts = supervisor_->subscribe<Count>();
    run();
    is_up_ = false;
    lose();
    counts.reset();
    drive(io_);
    is_up_ = true;
    pass(1s);
    EXPECT_EQ(state(), LinkState::running);
    EXPECT_EQ(far_->bus.stat<Count>().subscribers, 0U);
}

TEST_F(ASupervisor, EndsWhenItIsNotWanted) {
    far_options_.on_opened = [](const event::net::RemoteHello&) {
        return std::optional(Reason{.code = end_code::rejected, .text = "go away"});
    };
    auto counts = supervisor_->subscribe<Count>();
    run();
    ASSERT_TRUE(result_);
    EXPECT_EQ(*result_, end_code::rejected);
    EXPECT_EQ(supervisor_->stat().last_reason->text, "go away");
    EXPECT_EQ(state(), LinkState::closed);
    support::Completion<event::Delivery<Count>> receive;
    counts.async_receive(receive.handler());
    drive(io_);
    EXPECT_EQ(receive.error(), event::errc::closed);
    EXPECT_EQ(script_->at.size(), 1U);
}

TEST_F(ASupervisor, ComesBackWhenTheOtherSideClosesInOrder) {
    run();
    far_->link->close();
    drive(io_);
    EXPECT_EQ(state(), LinkState::running);
    EXPECT_EQ(script_->at.size(), 2U);
}

TEST_F(ASupervisor, EndsAtOnceWhateverItDoes) {
    for (const std::string what : {"nothing", "dials", "waits", "runs"}) {
        SCOPED_TRACE(what);
        const auto script = std::make_shared<Dialer::Script>();
        script->answer = script_->answer;
        script->is_silent = what == "dials";
        is_up_ = what == "runs";
        Supervisor supervisor(bus_, Dialer(io_, clock_, script));
        auto counts = supervisor.subscribe<Count>();
        std::optional<error_code> result;
        if (what != "nothing") supervisor.async_run([&](const error_code& error) { result = error; });
        pass(50ms);
        supervisor.close();
        drive(io_);
        if (what == "nothing") supervisor.async_run([&](const error_code& error) { result = error; });
        drive(io_);
        ASSERT_TRUE(result);
        EXPECT_FALSE(*result);
        support::Completion<event::Delivery<Count>> receive;
        counts.async_receive(receive.handler());
        drive(io_);
        EXPECT_EQ(receive.error(), event::errc::closed);
    }
}

TEST_F(ASupervisor, IsCancelled) {
    run();
    cancel_.emit(asio::cancellation_type::terminal);
    drive(io_);
    ASSERT_TRUE(result_);
    EXPECT_EQ(*result_, asio::error::operation_aborted);
    EXPECT_TRUE(far_->is_over());
    EXPECT_FALSE(*far_->result) << "in order";
}

TEST(ASupervisorsContext, TakesItAlong) {
    auto alive = std::make_shared<int>();
    {
        asio::io_context io;
        event::testing::ManualClock clock(io);
        event::EventBus bus(io);
        auto script = std::make_shared<Dialer::Script>();
        std::optional<duplex::End> other;
        script->answer = [&io, &other, alive] {
            auto [a, b] = duplex::pair(io);
            other = std::move(b);
            return std::optional(std::move(a));
        };
        event::net::Supervisor<Dialer> supervisor(bus, Dialer(io, clock, script));
        supervisor.async_run([alive](const error_code&) {});
        drive(io);
        EXPECT_EQ(alive.use_count(), 3);
        script->answer = nullptr;
        other.reset();
    }
    EXPECT_EQ(alive.use_count(), 1);
}

}  // namespace supervisor_test
