#pragma once

/// The handles of the library, whatever their types.

#include "events.hpp"
#include "model.hpp"

#include <event/all.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>
#include <boost/system/error_code.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace model {

using boost::system::error_code;
using Strand = boost::asio::strand<boost::asio::io_context::executor_type>;

/// What was received.
struct Received {
    std::size_t index = 0;
    int number = 0;
    std::uint64_t sequence = 0;
    std::uint64_t missed = 0;
    bool is_replayed = false;
    event::EmitterId emitter = 0;
    event::AnyEvent any = {};  // itself, where it came so
};
/// What a watcher got.
struct Seen {
    int number = 0;
    std::uint64_t version = 0;
};

class Listener {
public:
    virtual void received(int operation, error_code error, std::span<const Received> all) = 0;
    virtual void completed(int operation, error_code error) = 0;
    virtual void emitted(int operation, error_code error, const EmitResult& result) = 0;
    virtual void got(int operation, error_code error, std::optional<Seen> seen) = 0;
    /// Its handler went without being invoked.
    virtual void destroyed(int operation) = 0;
    virtual void pushed(int subscription, const Received& received) = 0;
    /// Null once it is gone.
    [[nodiscard]] virtual boost::asio::io_context* context(std::size_t which) = 0;

protected:
    ~Listener() = default;
};

/// How a handler of an operation is made: whom it tells, where it runs, how it is cancelled.
struct Handling {
    Listener& listener;
    int operation;
    boost::asio::io_context* context;
    const Strand* strand;  // null: none
    std::shared_ptr<boost::asio::cancellation_signal> signal;
};

/// Tells when it goes without having been invoked.
class Token {
public:
    Token(Listener& listener, int operation) : listener_(&listener), operation_(operation) {}
    Token(Token&& other) noexcept : listener_(std::exchange(other.listener_, nullptr)), operation_(other.operation_) {}
    Token& operator=(Token&&) = delete;
    ~Token() {
        if (listener_ != nullptr) listener_->destroyed(operation_);
    }
    Listener& invoke() { return *std::exchange(listener_, nullptr); }
    [[nodiscard]] int operation() const { return operation_; }

private:
    Listener* listener_;
    int operation_;
};

/// Calls `start(handler)` with `function(Listener&, operation, results...)` as handler.
template <class Function, class Start>
void start_with(const Handling& handling, Function function, Start&& start) {
    auto handler = [token = Token(handling.listener, handling.operation), function](auto&&... results) mutable {
        Listener& listener = token.invoke();
        function(listener, token.operation(), std::move(results)...);
    };
    auto slotted = boost::asio::bind_cancellation_slot(handling.signal->slot(), std::move(handler));
    if (handling.strand != nullptr) {
        start(boost::asio::bind_executor(*handling.strand, std::move(slotted)));
    } else {
        start(boost::asio::bind_executor(handling.context->get_executor(), std::move(slotted)));
    }
}

class AnySubscription {
public:
    virtual ~AnySubscription() = default;
    [[nodiscard]] virtual std::optional<Received> try_receive() = 0;
    virtual void receive(const Handling& handling) = 0;
    virtual void receive_for(const Handling& handling, std::chrono::nanoseconds limit) = 0;
    virtual void receive_some(const Handling& handling, std::size_t most) = 0;
    virtual void wait(const Handling& handling) = 0;
    virtual void wait_for_end(const Handling& handling) = 0;
    virtual void wait_for_start(const Handling& handling) = 0;
    /// One more handle on it.
    [[nodiscard]] virtual std::unique_ptr<AnySubscription> share() = 0;
    virtual void cancel() = 0;
    virtual void close() = 0;
    virtual void drain() = 0;
    [[nodiscard]] virtual event::SubscriptionStat stat() const = 0;
};

class AnyEmitter {
public:
    virtual ~AnyEmitter() = default;
    virtual EmitResult emit(int number) = 0;
    virtual EmitResult emit_all(int first, std::size_t count) = 0;
    virtual void async_emit(const Handling& handling, int number) = 0;
    [[nodiscard]] virtual event::EmitterId id() const = 0;
    [[nodiscard]] virtual event::NotFrom not_from() const = 0;
    virtual void close() = 0;
};

class AnyWatcher {
public:
    virtual ~AnyWatcher() = default;
    [[nodiscard]] virtual std::optional<Seen> try_get() = 0;
    virtual void get(const Handling& handling) = 0;
    virtual void get_for(const Handling& handling, std::chrono::nanoseconds limit) = 0;
    virtual void get_if(const Handling& handling) = 0;
    virtual void wait(const Handling& handling) = 0;
    virtual void cancel() = 0;
    virtual void close() = 0;
};

class AnyView {
public:
    virtual ~AnyView() = default;
    [[nodiscard]] virtual std::optional<Seen> try_get() const = 0;
    [[nodiscard]] virtual std::unique_ptr<AnyWatcher> watch() const = 0;
};

class AnyValue {
public:
    virtual ~AnyValue() = default;
    virtual void set(int number) = 0;
    virtual void emplace(int number) = 0;
    [[nodiscard]] virtual bool set_if_changed(int number) = 0;
    /// Sets to what the function makes of the number that there is, or of 0.
    virtual void update(int (*function)(int)) = 0;
    [[nodiscard]] virtual std::unique_ptr<AnyView> view() const = 0;
    virtual void close() = 0;
};

struct Wanted {
    std::size_t menu = 0;  // of `menus`
    event::SubscriptionOptions options = {};
    bool is_filtered = false;
    Keys keys = Keys::none;
    bool throws = false;  // what refines it
    Asks asks = Asks::nothing;
    event::EmitterId asks_for = 0;
    event::NotFrom not_from = {};
    bool is_push = false;
    boost::asio::io_context* context = nullptr;  // of the push handler
    const Strand* strand = nullptr;              // null: none
    int number = 0;                              // of the subscription
};

/// What can be subscribed to.
extern const std::vector<std::vector<Listed>> menus;

[[nodiscard]] std::unique_ptr<AnySubscription> subscribe(event::EventBus& bus, Listener& listener, Wanted wanted);
[[nodiscard]] std::unique_ptr<AnyEmitter> make_emitter(event::EventBus& bus, Type type, event::EmitterOptions options,
                                                       error_code& error);
[[nodiscard]] std::unique_ptr<AnyWatcher> watch(event::EventBus& bus, Type type);
[[nodiscard]] std::unique_ptr<AnyValue> make_value(event::EventBus& bus, Type type);
/// One that stands alone.
[[nodiscard]] std::unique_ptr<AnyValue> make_value(boost::asio::io_context& context, Type type);
[[nodiscard]] event::TopicStat stat(const event::EventBus& bus, Type type);
void forget(event::EventBus& bus, Type type);
/// What the library calls the type.
[[nodiscard]] std::string_view label_of(Type type);

}  // namespace model
