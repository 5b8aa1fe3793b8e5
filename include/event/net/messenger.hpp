#pragma once

/// Typed messages to peers, by whatever links there are to them.

#include <event/detail/requirements.hpp>

#include <event/bus.hpp>
#include <event/net/codec.hpp>
#include <event/net/detail/dialed.hpp>
#include <event/net/detail/handles_messages.hpp>
#include <event/net/detail/typed_messenger.hpp>
#include <event/net/message.hpp>
#include <event/net/messenger_options.hpp>
#include <event/net/peer_handle.hpp>
#include <event/net/remote.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

namespace event::net {

/// What became of a broadcast at one peer.
struct PeerResult {
    PeerId peer;
    SendResult result;
};

/// Messages of one type are handled as long as this lives (`Messenger::on`). Move-only; empty when made by default or
/// moved from. It may outlive the messenger, though not its context. Threads: distinct objects are independent.
class [[nodiscard]] Handling {
public:
    Handling() = default;
    /// What `end` is to be called for.
    explicit Handling(std::function<void()> end) noexcept : end_(std::move(end)) {}
    Handling(Handling&& other) noexcept : end_(std::exchange(other.end_, nullptr)) {}
    Handling& operator=(Handling&& other) noexcept {
        if (this != &other) {
            end();
            end_ = std::exchange(other.end_, nullptr);
        }
        return *this;
    }
    ~Handling() { end(); }

    /// No further message is handled: they are received as any other, and requests are declined
    /// (`errc::not_answered`). Coroutines that run are cancelled. Does not wait for a handler that runs. Idempotent.
    void end() noexcept {
        if (const auto end = std::exchange(end_, nullptr)) end();
    }

private:
    std::function<void()> end_;
};

/// Sends messages of these types to peers, and receives theirs.
///
///     event::net::Messenger<Chat, Ping> messenger(bus);
///     messenger.attach(supervisor, "alice", event::net::Dialed::here);   // and in a listener's hook: Dialed::there
///     messenger.send("alice", Chat{"hello"});
///     const auto message = co_await messenger.async_receive(asio::use_awaitable);
///
/// Each peer has a queue of its own: who cannot be reached, or reads slowly, fills that, and holds up nobody else. A
/// message goes at most once, in order (of its priority), with what was lost said by the next one's `missed()`;
/// with `MessengerOptions::reliable` exactly once, while both sides remember each other, whatever links are lost
/// meanwhile. Messages that are sent are not yet received, let alone handled: there is no error for each. What is known
/// to be lost is told on the bus (`Undelivered`), and so is who comes and goes (`PeerConnected`, `PeerDisconnected`).
/// Who wants to know that a message was handled, asks: `async_request`.
///
/// Both sides have the same types, in the same order: otherwise the link says so
/// (`LinkOptions::on_subscription_ended`), and nothing is sent.
///
/// Ownership: move-only; moved from, all but `close` throws `std::logic_error`. The bus and its context outlive it.
/// Destroying it ends it as `close` does; links that it has not dialed itself go on. Until then it keeps the context's
/// `run()` going while it remembers a peer without a link (`MessengerOptions::keep`), while it has handlers, and while
/// it has a link that it has dialed. Threads: every function from any thread at once. The
/// messages' own codecs call none of them: they run under a lock.
template <class... Ms>
class Messenger {
    static_assert(sizeof...(Ms) > 0, "event: a messenger sends messages of at least one type");

    using Types = detail::MessageTypes<Ms...>;
    template <class M>
    static constexpr bool is_mine = detail::is_one_of<M, Ms...>;

public:
    using executor_type = boost::asio::any_io_executor;
    using message_type = Message<Ms...>;

    /// Throws `std::invalid_argument` for a capacity, an inbox or a number of peers of 0.
    explicit Messenger(EventBus& bus, MessengerOptions options = {})
        : core_(std::make_shared<detail::TypedMessenger<Ms...>>(bus, std::move(options))) {}
    Messenger(Messenger&&) noexcept = default;
    Messenger& operator=(Messenger&& other) noexcept {
        if (this != &other) {
            close();
            core_ = std::move(other.core_);
        }
        return *this;
    }
    ~Messenger() { close(); }

    /// Messages to and from that peer go by this link, before it runs or from the hook that accepts it (`Listener`);
    /// several may have the same peer. A supervisor is attached once, for all its links. Throws
    /// `std::invalid_argument` for types that do not fit into `LinkLimits::max_frame`.
    void attach(Remote& remote, const PeerId& peer, Dialed by) {
        core()->attach(*detail::PortAccess::port(remote), peer, by);
    }

