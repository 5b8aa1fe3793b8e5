#pragma once

/// A connection in memory, whose delays and failures a test scripts while it runs.
///
///     asio::io_context io;
///     auto [a, b] = duplex::pair(io);  // both are an AsyncReadStream and an AsyncWriteStream
///     const duplex::Pipe to_b = a.outgoing();
///     to_b.capacity(0);  // b reads nothing from now on
///
/// Ownership: an `End` is move-only; destroying it closes it. A `Pipe` is a handle, which stays good when both ends are
/// gone. What waits is destroyed, uninvoked, with the context of its end.
/// Threads: all may be called from any thread; the ends may live on two strands, or on two contexts. On one end, one
/// read and one write at a time; a second one ends with `already_started`.
/// Cost: an allocation for each operation, and a mutex that both ends share.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/append.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/query.hpp>
#include <boost/system/error_code.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <utility>
#include <vector>

namespace duplex {

namespace asio = boost::asio;
using boost::system::error_code;
using Bytes = std::vector<std::byte>;

inline constexpr std::size_t unlimited = std::numeric_limits<std::size_t>::max();

namespace detail {

/// The handler of a read or a write; destroying it does not invoke it.
class Operation {
public:
    Operation() = default;
    Operation(const Operation&) = delete;
    Operation& operator=(const Operation&) = delete;
    virtual ~Operation() = default;
    /// Posts the completion. Once, and without the lock.
    virtual void complete(error_code error, std::size_t bytes) = 0;
};

template <class Handler>
class HandlerOperation final : public Operation {
public:
    HandlerOperation(Handler handler, const asio::any_io_executor& executor)
        : handler_(std::move(handler)),
          executor_(executor),
          executor_work_(executor),
          handler_work_(asio::get_associated_executor(handler_, executor)) {}
    void complete(error_code error, std::size_t bytes) override {
        asio::post(executor_, asio::append(std::move(handler_), error, bytes));
    }

private:
    Handler handler_;
    asio::any_io_executor executor_;
    // What waits keeps run() of both going.
    asio::executor_work_guard<asio::any_io_executor> executor_work_;
    // (erased: the guard of a strand of an erased executor does not compile with Boost 1.81)
    asio::executor_work_guard<asio::any_io_executor> handler_work_;
};

template <class Buffer>
struct Waiting {
    std::unique_ptr<Operation> operation;
    std::vector<Buffer> buffers;
    std::uint64_t id = 0;
};

struct Finished {
    std::unique_ptr<Operation> operation;
    error_code error;
    std::size_t bytes = 0;
};

template <class Buffer>
void finish(Waiting<Buffer>& waiting, error_code error, std::size_t bytes, std::vector<Finished>& finished) {
    if (waiting.operation) finished.push_back({std::move(waiting.operation), error, bytes});
}

/// One direction. Guarded by the mutex of its wire.
struct Direction {
    std::size_t capacity = 64 * std::size_t{1024};
    std::size_t chunk = unlimited;
    std::size_t cut_after = unlimited;
    bool is_on_hold = false;
    bool is_recording = false;
    bool is_ended = false;   // nothing more is written
    bool is_unread = false;  // nothing more is read
    bool is_cut = false;     // both directions are
    std::size_t taken = 0;
    std::size_t passed = 0;
    std::deque<std::byte> content;  // taken and not passed
    Bytes record;
    Waiting<asio::mutable_buffer> read;
    Waiting<asio::const_buffer> write;

    /// Ends what need not wait any longer.
    void advance(std::vector<Finished>& finished) {
        advance_write(finished);
        advance_read(finished);
        advance_write(finished);  // into the room that the read made
    }

private:
    void advance_write(std::vector<Finished>& finished) {
        if (!write.operation) return;
        if (is_ended || is_unread || is_cut) return finish(write, asio::error::broken_pipe, 0, finished);
        if (content.size() >= capacity) return;
        const std::size_t most = std::min(chunk, capacity - content.size());
        std::size_t count = 0;
        for (const asio::const_buffer& buffer : write.buffers) {
            const auto* const from = static_cast<const std::byte*>(buffer.data());
            const std::size_t part = std::min(buffer.size(), most - count);
            content.insert(content.end(), from, from + part);
            if (is_recording) record.insert(record.end(), from, from + part);
            count += part;
        }
        taken += count;
        finish(write, {}, count, finished);
    }

