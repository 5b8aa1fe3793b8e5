#pragma once

#include <event/net/detail/typed_messenger.hpp>
#include <event/net/detail/waiting_line.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/system/system_error.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

/// Handlers of messages: each run takes one message after another of its route. Nothing of it overlaps: a coroutine
/// that is cancelled meanwhile has a strand for that.

namespace event::net::detail {

/// What a handler returns, or what it returns if it is a coroutine.
template <class Result>
struct HandlerReturns {
    using type = Result;
    static constexpr bool is_coroutine = false;
};
template <class Result, class Executor>
struct HandlerReturns<boost::asio::awaitable<Result, Executor>> {
    using type = Result;
    static constexpr bool is_coroutine = true;
};

[[nodiscard]] inline bool is_cancellation(const std::exception_ptr& thrown) noexcept {
    try {
        std::rethrow_exception(thrown);
    } catch (const boost::system::system_error& error) {
        return error.code() == boost::asio::error::operation_aborted;
    } catch (...) {
        return false;
    }
}

/// One run of a handler: of one message at a time.
template <class M, class F, class... Ms>
class MessageRun final : public Answerer, public std::enable_shared_from_this<MessageRun<M, F, Ms...>> {
    using Types = MessageTypes<Ms...>;
    using Messenger = TypedMessenger<Ms...>;
    using Returns = HandlerReturns<std::invoke_result_t<F&, const PeerId&, const M&>>;
    static constexpr std::size_t lane = 1 + Types::template place<M>;
    static constexpr int most_at_once = 64;  // then the executor's other work has its turn

public:
    using Answer = typename Returns::type;

    MessageRun(std::shared_ptr<Messenger> messenger, std::shared_ptr<Route> route, std::shared_ptr<F> handler)
        : messenger_(std::move(messenger)),
          route_(std::move(route)),
          handler_(std::move(handler)),
          executor_(executor_of(*handler_, messenger_->executor())),
          place_(messenger_->waiters()) {}

    /// Its next message.
    void go_on() {
        boost::asio::post(executor_, [self = this->shared_from_this()] { self->run(); });
    }
    void cancel() noexcept override {
        if constexpr (!Returns::is_coroutine) return;
        try {
            auto cancel = [self = this->shared_from_this(), run = run_.load(std::memory_order_acquire)] {
                if (self->run_.load(std::memory_order_relaxed) != run) return;
                self->cancelled_ = run;
                self->cancel_.emit(boost::asio::cancellation_type::terminal);
            };
            boost::asio::post(executor_, std::move(cancel));
        } catch (...) {  // no memory: it goes on in vain
        }
    }

private:
    [[nodiscard]] static boost::asio::any_io_executor executor_of(const F& handler,
                                                                  const boost::asio::any_io_executor& otherwise) {
        boost::asio::any_io_executor executor = boost::asio::get_associated_executor(handler, otherwise);
        if constexpr (!Returns::is_coroutine) return executor;
        return boost::asio::make_strand(std::move(executor));
    }
    void run() {
        for (int left = most_at_once; left > 0; --left) {
            run_.fetch_add(1, std::memory_order_release);  // before: who ends the route meanwhile cancels this run
            auto taken = messenger_->take(*route_, lane);
            if (!taken) {
                place_.enter(route_->line);
                taken = messenger_->take(*route_, lane);
                if (!taken) return wait();
                place_.leave();
            }
            if (handles(std::move(*taken))) return;
        }
        go_on();
    }
    void wait() {
        if (messenger_->has_ended(*route_)) return place_.leave();
        auto called = [self = this->shared_from_this()](const error_code& error) {
            if (error) return;
            self->place_.was_called();
            self->run();
        };
        place_.waiter().calls().async_wait(boost::asio::bind_executor(executor_, std::move(called)));
    }
    /// Whether it still does when this returns, as a coroutine.
    [[nodiscard]] bool handles(typename Messenger::Taken&& taken) {
        peer_ = std::move(taken.peer);
        question_ = taken.arrived.question;
        message_ = std::move(std::get<M>(taken.arrived.body));
        if (question_.number == 0) {
            peer_->took(1);
        } else if (!peer_->begin_answer(question_, this->shared_from_this())) {
            return false;
        }
        try {
            if constexpr (Returns::is_coroutine) {
                spawn();
                return true;
            } else if constexpr (std::is_void_v<Answer>) {
                (*handler_)(peer_->id(), message_);
            } else {
                answer((*handler_)(peer_->id(), message_));
            }
        } catch (...) {
            fail();
            go_on();
            throw;
        }
        return false;
    }
    void spawn() {
        auto done = [self = this->shared_from_this()]<class... Result>(const std::exception_ptr& thrown,
                                                                       Result... result) {
            std::exception_ptr error = thrown;
            if (!error) {
                try {
                    (self->answer(std::move(result)), ...);
                } catch (...) {  // what encodes
                    error = std::current_exception();
                }
            }
            if (error) self->fail();
            self->message_ = M{};
            const bool was_cancelled = self->cancelled_ == self->run_.load(std::memory_order_relaxed);
            self->go_on();
            if (error && !(thrown && was_cancelled && is_cancellation(thrown))) std::rethrow_exception(error);
        };
        boost::asio::co_spawn(executor_, (*handler_)(peer_->id(), message_),
                              boost::asio::bind_cancellation_slot(
                                  cancel_.slot(), boost::asio::bind_executor(executor_, std::move(done))));
    }
    template <class Result>
    void answer(Result&& result) {
        if (question_.number == 0) return;
        const ParcelPtr body = messenger_->parcel();
        if (encode(result, body->bytes)) return fail();
        peer_->answer(question_, Types::template place<Answer>, Types::template priority<Answer>, body);
    }
    void fail() noexcept {
        if (question_.number != 0) peer_->decline(question_, Failure::failed);
    }

    const std::shared_ptr<Messenger> messenger_;
    const std::shared_ptr<Route> route_;
    const std::shared_ptr<F> handler_;
    const boost::asio::any_io_executor executor_;
    std::atomic<std::uint64_t> run_{0};

    // by who runs it
    Place place_;
    boost::asio::cancellation_signal cancel_;
    std::uint64_t cancelled_ = 0;  // the run that was
    std::shared_ptr<PeerCore> peer_;
    QuestionId question_;
    M message_{};
};

/// Where messages of that type go, and who takes them there.
template <class M, class F, class... Ms>
class HandlesMessages final : public HandledRoute {
    using Run = MessageRun<M, F, Ms...>;

public:
    using Answer = typename Run::Answer;

    HandlesMessages() : HandledRoute(!std::is_void_v<Answer>) {}

    /// Those that it has. From their `go_on` on they keep themselves, and the route, as long as messages may come.
    [[nodiscard]] std::vector<std::shared_ptr<Run>> make_runs(const std::shared_ptr<TypedMessenger<Ms...>>& messenger,
                                                              const std::shared_ptr<Route>& self,
                                                              const std::shared_ptr<F>& handler,
                                                              std::size_t concurrency) {
        std::vector<std::shared_ptr<Run>> runs;
        for (; concurrency > 0; --concurrency) runs.push_back(std::make_shared<Run>(messenger, self, handler));
        runs_.assign(runs.begin(), runs.end());
        return runs;
    }
    void cancel() noexcept override {
        for (const auto& each : runs_)
            if (const auto run = each.lock()) run->cancel();
    }

private:
    std::vector<std::weak_ptr<Run>> runs_;
};

}  // namespace event::net::detail
