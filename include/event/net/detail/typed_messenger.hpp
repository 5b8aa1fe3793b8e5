#pragma once

#include <event/net/codec.hpp>
#include <event/net/detail/messenger_core.hpp>
#include <event/net/message.hpp>
#include <event/net/schema.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace event::net::detail {

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

/// Where the messages of one type go that are handled.
class HandledRoute : public Route {
public:
    explicit HandledRoute(bool answers_them) noexcept : answers(answers_them) {}
    HandledRoute(const HandledRoute&) = delete;
    HandledRoute& operator=(const HandledRoute&) = delete;
    virtual ~HandledRoute() = default;
    /// What is being handled is not wanted any more. Under no lock.
    virtual void cancel() noexcept = 0;

    const bool answers;
};

template <class... Ms>
class TypedMessenger;

/// A message, or a request, that came of a peer.
template <class... Ms>
struct Arrived {
    std::uint64_t missed = 0;
    std::variant<Ms...> body = {};
    QuestionId question = {};
};

/// In lanes: what nobody handles, and what is handled, by type.
template <class... Ms>
class TypedPeer final : public PeerCore {
public:
    TypedPeer(TypedMessenger<Ms...>& messenger, const PeerId& id) : PeerCore(messenger, id), messenger_(messenger) {}

    // ---- under the inbox's mutex -----------------------------------------------------------------------------

    [[nodiscard]] Arrived<Ms...> pop(std::size_t lane) { return lanes_[lane].pop(); }
    [[nodiscard]] bool has_more(std::size_t lane) const noexcept { return !lanes_[lane].empty(); }

    /// What nobody handles goes to who holds it, as long as somebody does.
    [[nodiscard]] std::shared_ptr<Route> hold_route() {
        if (!own_) {
            auto own = std::make_shared<Route>();
            own->is_closed = messenger_.has_closed();  // `end_route` has been here already
            Fifo<std::shared_ptr<PeerCore>>& turns = messenger_.inbox()->turns;
            if (has_more(0)) own->turns.push(shared_from_this());
            for (std::size_t place = 0; place < turns.size(); ++place) {
                if (turns[place].get() != this) continue;
                static_cast<void>(turns.take(place));
                break;
            }
            own_ = std::move(own);
        }
        ++holders_;
        return own_;
    }
    void let_route_go() noexcept {
        if (--holders_ != 0) return;
        end_route();
        own_.reset();
        if (!has_more(0)) return;
        messenger_.inbox()->turns.push(shared_from_this());  // it had a place there
        for (std::size_t i = 0; i < lanes_[0].size(); ++i) messenger_.inbox()->line->call();
    }
    /// Handled no more: what was not handled yet is received as any other; who has asked is told.
    void unhandle(std::size_t type, std::vector<QuestionId>& unanswered) {
        while (has_more(1 + type)) {
            Arrived<Ms...> arrived = lanes_[1 + type].pop();
            if (arrived.question.number != 0) {
                unanswered.push_back(arrived.question);
            } else {
                put(0, own_ ? *own_ : *messenger_.inbox(), std::move(arrived));
            }
        }
    }

private:
    Kept keep(std::size_t type, std::uint64_t missed, const QuestionId& question, ByteView body,
              Consumed& consumed) override {
        if (type >= sizeof...(Ms)) {
            consumed.error = errc::unknown_choice;
            return Kept::unreadable;
        }
        Kept kept = Kept::yes;
        std::size_t place = 0;
        const auto keep_as = [&]<class M>(std::type_identity<M>) {
            if (place++ != type) return false;
            M message{};
            consumed.error = decode(body, message, &consumed.where);
            kept = consumed.error
                       ? Kept::unreadable
                       : arrived(type, {.missed = missed,
                                        .body = std::variant<Ms...>(std::in_place_type<M>, std::move(message)),
                                        .question = question});
            return true;
        };
        static_cast<void>((keep_as(std::type_identity<Ms>{}) || ...));
        return kept;
    }
    Kept arrived(std::size_t type, Arrived<Ms...>&& arrived) {
        const std::lock_guard guard(messenger_.inbox_mutex());
        HandledRoute* const handled = messenger_.handled(type);
        const bool is_question = arrived.question.number != 0;
        if (is_question && (handled == nullptr || !handled->answers)) return Kept::by_nobody;
        if (handled != nullptr) {
            put(1 + type, *handled, std::move(arrived));
        } else {
            put(0, own_ ? *own_ : *messenger_.inbox(), std::move(arrived));
        }
        return Kept::yes;
    }
    void put(std::size_t lane, Route& route, Arrived<Ms...>&& arrived) {
        const bool is_first = lanes_[lane].empty();
        if (is_first) route.turns.make_room();
        lanes_[lane].push(std::move(arrived));
        if (is_first) route.turns.push(shared_from_this());
        route.line->call();
    }
    void end_route() noexcept override {
        if (!own_) return;
        own_->is_closed = true;
        own_->turns = {};
        own_->line->call_all();
    }
    std::size_t kept() const override {
        const std::lock_guard guard(messenger_.inbox_mutex());
        std::size_t sum = 0;
        for (const auto& lane : lanes_) sum += lane.size();
        return sum;
    }