    /// From here on it dials by itself: a peer that something is sent to, and that has no link.
    ///
    ///     messenger.dial_by(
    ///         [&](const event::net::PeerId& peer) { return event::net::TcpDialer(io, host_of(peer), "4001"); });
    ///
    /// `dialer_of(const PeerId&)` returns a dialer, as `Supervisor` takes it, or a `std::optional` of one: a peer that
    /// has none is not dialed, and what is sent to it waits until it comes. It is called on an executor on which
    /// nothing overlaps, under no lock; what it throws leaves the executor's `run()`, and that peer is not dialed. A
    /// link that has lost against another one to the same peer is closed, and so is one that nobody uses
    /// (`DialOptions::idle`); the other side's messages that cross that are lost as with any lost link. A peer that
    /// says not to come back (`end_code::rejected`), that has no dialer, or whose dialer was not made, is not dialed
    /// until it has been forgotten, or has come by itself. Once; otherwise
    /// `std::logic_error`. `std::invalid_argument` for an idle time of 0.
    template <class DialerOf>
    void dial_by(DialerOf dialer_of, DialOptions options = {}) {
        using Dialer = typename detail::DialerIn<std::invoke_result_t<DialerOf&, const PeerId&>>::type;
        auto dial = [core = core().get(), dialer_of = std::move(dialer_of),
                     supervisor = std::move(options.supervisor)](const PeerId& peer) mutable {
            std::shared_ptr<detail::DialedLink> dialed;
            std::optional<Dialer> dialer = dialer_of(peer);
            if (!dialer) return dialed;
            core->bus_access().use([&](EventBus& bus) {
                dialed = std::make_shared<detail::DialedBy<Dialer>>(bus, std::move(*dialer), supervisor);
            });
            return dialed;
        };
        core()->dial_by(std::move(dial), options.idle);
    }

    /// Queues it. Never waits.
    template <class M>
        requires is_mine<M>
    SendResult send(const PeerId& peer, const M& message) {
        return detail::send(*core(), peer, detail::encoded(*core(), message));
    }
    /// Queues it once there is room, in that peer's queue, and of all bytes; displaces nothing. Of those that wait, who
    /// has waited for longest is called first; one that comes while there is room waits for nobody. Completion:
    /// `void(error_code, SendResult)`, the error being the result's. Cancellation (all types): `operation_aborted`, and
    /// nothing is sent. (A message that is made where it is awaited: see `Emitter::async_emit`.)
    template <class M, class Token>
        requires is_mine<std::remove_cvref_t<M>>
    auto async_send(const PeerId& peer, M&& message, Token&& token) {
        using Result = decltype(detail::async_send(core(), peer, detail::encoded(*core(), message), token));
        static_assert(detail::may_be_awaited<M, Result>,
                      "event: GCC before 14 destroys this message twice where async_send is awaited: name it before");
        return detail::async_send(core(), peer, detail::encoded(*core(), message), token);
    }

    /// Asks, and waits for the answer, no longer than `limit`: to be called as
    /// `async_request<Answer>(peer, question, limit, token)`. Many may be under way, up to
    /// `MessengerOptions::capacity` for each peer. Completion: `void(error_code, Answer)`. Errors: those of `send`;
    /// `boost::asio::error::timed_out`; `not_answered`, `request_failed`, `no_room` (of the peer's inbox, or for its
    /// answer), `wrong_answer`; `unconfirmed`: the link by which it was sent is lost (unless the messenger is
    /// reliable), or the peer was started anew or forgotten; `unreachable`. Cancellation (all types):
    /// `operation_aborted`. Where it ends before the answer has come, the other side is told, and cancels a coroutine
    /// that makes it; a request that was not sent yet is not.
    template <class Answer, class Question, class Rep, class Period, class Token>
        requires is_mine<Answer> && is_mine<std::remove_cvref_t<Question>>
    auto async_request(const PeerId& peer, Question&& question, std::chrono::duration<Rep, Period> limit,
                       Token&& token) {
        using Result = decltype(detail::async_request<Answer>(core(), peer, detail::encoded(*core(), question),
                                                              detail::limit_of(limit), token));
        static_assert(
            detail::may_be_awaited<Question, Result>,
            "event: GCC before 14 destroys this question twice where async_request is awaited: name it before");
        return detail::async_request<Answer>(core(), peer, detail::encoded(*core(), question), detail::limit_of(limit),
                                             token);
    }