    void advance_read(std::vector<Finished>& finished) {
        if (!read.operation) return;
        if (is_cut) return finish(read, asio::error::connection_reset, 0, finished);
        if (is_on_hold) return;
        if (content.empty()) {
            if (is_ended) finish(read, asio::error::eof, 0, finished);
            return;
        }
        const std::size_t most = std::min({chunk, content.size(), cut_after - passed});
        std::size_t count = 0;
        for (const asio::mutable_buffer& buffer : read.buffers) {
            const std::size_t part = std::min(buffer.size(), most - count);
            const auto end = content.begin() + static_cast<std::ptrdiff_t>(part);
            std::copy(content.begin(), end, static_cast<std::byte*>(buffer.data()));
            content.erase(content.begin(), end);
            count += part;
        }
        passed += count;
        finish(read, {}, count, finished);
    }
};

/// What both ends share. End 0 writes to direction 0 and reads from direction 1.
class Wire {
public:
    /// Changes something by `change(finished)`, and completes all that this ends.
    template <class Change>
    void apply(Change change) {
        std::vector<Finished> finished;
        {
            const std::scoped_lock lock(mutex_);
            change(finished);
            advance(finished);
            const auto is_due = [](const Direction& direction) { return direction.passed >= direction.cut_after; };
            if (std::ranges::any_of(directions_, is_due)) {
                cut();
                advance(finished);
            }
        }
        for (Finished& each : finished) each.operation->complete(each.error, each.bytes);
    }
    template <class Question>
    auto ask(Question question) const {
        const std::scoped_lock lock(mutex_);
        return question(directions_);
    }

    // With the lock, within `apply`.
    [[nodiscard]] Direction& direction(std::size_t index) { return directions_[index]; }
    [[nodiscard]] Waiting<asio::mutable_buffer>& read_of(std::size_t end) { return directions_[1 - end].read; }
    [[nodiscard]] Waiting<asio::const_buffer>& write_of(std::size_t end) { return directions_[end].write; }
    [[nodiscard]] bool& is_closed(std::size_t end) { return is_closed_[end]; }
    void cut() {
        for (Direction& direction : directions_) direction.is_cut = true;
    }

    void close(std::size_t end) {
        apply([&](std::vector<Finished>& finished) {
            if (std::exchange(is_closed_[end], true)) return;
            finish(read_of(end), asio::error::operation_aborted, 0, finished);
            finish(write_of(end), asio::error::operation_aborted, 0, finished);
            directions_[end].is_ended = true;
            directions_[1 - end].is_unread = true;
        });
    }

    /// Takes what waits at an end, for destroying it without the lock.
    void take(std::size_t end, std::vector<std::unique_ptr<Operation>>& operations) {
        const std::scoped_lock lock(mutex_);
        operations.push_back(std::move(read_of(end).operation));
        operations.push_back(std::move(write_of(end).operation));
    }

    /// For one operation: a cancellation that comes late must not end the next one.
    [[nodiscard]] std::uint64_t next_id() { return ++ids_; }

private:
    void advance(std::vector<Finished>& finished) {
        for (Direction& direction : directions_) direction.advance(finished);
    }

    mutable std::mutex mutex_;
    std::array<Direction, 2> directions_;  // guarded by mutex_
    std::array<bool, 2> is_closed_{};      // guarded by mutex_
    std::atomic<std::uint64_t> ids_ = 0;
};

/// Destroys with a context what waits at the ends that live on it.
class Service final : public asio::execution_context::service {
public:
    using key_type = Service;
    inline static asio::execution_context::id id;

    explicit Service(asio::execution_context& context) : asio::execution_context::service(context) {}

    void add(const std::shared_ptr<Wire>& wire, std::size_t end) {
        const std::scoped_lock lock(mutex_);
        std::erase_if(ends_, [](const Entry& entry) { return entry.wire.expired(); });
        ends_.push_back({wire, end});
    }

private:
    struct Entry {
        std::weak_ptr<Wire> wire;
        std::size_t end;
    };

    void shutdown() override {
        std::vector<std::unique_ptr<Operation>> operations;
        const std::scoped_lock lock(mutex_);
        for (const Entry& entry : ends_) {
            if (const auto wire = entry.wire.lock()) wire->take(entry.end, operations);
        }
        ends_.clear();
    }

