#pragma once

#include <event/net/detail/typed_messenger.hpp>
#include <event/net/detail/waiting_line.hpp>
#include <event/snapshot.hpp>

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/post.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

/// The operations of a messenger, for `async_compose`. Each looks; where there is nothing, it waits in a line, and
/// looks again when it is called.

namespace event::net::detail {

/// `Derived::look(std::shared_ptr<WaitingLine>& line)`: whether it is done; otherwise in which line to wait.
template <class Derived>
class LookAgain {
public:
    explicit LookAgain(std::shared_ptr<WaiterPool> waiters) : waiters_(std::move(waiters)) {}

    template <class Self>
    void operator()(Self& self, const error_code& error = {}) {
        auto& derived = static_cast<Derived&>(*this);
        if (error) {  // it was cancelled
            place_.reset();
            return derived.fail(self, error);
        }
        if (is_done_) return derived.complete(self);
        const bool is_first = !std::exchange(has_begun_, true);
        if (is_first) self.reset_cancellation_state(boost::asio::enable_total_cancellation());
        std::shared_ptr<WaitingLine> line;
        if (place_) place_->was_called();
        is_done_ = derived.look(line);
        while (!is_done_) {
            const auto entered = line;
            if (!place_) place_.emplace(waiters_);
            place_->enter(std::move(line), derived.size());
            is_done_ = derived.look(line);  // what came before it stood there calls nobody
            if (!is_done_ && line == entered) {
                Waiter& waiter = place_->waiter();
                return waiter.calls().async_wait(std::move(self));
            }
        }
        if (place_) place_->leave();
        if (!is_first) return derived.complete(self);
        auto executor = self.get_executor();
        boost::asio::post(executor, std::move(self));
    }

private:
    std::shared_ptr<WaiterPool> waiters_;
    std::optional<Place> place_;
    bool has_begun_ = false;
    bool is_done_ = false;
};

template <class... Ms>
class ReceiveMessage : public LookAgain<ReceiveMessage<Ms...>> {
public:
    ReceiveMessage(std::shared_ptr<TypedMessenger<Ms...>> messenger, std::shared_ptr<Route> route)
        : LookAgain<ReceiveMessage>(messenger->waiters()), messenger_(std::move(messenger)), route_(std::move(route)) {}

private:
    friend LookAgain<ReceiveMessage>;

    bool look(std::shared_ptr<WaitingLine>& line) {
        message_ = messenger_->try_receive(*route_);
        if (message_) return true;
        line = route_->line;
        return messenger_->has_ended(*route_);
    }
    [[nodiscard]] static std::size_t size() noexcept { return 0; }
    template <class Self>
    void complete(Self& self) {
        if (!message_) return fail(self, event::errc::closed);
        Message<Ms...> message = std::move(*message_);
        self.complete({}, std::move(message));
    }
    template <class Self>
    void fail(Self& self, const error_code& error) {
        self.complete(error, Message<Ms...>());
    }

    std::shared_ptr<TypedMessenger<Ms...>> messenger_;
    std::shared_ptr<Route> route_;
    std::optional<Message<Ms...>> message_;
};

/// A message as it is queued.
struct Encoded {
    std::size_t type = 0;
    Priority priority = Priority::normal;
    ParcelPtr body = {};
    error_code error = {};
};

class SendMessage : public LookAgain<SendMessage> {
public:
    SendMessage(std::shared_ptr<MessengerCore> messenger, const PeerId& peer, Encoded&& message)
        : LookAgain(messenger->waiters()),
          messenger_(std::move(messenger)),
          peer_(peer),
          message_(std::move(message)) {}

private:
    friend LookAgain<SendMessage>;

    bool look(std::shared_ptr<WaitingLine>& line) {
        if (message_.error) {
            result_ = {.error = message_.error};
        } else {
            result_ = messenger_->send_if_room(peer_, message_.type, message_.priority, message_.body, line);
        }
        return line == nullptr;
    }
    [[nodiscard]] std::size_t size() const noexcept { return message_.body->bytes.size(); }
    template <class Self>
    void complete(Self& self) {
        const SendResult result = result_;
        self.complete(result.error, result);
    }
    template <class Self>
    void fail(Self& self, const error_code& error) {
        self.complete(error, SendResult{.error = error});
    }

    std::shared_ptr<MessengerCore> messenger_;
    PeerId peer_;
    Encoded message_;
    SendResult result_;
};

/// A request that has been sent; given up where nobody waits for its answer any more.
class Asking {
public:
    Asking(std::shared_ptr<PeerCore> peer, std::uint64_t number) noexcept : peer_(std::move(peer)), number_(number) {}
    Asking(Asking&&) noexcept = default;
    Asking& operator=(Asking&&) = delete;
    ~Asking() { static_cast<void>(stop()); }
    /// Whether there is an answer.
    bool stop() noexcept {
        const auto peer = std::exchange(peer_, nullptr);
        return peer && peer->stop_asking(number_);
    }

private:
    std::shared_ptr<PeerCore> peer_;
    std::uint64_t number_;
};

template <class Answer, class Types>
class TypedAnswer final : public PendingAnswer {
public:
    using PendingAnswer::PendingAnswer;

    error_code take(std::size_t type, ByteView body, Where& where) override {
        if (type != Types::template place<Answer>) {
            this->error = errc::wrong_answer;
            return {};
        }
        return decode(body, answer, &where);
    }

    Answer answer{};
};

template <class Answer, class Types>
class Request {
public:
    Request(std::shared_ptr<MessengerCore> messenger, const PeerId& peer, Encoded&& question,
            std::chrono::steady_clock::duration limit)
        : messenger_(std::move(messenger)), peer_(peer), question_(std::move(question)), limit_(limit) {}

    template <class Self>
    void operator()(Self& self, error_code error = {}, const Snapshot<std::uint64_t>& = {}) {
        if (!std::exchange(has_begun_, true)) {
            self.reset_cancellation_state(boost::asio::enable_total_cancellation());
            if (ask()) {
                Waiter& waiter = place_->waiter();
                return waiter.calls().async_get_for(limit_, std::move(self));
            }
            auto executor = self.get_executor();
            return boost::asio::post(executor, std::move(self));
        }
        Answer answer{};
        if (asking_ && asking_->stop()) {
            error = pending_->error;
            answer = std::move(pending_->answer);
        } else if (refused_) {
            error = refused_;
        }
        asking_.reset();
        place_.reset();
        self.complete(error, std::move(answer));
    }

private:
    [[nodiscard]] bool ask() {
        refused_ = question_.error;
        if (refused_) return false;
        place_.emplace(messenger_->waiters());
        place_->waiter().begin();
        pending_ = std::make_shared<TypedAnswer<Answer, Types>>(place_->waiter());
        const std::uint64_t number = messenger_->new_request();
        std::shared_ptr<PeerCore> asked;
        refused_ =
            messenger_->ask(peer_, number, question_.type, question_.priority, question_.body, pending_, asked).error;
        if (refused_) return false;
        asking_.emplace(std::move(asked), number);
        return true;
    }

    std::shared_ptr<MessengerCore> messenger_;
    PeerId peer_;
    Encoded question_;
    std::chrono::steady_clock::duration limit_;
    std::optional<Place> place_;
    std::shared_ptr<TypedAnswer<Answer, Types>> pending_;  // refers to the place's waiter
    std::optional<Asking> asking_;                         // goes first
    error_code refused_;
    bool has_begun_ = false;
};

}  // namespace event::net::detail
