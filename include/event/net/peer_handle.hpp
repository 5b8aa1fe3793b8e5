#pragma once

/// One peer of a messenger by itself.

#include <event/detail/requirements.hpp>

#include <event/detail/event/payload.hpp>
#include <event/detail/wait/time_limit.hpp>
#include <event/net/codec.hpp>
#include <event/net/detail/message_ops.hpp>
#include <event/net/detail/typed_messenger.hpp>
#include <event/net/message.hpp>
#include <event/net/messenger_options.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/compose.hpp>

#include <chrono>
#include <concepts>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>

namespace event::net {

namespace detail {

template <class M, class... Ms>
inline constexpr bool is_one_of = (std::same_as<M, Ms> || ...);

/// One that the clock cannot count never passes.
template <class Rep, class Period>
[[nodiscard]] std::chrono::steady_clock::duration limit_of(std::chrono::duration<Rep, Period> limit) {
    return event::detail::time_limit(limit).value_or(std::chrono::steady_clock::duration::max());
}

/// A message that is made where its sending is awaited is destroyed twice by GCC before 14, if it is an aggregate with
/// a destructor.
template <class M, class Result>
inline constexpr bool may_be_awaited = std::is_void_v<Result> || std::is_lvalue_reference_v<M> ||
                                       !event::detail::is_destroyed_twice<std::remove_cvref_t<M>>;

/// What sends: to whichever peer.
template <class... Ms, class M>
[[nodiscard]] Encoded encoded(TypedMessenger<Ms...>& messenger, const M& message) {
    using Types = MessageTypes<Ms...>;
    Encoded encoded{
        .type = Types::template place<M>, .priority = Types::template priority<M>, .body = messenger.parcel()};
    encoded.error = encode(message, encoded.body->bytes);
    return encoded;
}
template <class... Ms>
[[nodiscard]] SendResult send(TypedMessenger<Ms...>& messenger, const PeerId& peer, const Encoded& message) {
    if (message.error) return {.error = message.error};
    return messenger.send(peer, message.type, message.priority, message.body);
}
template <class... Ms, class Token>
auto async_send(const std::shared_ptr<TypedMessenger<Ms...>>& messenger, const PeerId& peer, Encoded&& message,
                Token& token) {
    return boost::asio::async_compose<Token, void(error_code, SendResult)>(
        SendMessage(messenger, peer, std::move(message)), token, messenger->executor());
}
template <class... Ms, class Token>
auto async_receive(const std::shared_ptr<TypedMessenger<Ms...>>& messenger, const std::shared_ptr<Route>& route,
                   Token& token) {
    return boost::asio::async_compose<Token, void(error_code, Message<Ms...>)>(ReceiveMessage<Ms...>(messenger, route),
                                                                               token, messenger->executor());
}
template <class Answer, class... Ms, class Token>
auto async_request(const std::shared_ptr<TypedMessenger<Ms...>>& messenger, const PeerId& peer, Encoded&& question,
                   std::chrono::steady_clock::duration limit, Token& token) {
    using Op = Request<Answer, MessageTypes<Ms...>>;
    return boost::asio::async_compose<Token, void(error_code, Answer)>(Op(messenger, peer, std::move(question), limit),
                                                                       token, messenger->executor());
}

}  // namespace detail

template <class... Ms>
class Messenger;

/// One peer of a messenger: as long as this lives, what that peer sends is received here, and not by
/// `Messenger::async_receive`; several may be of one peer, and each message goes to one of them. What is handled
/// (`Messenger::on`), is handled. Where the last of a peer goes, what waits there ends with `event::errc::closed`, and
/// what was not received is, by the messenger. The peer is remembered as long, links or not, though not what is queued
/// for it (`MessengerOptions::keep`). Made by `Messenger::peer`. Move-only; moved from, all but destroying and
/// assigning throws `std::logic_error`. It may outlive the messenger, which then is closed. Threads: as the messenger.
template <class... Ms>
class PeerHandle {
    template <class M>
    static constexpr bool is_mine = detail::is_one_of<M, Ms...>;

public:
    using executor_type = boost::asio::any_io_executor;
    using message_type = Message<Ms...>;

