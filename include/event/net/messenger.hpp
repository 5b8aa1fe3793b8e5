#pragma once

/// Typed messages to peers, by whatever links there are to them.

#include <event/detail/requirements.hpp>

#include <event/bus.hpp>
#include <event/net/codec.hpp>
#include <event/net/detail/messenger_core.hpp>
#include <event/net/messenger_options.hpp>
#include <event/net/remote.hpp>
#include <event/net/schema.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <stdexcept>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace event::net {

/// A message that came of a peer.
template <class... Ms>
class Message {
public:
    Message() = default;
    Message(PeerId from, std::uint64_t missed, std::variant<Ms...>&& body)
        : from_(std::move(from)), missed_(missed), body_(std::move(body)) {}

    [[nodiscard]] const PeerId& from() const noexcept { return from_; }
    /// How many of that peer's messages were lost before this one: never any of a reliable one.
    [[nodiscard]] std::uint64_t missed() const noexcept { return missed_; }
    [[nodiscard]] std::variant<Ms...>& body() noexcept { return body_; }
    [[nodiscard]] const std::variant<Ms...>& body() const noexcept { return body_; }
    /// Null: it is of another type.
    template <class M>
    [[nodiscard]] const M* get_if() const noexcept {
        return std::get_if<M>(&body_);
    }
    template <class F>
    decltype(auto) visit(F&& f) const {
        return std::visit(std::forward<F>(f), body_);
    }

private:
    PeerId from_;
    std::uint64_t missed_ = 0;
    std::variant<Ms...> body_;
};

/// What became of a broadcast at one peer.
struct PeerResult {
    PeerId peer;
    SendResult result;
};

namespace detail {

/// How the types of a messenger are called on the wire, together.
template <class... Ms>
struct MessageTypes {
    using Body = std::variant<Ms...>;
    [[nodiscard]] static WireType wire_type() {
        // with what the session says before the body, or by itself
        const std::size_t largest = std::max({std::size_t{32}, limits_of<Ms>().size...});
        return {.name = "event.net.messages", .schema = schema<Body>(), .max_size = largest + 32};
    }
    template <class M>
    static constexpr std::size_t place = [] {
        std::size_t place = 0;
        static_cast<void>(((std::is_same_v<M, Ms> ? true : (++place, false)) || ...));
        return place;
    }();
    template <class M>
    static constexpr Priority priority = [] {
        if constexpr (requires { M::message_priority; }) {
            return Priority{M::message_priority};
        } else {
            return Priority::normal;
        }
    }();
};

template <class... Ms>
class TypedPeer final : public PeerCore {
public:
    using Message = net::Message<Ms...>;

    TypedPeer(MessengerCore& messenger, const PeerId& id) : PeerCore(messenger, id), messenger_(messenger) {}

    /// Under the inbox's mutex: of what has come, the first.
    [[nodiscard]] Message pop() { return messages_.pop(); }
    [[nodiscard]] bool has_more() const noexcept { return !messages_.empty(); }

private:
    error_code keep(std::size_t type, std::uint64_t missed, ByteView body, Where& where) override {
        if (type >= sizeof...(Ms)) return errc::unknown_choice;
        error_code error;
        std::size_t place = 0;
        const auto keep_as = [&]<class M>(std::type_identity<M>) {
            if (place++ != type) return false;
            M message{};
            error = decode(body, message, &where);
            if (error) return true;
            const std::lock_guard guard(messenger_.inbox_mutex());
            messages_.push(Message(id(), missed, std::variant<Ms...>(std::in_place_type<M>, std::move(message))));
            if (messages_.size() == 1) messenger_.turns().push(shared_from_this());
            return true;
        };
        static_cast<void>((keep_as(std::type_identity<Ms>{}) || ...));
        return error;
    }
    std::size_t kept() const override {
        const std::lock_guard guard(messenger_.inbox_mutex());
        return messages_.size();
    }

    MessengerCore& messenger_;
    Fifo<Message> messages_;  // under the inbox's mutex
};

template <class... Ms>
class TypedMessenger final : public MessengerCore {
public:
    using Message = net::Message<Ms...>;

    TypedMessenger(EventBus& bus, MessengerOptions&& options)
        : MessengerCore(bus, std::move(options), MessageTypes<Ms...>::wire_type()) {}