    /// Messages of type M are handled by `handler(const PeerId&, const M&)`, which may be a coroutine
    /// (`boost::asio::awaitable`), and are not received. If it returns a message, that is the answer to who has asked;
    /// one that returns nothing takes messages and declines requests.
    ///
    ///     auto answer = [&](const event::net::PeerId&, const Get& get) -> asio::awaitable<Got> {
    ///         co_return Got{co_await store.find(get.key)};
    ///     };
    ///     const auto handling = messenger.on<Get>(answer);
    ///
    /// Of each peer that has sent some one in turn; one at a time, or as many as `HandlerOptions::concurrency` says.
    /// The arguments live until it is done. It runs on its associated executor, by default on the messenger's. What it
    /// throws leaves `run()`; who has asked gets `request_failed`, and the next message is handled. A coroutine whose
    /// answer nobody waits for any more is cancelled (terminal), and so is one that runs when the handling ends. At
    /// most one for each type; otherwise `std::logic_error`. `std::invalid_argument` for a concurrency of 0.
    template <class M, class F>
        requires is_mine<M> && std::invocable<F&, const PeerId&, const M&>
    Handling on(F handler, HandlerOptions options = {}) {
        using Route = detail::HandlesMessages<M, F, Ms...>;
        using Answer = typename Route::Answer;
        constexpr bool is_answer = std::is_void_v<Answer> || is_mine<Answer>;
        static_assert(is_answer, "event: a handler of messages returns nothing, or one of the messenger's messages");
        if (options.concurrency == 0)
            throw std::invalid_argument("event: Messenger::on: its concurrency must be at least 1");
        auto route = std::make_shared<Route>();
        auto shared = std::make_shared<F>(std::move(handler));
        Handling handling([core = core(), route] {
            core->unhandle(Types::template place<M>, route);
            route->cancel();
        });
        const auto runs = route->make_runs(core(), route, shared, options.concurrency);
        core()->handle(Types::template place<M>, route);
        for (const auto& run : runs) run->go_on();
        return handling;
    }

    /// That peer, known from here on. Throws `boost::system::system_error`: `too_many_peers`, `event::errc::closed`.
    [[nodiscard]] PeerHandle<Ms...> peer(const PeerId& id) { return PeerHandle<Ms...>(core(), id); }

    /// Queues it for each peer that has a link; encoded once. Waits for nobody. Fills in what became of it at each, as
    /// far as the span goes, and returns how many there were: none, too, of a message that is too large for its type,
    /// and of a messenger that has closed. Allocates nothing for its results, if their names are filled in again and
    /// again.
    template <class M>
        requires is_mine<M>
    std::size_t broadcast(const M& message, std::span<PeerResult> results = {}) {
        const detail::Encoded encoded = detail::encoded(*core(), message);
        if (encoded.error) return 0;
        std::size_t count = 0;
        return core()->broadcast(encoded.type, encoded.priority, encoded.body,
                                 [&](const PeerId& peer, const SendResult& result) {
                                     if (count < results.size()) {
                                         results[count].peer = peer;
                                         results[count].result = result;
                                     }
                                     ++count;
                                 });
    }

    /// The next message that nobody handles, nor holds the peer of: of each peer that has sent some one in turn.
    [[nodiscard]] std::optional<message_type> try_receive() { return core()->try_receive(*core()->inbox()); }
    /// Waits for it. Completion: `void(error_code, Message<Ms...>)`; `event::errc::closed` when the messenger is.
    /// Cancellation (all types): `operation_aborted`, and no message was taken. Several may wait, and who waits for
    /// longest gets the next; each message goes to one.
    template <class Token>
    auto async_receive(Token&& token) {
        return detail::async_receive(core(), core()->inbox(), token);
    }

    /// Those that have a link.
    [[nodiscard]] ValueView<std::vector<PeerId>> peers() const { return core()->connected(); }
    /// Of a peer that is not known all are 0.
    [[nodiscard]] PeerStat stat(const PeerId& peer) const { return core()->stat(peer); }
    /// Of all that are known, links or not.
    [[nodiscard]] std::map<PeerId, PeerStat, std::less<>> stats() const { return core()->stats(); }
    [[nodiscard]] executor_type get_executor() const { return core()->executor(); }

    /// Nothing more is sent, received or handled; what is queued is lost, and not reported. What waits ends with
    /// `event::errc::closed`, handlers that are coroutines are cancelled, links that it has dialed are closed.
    /// Idempotent.
    void close() noexcept {
        if (core_) core_->close();
    }

private:
    [[nodiscard]] const std::shared_ptr<detail::TypedMessenger<Ms...>>& core() const {
        if (!core_) throw std::logic_error("event: this messenger was moved from");
        return core_;
    }

    std::shared_ptr<detail::TypedMessenger<Ms...>> core_;
};

}  // namespace event::net
