#pragma once

#include <event/bus.hpp>
#include <event/net/certificate.hpp>
#include <event/net/detail/consumer.hpp>
#include <event/net/detail/runnable.hpp>
#include <event/net/detail/wire_type.hpp>
#include <event/net/link_options.hpp>
#include <event/value_view.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

/// A link without its stream: what moves bytes between the protocol (src/net/protocol), which decides everything, and
/// the buses. Its one rule: everything happens on its strand, and what ends there takes along all that it made.

namespace event::net::detail {

class LinkCore;

/// The bus that a link was made with, for as long as its handle lives.
class BusAccess {
public:
    explicit BusAccess(EventBus& bus) : shared_(std::make_shared<Shared>()) { shared_->bus = &bus; }
    /// Calls `f` with the bus; false if it may be gone.
    template <class F>
    bool use(F&& f) const {
        const std::lock_guard guard(shared_->mutex);
        if (shared_->bus != nullptr) f(*shared_->bus);
        return shared_->bus != nullptr;
    }
    /// Has the consumer end before the bus is let go of: what it has there is taken along.
    void add(const std::shared_ptr<Consumer>& consumer) const {
        const std::lock_guard guard(shared_->consumers_mutex);
        shared_->consumers.emplace_back(consumer);
    }
    void let_go() const noexcept {
        std::vector<std::weak_ptr<Consumer>> consumers;
        {
            const std::lock_guard guard(shared_->consumers_mutex);
            consumers.swap(shared_->consumers);
        }
        const std::lock_guard guard(shared_->mutex);
        for (const auto& each : consumers)
            if (const auto consumer = each.lock()) consumer->end();
        shared_->bus = nullptr;
    }

private:
    struct Shared {
        std::recursive_mutex mutex;
        EventBus* bus = nullptr;
        std::mutex consumers_mutex;  // never waits for what is called with the bus
        std::vector<std::weak_ptr<Consumer>> consumers;
    };
    std::shared_ptr<Shared> shared_;
};

/// Those emitters whose events came by this link, which does not send them back. Grows only; asked under a domain's
/// lock.
class Echoes {
public:
    Echoes() = default;
    Echoes(const Echoes&) = delete;
    Echoes& operator=(const Echoes&) = delete;
    ~Echoes() {
        for (const One* one = first_.load(); one != nullptr; delete std::exchange(one, one->next)) {
        }
    }
    void add(EmitterId id) {
        auto* one = new One{id, first_.load(std::memory_order_relaxed)};
        while (!first_.compare_exchange_weak(one->next, one, std::memory_order_acq_rel, std::memory_order_relaxed)) {
        }
    }
    [[nodiscard]] EchoedGaps& gaps() noexcept { return gaps_; }
    [[nodiscard]] const EchoedGaps& gaps() const noexcept { return gaps_; }
    [[nodiscard]] bool are_of(EmitterId id) const noexcept {
        for (const One* one = first_.load(std::memory_order_acquire); one != nullptr; one = one->next)
            if (one->id == id) return true;
        return false;
    }

private:
    struct One {
        EmitterId id;
        const One* next;
    };
    std::atomic<const One*> first_{nullptr};
    EchoedGaps gaps_;
};

/// What is taken of a subscription that the other side has.
struct ServedItem {
    std::size_t type = 0;  // its place in what was asked for
    std::uint64_t missed = 0;
    bool is_replayed = false;
    Bytes key = {};                // of a latest value, where there is one for each
    bool is_present = true;        // of a latest value
    std::uint64_t unsendable = 0;  // counted up
};

/// A handler that tells the link, on its strand, that there may be something.
class ServingReady {
public:
    using executor_type = boost::asio::any_io_executor;

    ServingReady(std::shared_ptr<LinkCore> link, std::uint64_t alias) noexcept
        : link_(std::move(link)), alias_(alias) {}
    [[nodiscard]] const executor_type& get_executor() const noexcept;
    void operator()(const error_code& error);

private:
    std::shared_ptr<LinkCore> link_;
    std::uint64_t alias_;
};

/// A subscription that the other side has on this one, whatever its types.
class Serving {
public:
    Serving() = default;
    Serving(const Serving&) = delete;
    Serving& operator=(const Serving&) = delete;
    virtual ~Serving() = default;