    PeerHandle(PeerHandle&&) noexcept = default;
    PeerHandle& operator=(PeerHandle&& other) noexcept {
        if (this != &other) {
            let_go();
            messenger_ = std::move(other.messenger_);
            peer_ = std::move(other.peer_);
            route_ = std::move(other.route_);
        }
        return *this;
    }
    ~PeerHandle() { let_go(); }

    [[nodiscard]] const PeerId& id() const { return peer().id(); }
    // As those of the messenger, to or of this peer alone: `send`, `async_send`, `async_request`, `try_receive`,
    // `async_receive`, `stat`.

    template <class M>
        requires is_mine<M>
    SendResult send(const M& message) {
        return detail::send(*messenger(), id(), detail::encoded(*messenger(), message));
    }
    template <class M, class Token>
        requires is_mine<std::remove_cvref_t<M>>
    auto async_send(M&& message, Token&& token) {
        using Result = decltype(detail::async_send(messenger(), id(), detail::encoded(*messenger(), message), token));
        static_assert(detail::may_be_awaited<M, Result>,
                      "event: GCC before 14 destroys this message twice where async_send is awaited: name it before");
        return detail::async_send(messenger(), id(), detail::encoded(*messenger(), message), token);
    }
    template <class Answer, class Question, class Rep, class Period, class Token>
        requires is_mine<Answer> && is_mine<std::remove_cvref_t<Question>>
    auto async_request(Question&& question, std::chrono::duration<Rep, Period> limit, Token&& token) {
        using Result = decltype(detail::async_request<Answer>(
            messenger(), id(), detail::encoded(*messenger(), question), detail::limit_of(limit), token));
        static_assert(
            detail::may_be_awaited<Question, Result>,
            "event: GCC before 14 destroys this question twice where async_request is awaited: name it before");
        return detail::async_request<Answer>(messenger(), id(), detail::encoded(*messenger(), question),
                                             detail::limit_of(limit), token);
    }
    [[nodiscard]] std::optional<message_type> try_receive() { return messenger()->try_receive(*route_); }
    template <class Token>
    auto async_receive(Token&& token) {
        return detail::async_receive(messenger(), route_, token);
    }
    [[nodiscard]] PeerStat stat() const { return peer().stat(); }
    [[nodiscard]] executor_type get_executor() const { return messenger()->executor(); }

private:
    friend Messenger<Ms...>;
    using Core = detail::TypedMessenger<Ms...>;
    using Peer = detail::TypedPeer<Ms...>;

    PeerHandle(std::shared_ptr<Core> messenger, const PeerId& id)
        : messenger_(std::move(messenger)), peer_(std::static_pointer_cast<Peer>(messenger_->hold(id))) {
        try {
            const std::lock_guard guard(messenger_->inbox_mutex());
            route_ = peer_->hold_route();
        } catch (...) {
            peer_->let_go();
            throw;
        }
    }
    [[nodiscard]] const std::shared_ptr<Core>& messenger() const {
        if (!messenger_) throw std::logic_error("event: this handle was moved from");
        return messenger_;
    }
    [[nodiscard]] Peer& peer() const {
        static_cast<void>(messenger());
        return *peer_;
    }
    void let_go() noexcept {
        if (!messenger_) return;
        {
            const std::lock_guard guard(messenger_->inbox_mutex());
            peer_->let_route_go();
        }
        peer_->let_go();
        route_.reset();
        peer_.reset();
        messenger_.reset();
    }

    std::shared_ptr<Core> messenger_;
    std::shared_ptr<Peer> peer_;
    std::shared_ptr<detail::Route> route_;
};

}  // namespace event::net