    TypedMessenger<Ms...>& messenger_;
    // under the inbox's mutex
    std::array<Fifo<Arrived<Ms...>>, 1 + sizeof...(Ms)> lanes_;
    std::shared_ptr<Route> own_;
    std::size_t holders_ = 0;
};

template <class... Ms>
class TypedMessenger final : public MessengerCore {
public:
    using Peer = TypedPeer<Ms...>;

    TypedMessenger(EventBus& bus, MessengerOptions&& options)
        : MessengerCore(bus, std::move(options), MessageTypes<Ms...>::wire_type()) {}

    struct Taken {
        std::shared_ptr<PeerCore> peer;
        Arrived<Ms...> arrived;
    };
    /// One of each peer in turn.
    [[nodiscard]] std::optional<Taken> take(Route& route, std::size_t lane) {
        std::optional<Taken> taken;
        const std::lock_guard guard(inbox_mutex());
        if (route.is_closed || route.turns.empty()) return taken;
        taken.emplace(Taken{route.turns.pop(), {}});
        auto& peer = static_cast<Peer&>(*taken->peer);
        taken->arrived = peer.pop(lane);
        if (peer.has_more(lane)) route.turns.push(std::shared_ptr(taken->peer));
        return taken;
    }
    [[nodiscard]] std::optional<Message<Ms...>> try_receive(Route& route) {
        std::optional<Message<Ms...>> message;
        if (auto taken = take(route, 0)) {
            message.emplace(taken->peer->shared_id(), taken->arrived.missed, std::move(taken->arrived.body));
            taken->peer->took(1);
        }
        return message;
    }
    /// Whether nothing more comes there.
    [[nodiscard]] bool has_ended(const Route& route) {
        const std::lock_guard guard(inbox_mutex());
        return route.is_closed;
    }

    /// Under the inbox's mutex. Null: nobody handles messages of that type.
    [[nodiscard]] HandledRoute* handled(std::size_t type) const noexcept { return handled_[type].get(); }
    /// Throws `std::logic_error` where they are handled already.
    void handle(std::size_t type, const std::shared_ptr<HandledRoute>& route) {
        const std::lock_guard guard(inbox_mutex());
        if (handled_[type]) throw std::logic_error("event: Messenger::on: messages of this type are handled already");
        if (has_closed()) route->is_closed = true;
        handled_[type] = route;
    }
    void unhandle(std::size_t type, const std::shared_ptr<HandledRoute>& route) {
        struct Unanswered {
            std::shared_ptr<PeerCore> peer;
            std::vector<QuestionId> questions = {};
        };
        std::vector<Unanswered> unanswered;
        {
            const std::lock_guard guard(inbox_mutex());
            if (handled_[type] != route) return;
            handled_[type].reset();
            while (!route->turns.empty()) {
                Unanswered& one = unanswered.emplace_back(Unanswered{route->turns.pop()});
                static_cast<Peer&>(*one.peer).unhandle(type, one.questions);
            }
            end(*route);
        }
        for (const Unanswered& one : unanswered)
            for (const QuestionId& question : one.questions) one.peer->decline(question, Failure::not_answered);
    }

private:
    std::shared_ptr<PeerCore> make_peer(const PeerId& id) override { return std::make_shared<Peer>(*this, id); }
    /// Under the inbox's mutex.
    static void end(Route& route) noexcept {
        route.is_closed = true;
        route.line->call_all();
    }
    void close_routes() noexcept override {
        std::array<std::shared_ptr<HandledRoute>, sizeof...(Ms)> handled;
        std::array<Fifo<std::shared_ptr<PeerCore>>, 1 + sizeof...(Ms)> turns;  // go under no lock
        {
            const std::lock_guard guard(inbox_mutex());
            handled = handled_;
            std::swap(turns[sizeof...(Ms)], inbox()->turns);
            end(*inbox());
            for (std::size_t type = 0; type < sizeof...(Ms); ++type) {
                if (!handled[type]) continue;
                std::swap(turns[type], handled[type]->turns);
                end(*handled[type]);
            }
        }
        for (const auto& each : handled)
            if (each) each->cancel();
    }

    std::array<std::shared_ptr<HandledRoute>, sizeof...(Ms)> handled_;  // under the inbox's mutex
};

}  // namespace event::net::detail