    /// Takes the next event, and appends `room` bytes of any value to `out`, and then its own; false: there is none,
    /// and `out` is as it was.
    virtual bool next_event(Bytes&, std::size_t, ServedItem&) { return false; }
    /// Looks at the newest value, and replaces `payload` by its bytes; false: there is none.
    virtual bool next_value(Bytes&, ServedItem&) { return false; }
    /// The value that was looked at is on its way.
    virtual void was_sent(const ServedItem&) {}
    /// Calls `ready` when there is something, or with an error when there will not be.
    virtual void wait(ServingReady ready) = 0;
};

/// With what a subscription is opened.
struct ServingContext {
    EventBus& bus;
    const BusAccess& access;
    /// Null: nothing that comes from elsewhere is served; otherwise not what came by this link.
    std::shared_ptr<const Echoes> echoes;
    const std::string& name;
    /// Of the two nodes.
    std::uint64_t epoch = 0;
    std::uint64_t remote_epoch = 0;
};
/// Whether an event goes out.
[[nodiscard]] inline bool is_served(const Echoes* echoes, EmitterId emitter, bool is_relayed) noexcept {
    return !is_relayed || (echoes != nullptr && !echoes->are_of(emitter));
}

/// Thrown where a subscription cannot be opened.
struct Refused {
    Reason reason;
};
[[noreturn]] void refuse(end_code code, const Asked::Type& type, const std::string& why);

/// Types that are served together, in one order.
class Group {
public:
    Group() = default;
    Group(const Group&) = delete;
    Group& operator=(const Group&) = delete;
    virtual ~Group() = default;

    [[nodiscard]] virtual std::vector<WireType> types() const = 0;
    /// `places`: of each type that is asked for, among its types. Throws `Refused`, and what `subscribe` throws.
    [[nodiscard]] virtual std::unique_ptr<Serving> open(const ServingContext& in, const Asked& asked,
                                                        const std::vector<std::size_t>& places) const = 0;
};

/// Options that a link can work with; throws `std::invalid_argument`.
[[nodiscard]] LinkOptions checked(LinkOptions&& options);

/// What a remote is reached by: one link, or one after the other. Any thread.
class Port : public Runnable {
public:
    [[nodiscard]] const LinkOptions& options() const noexcept { return options_; }
    [[nodiscard]] const std::shared_ptr<Echoes>& echoes() const noexcept { return echoes_; }
    [[nodiscard]] const BusAccess& bus_access() const noexcept { return access_; }
    /// At once where this is called on the strand.
    virtual void serve(std::shared_ptr<const Group> group) = 0;
    virtual void consume(std::shared_ptr<Consumer> consumer) = 0;
    [[nodiscard]] virtual ValueView<LinkState> state() const = 0;
    void close(Reason reason);
    /// The handle goes.
    void let_go() noexcept;

protected:
    Port(const boost::asio::any_io_executor& executor, LinkOptions options, BusAccess access,
         std::shared_ptr<Echoes> echoes)
        : Runnable(executor),
          options_(checked(std::move(options))),
          access_(std::move(access)),
          echoes_(std::move(echoes)) {}

private:
    const LinkOptions options_;
    const BusAccess access_;
    const std::shared_ptr<Echoes> echoes_;
};

class LinkCore : public Port {
public:
    /// `is_one_of_several`: what is consumed outlives it. `has_handshake`: the stream's own comes before HELLO.
    LinkCore(const boost::asio::any_io_executor& executor, LinkOptions&& options, BusAccess access,
             std::shared_ptr<Echoes> echoes, bool is_one_of_several, bool has_handshake);
    ~LinkCore() override;

    // ---- any thread ------------------------------------------------------------------------------------------

    void serve(std::shared_ptr<const Group> group) override;
    void consume(std::shared_ptr<Consumer> consumer) override;
    [[nodiscard]] ValueView<LinkState> state() const override;
    [[nodiscard]] LinkStat stat() const;

    // ---- on the strand ---------------------------------------------------------------------------------------

    void was_ready(std::uint64_t alias, const error_code& error);
    void was_unused(const Consumer& consumer);

protected:
    // Of the stream: each ends by calling the function below it, on the strand, and never inside the call.
    virtual void read(std::span<std::byte> buffer) = 0;
    void was_read(const error_code& error, std::size_t count);
    /// As many of them as the stream takes without waiting; 0 without an error: `write` tells what becomes of them.
    virtual std::size_t write_at_once(ByteView, error_code&) { return 0; }
    virtual void write(ByteView bytes) = 0;
    void was_written(const error_code& error, std::size_t count);
    virtual void shake_hands() = 0;
    void has_shaken_hands(const error_code& error);
    /// `is_in_order`: both sides have said BYE, and nothing is being written.
    virtual void close_stream(bool is_in_order) noexcept = 0;
    /// Who the other side is, after the handshake.
    [[nodiscard]] virtual std::optional<Certificate> certificate() = 0;
    /// What an error of the stream means.
    [[nodiscard]] virtual Reason reason_of(const error_code& error) const;

private:
    class Inside;
    friend Inside;

    void begin() override;
    void stop(const Reason& reason) override;
    [[nodiscard]] error_code result() const override;
    [[nodiscard]] std::shared_ptr<LinkCore> self() { return std::static_pointer_cast<LinkCore>(shared_from_this()); }

    const bool is_one_of_several_;
    const bool has_handshake_;
    const std::unique_ptr<Inside> inside_;
};

inline const ServingReady::executor_type& ServingReady::get_executor() const noexcept { return link_->strand(); }
inline void ServingReady::operator()(const error_code& error) { link_->was_ready(alias_, error); }

}  // namespace event::net::detail