    /// One of each peer in turn.
    [[nodiscard]] std::optional<Message> try_receive() {
        std::optional<Message> message;
        std::shared_ptr<PeerCore> peer;
        {
            const std::lock_guard guard(inbox_mutex());
            if (turns().empty()) return message;
            peer = turns().pop();
            auto& typed = static_cast<TypedPeer<Ms...>&>(*peer);
            message = typed.pop();
            if (typed.has_more()) turns().push(std::shared_ptr(peer));
        }
        peer->took(1);
        return message;
    }

private:
    std::shared_ptr<PeerCore> make_peer(const PeerId& id) override {
        return std::make_shared<TypedPeer<Ms...>>(*this, id);
    }
};

/// A receive: looks, and waits for the next arrival, until there is a message.
template <class... Ms>
class ReceiveMessage {
public:
    explicit ReceiveMessage(std::shared_ptr<TypedMessenger<Ms...>> messenger)
        : messenger_(std::move(messenger)), arrivals_(messenger_->arrivals().watch()) {}

    template <class Self>
    void operator()(Self& self, const error_code& error = {}) {
        if (error) return self.complete(error, Message<Ms...>());
        if (!has_begun_) {
            has_begun_ = true;
            self.reset_cancellation_state(boost::asio::enable_total_cancellation());
            auto executor = self.get_executor();
            return boost::asio::post(executor, std::move(self));
        }
        static_cast<void>(arrivals_.try_get());  // what comes from here on wakes
        if (auto message = messenger_->try_receive()) return self.complete({}, std::move(*message));
        Watcher<std::uint64_t>& arrivals = arrivals_;
        arrivals.async_wait(std::move(self));
    }

private:
    std::shared_ptr<TypedMessenger<Ms...>> messenger_;
    Watcher<std::uint64_t> arrivals_;
    bool has_begun_ = false;
};

}  // namespace detail

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
///
/// Both sides have the same types, in the same order: otherwise the link says so
/// (`LinkOptions::on_subscription_ended`), and nothing is sent.
///
/// Ownership: move-only. The bus outlives it. Destroying it ends it as `close` does; links go on. Until then it keeps
/// the context's `run()` going while it remembers a peer without a link (`MessengerOptions::keep`). Threads: every
/// function from any thread at once.
template <class... Ms>
class Messenger {
    static_assert(sizeof...(Ms) > 0, "event: a messenger sends messages of at least one type");

    using Types = detail::MessageTypes<Ms...>;
    template <class M>
    static constexpr bool is_mine = (std::same_as<M, Ms> || ...);

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

    /// Queues it. Never waits.
    template <class M>
        requires is_mine<M>
    SendResult send(const PeerId& peer, const M& message) {
        const detail::ParcelPtr body = core()->parcel();
        if (const error_code error = encode(message, body->bytes)) return {.error = error};
        return core()->send(peer, Types::template place<M>, Types::template priority<M>, body);
    }

    /// Queues it for each peer that has a link; encoded once. Fills in what became of it at each, as far as the span
    /// goes, and returns at how many.
    template <class M>
        requires is_mine<M>
    std::size_t broadcast(const M& message, std::span<PeerResult> results = {}) {
        const detail::ParcelPtr body = core()->parcel();
        if (encode(message, body->bytes)) return 0;
        std::size_t count = 0;
        return core()->broadcast(Types::template place<M>, Types::template priority<M>, body,
                                 [&](const PeerId& peer, const SendResult& result) {
                                     if (count < results.size()) {
                                         results[count].peer = peer;
                                         results[count].result = result;
                                     }
                                     ++count;
                                 });
    }

    /// The next message: of each peer that has sent some one in turn.
    [[nodiscard]] std::optional<message_type> try_receive() { return core()->try_receive(); }
    /// Waits for it. Completion: `void(error_code, Message<Ms...>)`; `event::errc::closed` when the messenger is.
    /// Cancellation (all types): `operation_aborted`. Several may wait; each message goes to one.
    template <class Token>
    auto async_receive(Token&& token) {
        return boost::asio::async_compose<Token, void(error_code, message_type)>(detail::ReceiveMessage<Ms...>(core()),
                                                                                 token, core()->executor());
    }

    /// Those that have a link.
    [[nodiscard]] ValueView<std::vector<PeerId>> peers() const { return core()->connected(); }
    /// Of a peer that is not known all are 0.
    [[nodiscard]] PeerStat stat(const PeerId& peer) const { return core()->stat(peer); }
    [[nodiscard]] executor_type get_executor() const { return core()->executor(); }

    /// Nothing more is sent or received; what is queued is lost. Idempotent.
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
