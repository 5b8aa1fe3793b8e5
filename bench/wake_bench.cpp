/// P8: a question to another thread, and its answer. An iteration is the round trip, and so two wake-ups of a thread
/// that sleeps, or that polls.

#include "check.hpp"
#include "event.hpp"
#include "peers.hpp"
#include "steady_state.hpp"
#include "two_cores.hpp"

#include <event/bus.hpp>
#include <event/run_polling.hpp>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/error_code.hpp>

#include <benchmark/benchmark.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace bench {
namespace {

namespace asio = boost::asio;
using Question = Event<0>;
using Answer = Event<1>;
using Answered = std::function<void(std::uint64_t)>;

class BusWake {
public:
    BusWake(asio::io_context& here, asio::io_context& there, const Answered& answered)
        : bus_(here),
          question_(bus_.emitter<Question>()),
          answer_(bus_.emitter<Answer>()),
          asked_(bus_.subscribe<Question>(
              {}, asio::bind_executor(there.get_executor(),
                                      [this](const Question& event) { answer_.emit({event.words}); }))),
          answered_(bus_.subscribe<Answer>(
              {}, asio::bind_executor(here.get_executor(),
                                      [answered](const Answer& event) { answered(event.words[0]); }))) {}
    void ask(std::uint64_t number) { question_.emit({{number}}); }

private:
    event::EventBus bus_;
    event::Emitter<Question> question_;
    event::Emitter<Answer> answer_;
    event::Subscription<Question> asked_;
    event::Subscription<Answer> answered_;
};

class PostWake {
public:
    PostWake(asio::io_context& here, asio::io_context& there, Answered answered)
        : here_(here), there_(there), answered_(std::move(answered)) {}
    void ask(std::uint64_t number) {
        asio::post(there_, [this, question = Question{{number}}] {
            asio::post(here_, [this, answer = Answer{question.words}] { answered_(answer.words[0]); });
        });
    }

private:
    asio::io_context& here_;
    asio::io_context& there_;
    Answered answered_;
};

class ChannelWake {
public:
    ChannelWake(asio::io_context& here, asio::io_context& there, Answered answered)
        : answered_(std::move(answered)),
          questions_(there.get_executor(), batch),
          replies_(here.get_executor(), batch) {
        take_question();
        take_answer();
    }
    void ask(std::uint64_t number) { questions_.try_send(boost::system::error_code(), Question{{number}}); }

private:
    void take_question() {
        questions_.async_receive([this](boost::system::error_code error, const Question& question) {
            if (error) return;
            replies_.try_send(boost::system::error_code(), Answer{question.words});
            take_question();
        });
    }
    void take_answer() {
        replies_.async_receive([this](boost::system::error_code error, const Answer& answer) {
            if (error) return;
            answered_(answer.words[0]);
            take_answer();
        });
    }

    Answered answered_;
    Channel<Question> questions_;
    Channel<Answer> replies_;
};

/// Two threads that run a context each, and sleep as soon as there is nothing to do, or poll before.
template <class System, bool polls>
void ask(benchmark::State& state) {
    const OnCore this_core(0);
    asio::io_context here;
    asio::io_context there;
    const auto work_here = asio::make_work_guard(here);
    const auto work_there = asio::make_work_guard(there);
    const auto run = [](asio::io_context& context) {
        event::run_polling(context, polls ? std::chrono::milliseconds(10) : std::chrono::milliseconds(0));
    };
    std::uint64_t number = 0;
    std::optional<SteadyState> steady;
    System system(here, there, [&](std::uint64_t answer) {
        check(answer == number, "an answer is missing");
        if (!steady) steady.emplace(state);
        if (state.KeepRunning()) return system.ask(++number);
        steady.reset();
        here.stop();
        there.stop();
    });
    std::thread other([&] {
        const OnCore other_core(1);
        run(there);
    });
    system.ask(++number);
    run(here);
    other.join();
}

/// A flag that another thread waits for.
class Bell {
public:
    void ring() {
        {
            const std::lock_guard lock(mutex_);
            ++rings_;
        }
        rung_.notify_one();
    }
    void wait() {
        std::unique_lock lock(mutex_);
        rung_.wait(lock, [this] { return rings_ != 0; });
        --rings_;
    }

private:
    std::mutex mutex_;
    std::condition_variable rung_;
    std::uint64_t rings_ = 0;  // guarded by mutex_
};

void ask_condition_variable(benchmark::State& state) {
    const OnCore this_core(0);
    Bell there;
    Bell here;
    std::atomic<bool> is_done{false};
    std::thread other([&] {
        const OnCore other_core(1);
        for (;;) {
            there.wait();
            if (is_done) return;
            here.ring();
        }
    });
    {
        const SteadyState steady(state);
        for (auto _ : state) {
            there.ring();
            here.wait();
        }
    }
    is_done = true;
    there.ring();
    other.join();
}

BENCHMARK(ask<BusWake, false>)->Name("P8/sleeping_threads/eventbus")->UseRealTime();
BENCHMARK(ask<ChannelWake, false>)->Name("P8/sleeping_threads/channel_await")->UseRealTime();
BENCHMARK(ask_condition_variable)->Name("P8/sleeping_threads/mutex_deque")->UseRealTime();
BENCHMARK(ask<BusWake, true>)->Name("P8/polling_threads/eventbus")->UseRealTime();
BENCHMARK(ask<ChannelWake, true>)->Name("P8/polling_threads/channel_await")->UseRealTime();
BENCHMARK(ask<PostWake, false>)->Name("limit/wake_sleeping")->UseRealTime();
BENCHMARK(ask<PostWake, true>)->Name("limit/wake_polling")->UseRealTime();

}  // namespace
}  // namespace bench