    std::mutex mutex_;
    std::vector<Entry> ends_;  // guarded by mutex_
};

struct Read {
    using Buffer = asio::mutable_buffer;
    static Waiting<Buffer>& waiting(Wire& wire, std::size_t end) { return wire.read_of(end); }
};
struct Write {
    using Buffer = asio::const_buffer;
    static Waiting<Buffer>& waiting(Wire& wire, std::size_t end) { return wire.write_of(end); }
};

/// Starts a read or a write. It holds on to the wire: the end may be moved, or gone, before a deferred one is started.
template <class Kind>
class Initiation {
public:
    using executor_type = asio::any_io_executor;

    Initiation(std::shared_ptr<Wire> wire, std::size_t end, asio::any_io_executor executor)
        : wire_(std::move(wire)), end_(end), executor_(std::move(executor)) {}
    [[nodiscard]] executor_type get_executor() const noexcept { return executor_; }

    template <class Handler, class Buffers>
    void operator()(Handler handler, const Buffers& buffers) const {
        using Buffer = typename Kind::Buffer;
        const std::uint64_t id = wire_->next_id();
        // Before others can see the operation, and end it. The handler may stay in its slot for longer than anything.
        auto slot = asio::get_associated_cancellation_slot(handler);
        if (slot.is_connected()) slot.template emplace<Cancel>(wire_, end_, id);
        Waiting<Buffer> started{
            .operation = std::make_unique<HandlerOperation<Handler>>(std::move(handler), executor_),
            .buffers = std::vector<Buffer>(asio::buffer_sequence_begin(buffers), asio::buffer_sequence_end(buffers)),
            .id = id};
        wire_->apply([&](std::vector<Finished>& finished) {
            Waiting<Buffer>& waiting = Kind::waiting(*wire_, end_);
            if (wire_->is_closed(end_)) {
                finish(started, asio::error::bad_descriptor, 0, finished);
            } else if (waiting.operation) {
                finish(started, asio::error::already_started, 0, finished);
            } else if (asio::buffer_size(started.buffers) == 0) {
                finish(started, {}, 0, finished);
            } else {
                waiting = std::move(started);
            }
        });
    }

private:
    class Cancel {
    public:
        Cancel(const std::shared_ptr<Wire>& wire, std::size_t end, std::uint64_t id)
            : wire_(wire), end_(end), id_(id) {}
        void operator()(asio::cancellation_type type) const {
            const auto wire = wire_.lock();
            if (!wire || type == asio::cancellation_type::none) return;
            wire->apply([&](std::vector<Finished>& finished) {
                auto& waiting = Kind::waiting(*wire, end_);
                if (waiting.id == id_) finish(waiting, asio::error::operation_aborted, 0, finished);
            });
        }

    private:
        std::weak_ptr<Wire> wire_;
        std::size_t end_;
        std::uint64_t id_;
    };

    std::shared_ptr<Wire> wire_;
    std::size_t end_;
    asio::any_io_executor executor_;
};

}  // namespace detail

/// One direction of a connection, from the end that writes to the end that reads. What is changed counts at once, also
/// for what already waits.
class Pipe {
public:
    /// A write waits while this many bytes are held, at first 64 KiB. 0: nothing is taken, as by a peer that never
    /// reads.
    void capacity(std::size_t bytes) const {
        apply([&](detail::Direction& direction) { direction.capacity = bytes; });
    }
    /// The most that one read or one write moves, at first without a limit. At least 1.
    void chunk(std::size_t bytes) const {
        if (bytes == 0) throw std::invalid_argument("duplex: a chunk has at least one byte");
        apply([&](detail::Direction& direction) { direction.chunk = bytes; });
    }
    /// Delivers neither bytes nor their end until `release()`; what is written is still taken, up to the capacity.
    void hold() const {
        apply([](detail::Direction& direction) { direction.is_on_hold = true; });
    }
    void release() const {
        apply([](detail::Direction& direction) { direction.is_on_hold = false; });
    }
    /// The writer writes nothing more: the reader reads the rest and then `eof`, a write gets `broken_pipe`.
    void eof() const {
        apply([](detail::Direction& direction) { direction.is_ended = true; });
    }
    /// The connection is reset, in both directions: what was not delivered is lost, a read gets `connection_reset`, a
    /// write `broken_pipe`.
    void cut() const {
        wire_->apply([&](std::vector<detail::Finished>&) { wire_->cut(); });
    }
    /// The same as soon as so many bytes, from the first one on, are delivered in this direction; no read gets more.
    void cut_after(std::size_t bytes) const {
        apply([&](detail::Direction& direction) { direction.cut_after = bytes; });
    }
    /// Keeps what is taken from now on.
    void record() const {
        apply([](detail::Direction& direction) { direction.is_recording = true; });
    }

    /// What was taken since `record()`, whether it was delivered or not.
    [[nodiscard]] Bytes recorded() const { return ask(&detail::Direction::record); }
    /// Bytes that writes gave, from the first one on.
    [[nodiscard]] std::size_t taken() const { return ask(&detail::Direction::taken); }
    /// Bytes that reads got, from the first one on.
    [[nodiscard]] std::size_t passed() const { return ask(&detail::Direction::passed); }

private:
    friend class End;
    Pipe(std::shared_ptr<detail::Wire> wire, std::size_t index) : wire_(std::move(wire)), index_(index) {}

    template <class Change>
    void apply(Change change) const {
        wire_->apply([&](std::vector<detail::Finished>&) { change(wire_->direction(index_)); });
    }
    template <class T>
    [[nodiscard]] T ask(T detail::Direction::* member) const {
        return wire_->ask([&](const auto& directions) { return directions[index_].*member; });
    }

    std::shared_ptr<detail::Wire> wire_;
    std::size_t index_;
};

/// A stream of bytes to and from the other end. One that was moved from can be assigned and destroyed.
class End {
public:
    using executor_type = asio::any_io_executor;

    End(End&&) noexcept = default;
    End& operator=(End&& other) noexcept {
        End old(std::move(*this));
        wire_ = std::move(other.wire_);
        index_ = other.index_;
        executor_ = std::move(other.executor_);
        return *this;
    }
    ~End() { close(); }

    [[nodiscard]] executor_type get_executor() const noexcept { return executor_; }
    [[nodiscard]] Pipe outgoing() const { return {wire_, index_}; }
    [[nodiscard]] Pipe incoming() const { return {wire_, 1 - index_}; }

    /// Reads at least one byte, or none into buffers without room. Signature: `void(error_code, std::size_t)`; the
    /// completion is always posted. Cancellation: each type ends a read that waits with `operation_aborted`, and no
    /// byte is lost. The buffers' memory must last until the completion.
    template <class MutableBuffers, class Token>
    auto async_read_some(const MutableBuffers& buffers, Token&& token) {
        return start<detail::Read>(buffers, std::forward<Token>(token));
    }
    /// Writes at least one byte, or none of buffers without any. Otherwise as `async_read_some`.
    template <class ConstBuffers, class Token>
    auto async_write_some(const ConstBuffers& buffers, Token&& token) {
        return start<detail::Write>(buffers, std::forward<Token>(token));
    }

    /// What waits here ends with `operation_aborted`, what comes later with `bad_descriptor`. The other end reads the
    /// rest and then `eof`; its writes get `broken_pipe`. Once more, it does nothing.
    void close() {
        if (wire_) wire_->close(index_);
    }

private:
    friend std::pair<End, End> pair(const asio::any_io_executor& first, const asio::any_io_executor& second);
    End(std::shared_ptr<detail::Wire> wire, std::size_t index, asio::any_io_executor executor)
        : wire_(std::move(wire)), index_(index), executor_(std::move(executor)) {
        asio::use_service<detail::Service>(asio::query(executor_, asio::execution::context)).add(wire_, index_);
    }

    template <class Kind, class Buffers, class Token>
    auto start(const Buffers& buffers, Token&& token) {
        return asio::async_initiate<Token, void(error_code, std::size_t)>(
            detail::Initiation<Kind>(wire_, index_, executor_), token, buffers);
    }

    std::shared_ptr<detail::Wire> wire_;
    std::size_t index_;
    asio::any_io_executor executor_;
};

/// Two ends of a new connection, each with the executor of its completions.
[[nodiscard]] inline std::pair<End, End> pair(const asio::any_io_executor& first, const asio::any_io_executor& second) {
    const auto wire = std::make_shared<detail::Wire>();
    return {End(wire, 0, first), End(wire, 1, second)};
}
[[nodiscard]] inline std::pair<End, End> pair(asio::io_context& io) {
    return pair(io.get_executor(), io.get_executor());
}

}  // namespace duplex
