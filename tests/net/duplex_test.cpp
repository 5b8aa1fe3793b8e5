#include "net/bytes.hpp"
#include "net/duplex.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/asio/write.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <future>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

/// The connection in memory, which the tests of links stand on.

namespace duplex_test {

namespace asio = boost::asio;
using boost::system::error_code;
using duplex::End;
using duplex::Pipe;
using net_test::text;

static_assert(std::is_nothrow_move_constructible_v<End> && std::is_nothrow_move_assignable_v<End>);
static_assert(!std::is_copy_constructible_v<End>);

/// How an operation ended, and the memory that it uses.
struct Outcome {
    explicit Outcome(std::string_view content, std::size_t room = 0) : memory(content) {
        if (memory.empty()) memory.resize(room);
    }
    [[nodiscard]] bool ended_with(const error_code& expected) const { return count == 1 && error == expected; }
    /// It ended well, with so many bytes.
    [[nodiscard]] bool moved(std::size_t expected) const { return ended_with({}) && bytes == expected; }
    [[nodiscard]] std::string_view content() const { return std::string_view(memory).substr(0, bytes); }

    std::string memory;
    int count = 0;
    error_code error;
    std::size_t bytes = 0;
    bool is_moving_on = false;  // the caller has not come back yet
};
using Operation = std::shared_ptr<Outcome>;

auto handler_of(const Operation& operation) {
    return [operation](error_code error, std::size_t bytes) {
        EXPECT_FALSE(operation->is_moving_on) << "invoked by its own initiating function";
        ++operation->count;
        operation->error = error;
        operation->bytes = bytes;
    };
}

/// The operation and nobody else holds it: its handler is gone.
bool is_let_go(const Operation& operation) { return operation.use_count() == 1; }

Operation read(End& end, std::size_t room = 100, asio::cancellation_slot slot = {}) {
    auto operation = std::make_shared<Outcome>("", room);
    operation->is_moving_on = true;
    end.async_read_some(asio::buffer(operation->memory), asio::bind_cancellation_slot(slot, handler_of(operation)));
    operation->is_moving_on = false;
    return operation;
}

Operation write(End& end, std::string_view content, asio::cancellation_slot slot = {}) {
    auto operation = std::make_shared<Outcome>(content);
    operation->is_moving_on = true;
    end.async_write_some(asio::buffer(operation->memory), asio::bind_cancellation_slot(slot, handler_of(operation)));
    operation->is_moving_on = false;
    return operation;
}

class NetDuplex : public testing::Test {
public:
    void poll() {
        io.restart();
        io.poll();
    }
    /// What the end gets when it reads now; empty when it has to wait, and then no longer.
    std::string take(End& end) {
        asio::cancellation_signal stop;
        const Operation operation = read(end, 100, stop.slot());
        poll();
        stop.emit(asio::cancellation_type::total);
        poll();
        EXPECT_EQ(operation->count, 1);
        return std::string(operation->content());
    }

    asio::io_context io;
    std::pair<End, End> ends = duplex::pair(io);
    End& a = ends.first;
    End& b = ends.second;
    Pipe to_b = a.outgoing();
    Pipe to_a = b.outgoing();
};

constexpr auto all_types = {asio::cancellation_type::terminal, asio::cancellation_type::partial,
                            asio::cancellation_type::total};

TEST_F(NetDuplex, DeliversWhatIsWritten) {
    const Operation written = write(a, "hello");
    EXPECT_EQ(written->count, 0) << "posted";
    poll();
    EXPECT_TRUE(written->moved(5));
    const Operation got = read(b);
    EXPECT_EQ(got->count, 0) << "posted";
    poll();
    EXPECT_EQ(got->content(), "hello");

    const Operation waiting = read(a);
    poll();
    EXPECT_EQ(waiting->count, 0);
    EXPECT_FALSE(io.stopped()) << "what waits keeps its context going";
    write(b, "yes");
    poll();
    EXPECT_EQ(waiting->content(), "yes");
    EXPECT_TRUE(io.stopped());
}

TEST_F(NetDuplex, ReadsIntoSeveralBuffersAndWritesFromThem) {
    const std::string one = "ab", two = "cdef";
    std::size_t written = 0;
    a.async_write_some(std::array{asio::buffer(one), asio::buffer(two)},
                       [&](error_code, std::size_t bytes) { written = bytes; });
    std::string first(3, ' '), second(9, ' ');
    std::size_t got = 0;
    b.async_read_some(std::array{asio::buffer(first), asio::buffer(second)},
                      [&](error_code, std::size_t bytes) { got = bytes; });
    poll();
    EXPECT_EQ(written, 6);
    EXPECT_EQ(got, 6);
    EXPECT_EQ(first + second, "abcdef      ");
}

TEST_F(NetDuplex, HasItsDirectionsApart) {
    write(a, "to b");
    write(b, "to a");
    EXPECT_EQ(take(a), "to a");
    EXPECT_EQ(take(b), "to b");
    EXPECT_EQ(take(a), "");
    write(a, "more");
    EXPECT_EQ(a.outgoing().taken(), 8);
    EXPECT_EQ(b.incoming().taken(), 8);
    EXPECT_EQ(a.incoming().taken(), 4);
    EXPECT_EQ(b.outgoing().taken(), 4);
}

TEST_F(NetDuplex, EndsAtOnceWithoutRoomOrBytes) {
    const Operation got = read(a, 0);
    to_b.capacity(0);
    const Operation written = write(a, "");
    poll();
    EXPECT_TRUE(got->moved(0));
    EXPECT_TRUE(written->moved(0));
}

TEST_F(NetDuplex, LetsAWriteWaitForRoom) {
    to_b.capacity(4);
    const Operation first = write(a, "abcdef");
    poll();
    EXPECT_TRUE(first->moved(4));
    const Operation second = write(a, "ef");
    poll();
    EXPECT_EQ(second->count, 0);
    const Operation got = read(b);
    poll();
    EXPECT_EQ(got->content(), "abcd");
    EXPECT_TRUE(second->moved(2));
    EXPECT_EQ(take(b), "ef");
}

TEST_F(NetDuplex, LetsAWriteWaitForCapacity) {
    to_b.capacity(0);
    const Operation reading = read(b);
    const Operation written = write(a, "abc");
    poll();
    EXPECT_EQ(written->count, 0);
    EXPECT_EQ(reading->count, 0);
    to_b.capacity(2);
    poll();
    EXPECT_TRUE(written->moved(2));
    EXPECT_EQ(reading->content(), "ab");
}

TEST_F(NetDuplex, TakesNothingWhileItHoldsMoreThanItsCapacity) {
    write(a, "abc");
    to_b.capacity(2);
    const Operation written = write(a, "d");
    poll();
    EXPECT_EQ(written->count, 0);
    EXPECT_EQ(take(b), "abc");
    EXPECT_TRUE(written->moved(1));
}

TEST_F(NetDuplex, Holds64KiBAtFirst) {
    const Operation written = write(a, std::string(100'000, 'x'));
    poll();
    EXPECT_TRUE(written->moved(65'536));
}

TEST_F(NetDuplex, MovesAChunkAtATime) {
    write(a, "abc");
    to_b.chunk(1);
    EXPECT_EQ(take(b), "a");
    EXPECT_EQ(take(b), "b");
    const Operation written = write(a, "de");
    poll();
    EXPECT_TRUE(written->moved(1));
    to_b.chunk(duplex::unlimited);
    EXPECT_EQ(take(b), "cd");
    EXPECT_THROW(to_b.chunk(0), std::invalid_argument);
}

TEST_F(NetDuplex, HoldsBackWhatItTook) {
    to_b.hold();
    const Operation reading = read(b);
    const Operation written = write(a, "late");
    to_b.eof();
    poll();
    EXPECT_TRUE(written->moved(4));
    EXPECT_EQ(to_b.taken(), 4);
    EXPECT_EQ(to_b.passed(), 0);
    EXPECT_EQ(reading->count, 0);
    to_b.release();
    poll();
    EXPECT_EQ(reading->content(), "late");
    const Operation end = read(b);
    poll();
    EXPECT_TRUE(end->ended_with(asio::error::eof));
}

TEST_F(NetDuplex, HoldsBackAnEnd) {
    to_b.hold();
    a.close();
    const Operation reading = read(b);
    poll();
    EXPECT_EQ(reading->count, 0);
    to_b.release();
    poll();
    EXPECT_TRUE(reading->ended_with(asio::error::eof));
}

TEST_F(NetDuplex, CutFailsBothEnds) {
    to_b.capacity(3);
    write(a, "abc");
    const Operation a_writes = write(a, "d");
    const Operation a_reads = read(a);
    to_b.hold();
    const Operation b_reads = read(b);
    to_b.cut();
    to_b.release();
    poll();
    EXPECT_TRUE(a_writes->ended_with(asio::error::broken_pipe));
    EXPECT_TRUE(a_reads->ended_with(asio::error::connection_reset));
    EXPECT_TRUE(b_reads->ended_with(asio::error::connection_reset)) << "and 'abc' is lost";
    for (End* end : {&a, &b}) {
        const Operation later_read = read(*end);
        const Operation later_write = write(*end, "e");
        poll();
        EXPECT_TRUE(later_read->ended_with(asio::error::connection_reset));
        EXPECT_TRUE(later_write->ended_with(asio::error::broken_pipe));
    }
    EXPECT_EQ(to_b.taken(), 3);
    EXPECT_EQ(to_b.passed(), 0);
}

TEST_F(NetDuplex, CutsWhenSoManyBytesHavePassed) {
    write(a, "ab");
    EXPECT_EQ(take(b), "ab");
    to_b.cut_after(5);
    const Operation a_reads = read(a);
    write(a, "cdef");
    poll();
    EXPECT_EQ(a_reads->count, 0) << "taken is not passed";
    EXPECT_EQ(take(b), "cde");
    EXPECT_TRUE(a_reads->ended_with(asio::error::connection_reset));
    const Operation b_reads = read(b);
    const Operation a_writes = write(a, "g");
    poll();
    EXPECT_TRUE(b_reads->ended_with(asio::error::connection_reset));
    EXPECT_TRUE(a_writes->ended_with(asio::error::broken_pipe));
    EXPECT_EQ(to_b.passed(), 5);
}

TEST_F(NetDuplex, CutsAtOnceWhenMoreHasPassed) {
    write(a, "abcd");
    EXPECT_EQ(take(b), "abcd");
    const Operation b_reads = read(b);
    to_b.hold();
    write(a, "e");
    to_b.cut_after(2);
    poll();
    EXPECT_TRUE(b_reads->ended_with(asio::error::connection_reset));
    EXPECT_EQ(to_b.passed(), 4);
}

TEST_F(NetDuplex, EndsOneDirection) {
    write(a, "rest");
    to_b.eof();
    const Operation written = write(a, "more");
    poll();
    EXPECT_TRUE(written->ended_with(asio::error::broken_pipe));
    EXPECT_EQ(take(b), "rest");
    const Operation reading = read(b);
    poll();
    EXPECT_TRUE(reading->ended_with(asio::error::eof));
    write(b, "still");
    EXPECT_EQ(take(a), "still");
}

TEST_F(NetDuplex, EndOfADirectionWakesWhoWaits) {
    const Operation reading = read(b);
    to_b.capacity(0);
    const Operation written = write(a, "x");
    to_b.eof();
    poll();
    EXPECT_TRUE(reading->ended_with(asio::error::eof));
    EXPECT_TRUE(written->ended_with(asio::error::broken_pipe));
}

TEST_F(NetDuplex, RecordsWhatItTakes) {
    write(a, "before");
    to_b.record();
    to_b.hold();
    write(a, "wire");
    to_b.cut();
    write(a, "after");
    EXPECT_EQ(to_b.recorded(), text("wire"));
    EXPECT_TRUE(to_a.recorded().empty());
    EXPECT_EQ(to_b.taken(), 10);
}

TEST_F(NetDuplex, CancelledReadLosesNothing) {
    for (const asio::cancellation_type type : all_types) {
        asio::cancellation_signal stop;
        const Operation cancelled = read(b, 100, stop.slot());
        poll();
        EXPECT_EQ(cancelled->count, 0);
        stop.emit(type);
        write(a, "abc");
        poll();
        EXPECT_TRUE(cancelled->ended_with(asio::error::operation_aborted));
        EXPECT_EQ(take(b), "abc");
    }
}

TEST_F(NetDuplex, CancelledWriteWritesNothing) {
    for (const asio::cancellation_type type : all_types) {
        to_b.capacity(0);
        asio::cancellation_signal stop;
        const Operation cancelled = write(a, "abc", stop.slot());
        poll();
        EXPECT_EQ(cancelled->count, 0);
        stop.emit(type);
        to_b.capacity(10);
        poll();
        EXPECT_TRUE(cancelled->ended_with(asio::error::operation_aborted));
        write(a, "def");
        EXPECT_EQ(take(b), "def");
    }
}

TEST_F(NetDuplex, CancellationThatComesLateDoesNothing) {
    asio::cancellation_signal stop;
    const Operation first = read(b, 100, stop.slot());
    write(a, "abc");
    stop.emit(asio::cancellation_type::all);
    const Operation second = read(b);
    stop.emit(asio::cancellation_type::all);
    poll();
    EXPECT_EQ(first->content(), "abc");
    EXPECT_EQ(second->count, 0);

    stop.emit(asio::cancellation_type::none);
    const Operation third = read(a, 100, stop.slot());
    stop.emit(asio::cancellation_type::none);
    poll();
    EXPECT_EQ(third->count, 0);
}

TEST_F(NetDuplex, CloseWakesBothEnds) {
    for (const Pipe& pipe : {to_a, to_b}) pipe.capacity(0);
    const Operation a_reads = read(a);
    const Operation a_writes = write(a, "x");
    const Operation b_reads = read(b);
    const Operation b_writes = write(b, "x");
    a.close();
    poll();
    EXPECT_TRUE(a_reads->ended_with(asio::error::operation_aborted));
    EXPECT_TRUE(a_writes->ended_with(asio::error::operation_aborted));
    EXPECT_TRUE(b_reads->ended_with(asio::error::eof));
    EXPECT_TRUE(b_writes->ended_with(asio::error::broken_pipe));
    const Operation later_read = read(a);
    const Operation later_write = write(a, "x");
    poll();
    EXPECT_TRUE(later_read->ended_with(asio::error::bad_descriptor));
    EXPECT_TRUE(later_write->ended_with(asio::error::bad_descriptor));
}

TEST_F(NetDuplex, CloseLeavesTheRestToTheOtherEnd) {
    write(a, "rest");
    write(b, "unread");
    a.close();
    a.close();
    EXPECT_EQ(take(b), "rest");
    const Operation reading = read(b);
    const Operation written = write(b, "x");
    poll();
    EXPECT_TRUE(reading->ended_with(asio::error::eof));
    EXPECT_TRUE(written->ended_with(asio::error::broken_pipe));
}

TEST_F(NetDuplex, ClosesWhatIsDestroyedOrReplaced) {
    Operation reading = read(b);
    {
        const End gone = std::move(a);
    }
    poll();
    EXPECT_TRUE(reading->ended_with(asio::error::eof));

    auto [c, d] = duplex::pair(io);
    reading = read(d);
    auto [e, f] = duplex::pair(io);
    c = std::move(e);
    poll();
    EXPECT_TRUE(reading->ended_with(asio::error::eof));
    write(c, "new");
    EXPECT_EQ(take(f), "new");
}

TEST_F(NetDuplex, MovesWhileItWaits) {
    const Operation reading = read(b);
    End moved = std::move(b);
    write(a, "abc");
    poll();
    EXPECT_EQ(reading->content(), "abc");
    write(a, "def");
    EXPECT_EQ(take(moved), "def");
}

TEST_F(NetDuplex, StartsADeferredOperationOfAnEndThatIsGone) {
    std::string memory(10, ' ');
    auto later = b.async_read_some(asio::buffer(memory), asio::deferred);
    {
        const End gone = std::move(b);
    }
    const auto operation = std::make_shared<Outcome>("");
    std::move(later)(handler_of(operation));
    poll();
    EXPECT_TRUE(operation->ended_with(asio::error::bad_descriptor));
}

TEST_F(NetDuplex, RefusesASecondOperationOfAKind) {
    const Operation first = read(b);
    const Operation second = read(b);
    to_a.capacity(0);
    const Operation first_write = write(b, "x");
    const Operation second_write = write(b, "y");
    poll();
    EXPECT_TRUE(second->ended_with(asio::error::already_started));
    EXPECT_TRUE(second_write->ended_with(asio::error::already_started));
    write(a, "abc");
    to_a.capacity(10);
    poll();
    EXPECT_EQ(first->content(), "abc");
    EXPECT_EQ(take(a), "x");
}

TEST_F(NetDuplex, CompletesOnTheExecutorOfTheHandler) {
    asio::io_context other;
    bool is_done = false;
    std::string memory(10, ' ');
    b.async_read_some(asio::buffer(memory),
                      asio::bind_executor(other, [&](error_code, std::size_t) { is_done = true; }));
    other.poll();
    EXPECT_FALSE(other.stopped()) << "what waits keeps this context going";
    poll();
    EXPECT_FALSE(io.stopped()) << "and that of its end";
    write(a, "abc");
    poll();
    EXPECT_FALSE(is_done);
    other.poll();
    EXPECT_TRUE(is_done);
}

TEST_F(NetDuplex, InvokesNoHandlerWithinAnotherCall) {
    Operation got, written, cancelled;
    asio::cancellation_signal stop;
    asio::post(io, [&] {
        written = write(a, "abc");
        EXPECT_EQ(written->count, 0);
        got = read(b);
        cancelled = read(a, 100, stop.slot());
        stop.emit(asio::cancellation_type::terminal);
        EXPECT_EQ(cancelled->count, 0);
        to_b.cut();
    });
    poll();
    EXPECT_TRUE(written->moved(3));
    EXPECT_EQ(got->content(), "abc");
    EXPECT_TRUE(cancelled->ended_with(asio::error::operation_aborted));
}

TEST(NetDuplexEnding, DestroysWithTheContextWhatWaits) {
    std::optional<asio::io_context> io(std::in_place);
    auto [a, b] = duplex::pair(*io);
    const Pipe to_b = a.outgoing();
    to_b.capacity(0);
    const Operation reading = read(b);
    const Operation written = write(a, "x");
    io->poll();
    EXPECT_FALSE(is_let_go(reading));
    io.reset();
    EXPECT_TRUE(is_let_go(reading) && is_let_go(written));
    EXPECT_EQ(reading->count + written->count, 0);
    to_b.capacity(10);  // wakes nobody
    to_b.cut();
}

TEST(NetDuplexEnding, DestroysEndsThatTheirOwnHandlersHold) {
    std::optional<asio::io_context> io(std::in_place);
    auto ends = std::make_shared<std::pair<End, End>>(duplex::pair(*io));
    const std::weak_ptr<std::pair<End, End>> seen = ends;
    std::string memory(10, ' ');
    End& end = ends->first;
    end.async_read_some(asio::buffer(memory), [held = std::move(ends)](error_code, std::size_t) { FAIL(); });
    EXPECT_FALSE(seen.expired());
    io.reset();
    EXPECT_TRUE(seen.expired());
}

TEST(NetDuplexEnding, LeavesTheEndOfAnotherContextAlone) {
    asio::io_context here;
    std::optional<asio::io_context> there(std::in_place);
    auto [a, b] = duplex::pair(here.get_executor(), there->get_executor());
    const Operation a_reads = read(a);
    const Operation b_reads = read(b);
    there.reset();
    EXPECT_TRUE(is_let_go(b_reads));
    EXPECT_EQ(a_reads->count, 0);
    b.close();
    here.poll();
    EXPECT_TRUE(a_reads->ended_with(asio::error::eof));
}

asio::awaitable<void> sends(End& end, std::uint32_t messages) {
    for (std::uint32_t number = 0; number < messages; ++number) {
        const std::string message = std::to_string(number) + ";";
        co_await asio::async_write(end, asio::buffer(message), asio::use_awaitable);
    }
}

/// True if they come in their order.
asio::awaitable<bool> receives(End& end, std::uint32_t messages) {
    for (std::uint32_t number = 0; number < messages; ++number) {
        const std::string expected = std::to_string(number) + ";";
        std::string message(expected.size(), ' ');
        co_await asio::async_read(end, asio::buffer(message), asio::use_awaitable);
        if (message != expected) {
            end.close();
            co_return false;
        }
    }
    co_return true;
}

TEST_F(NetDuplex, ServesComposedOperationsAndCoroutines) {
    to_b.capacity(7);
    to_b.chunk(3);
    bool is_sent = false;
    std::optional<bool> is_received;
    asio::co_spawn(io, sends(a, 100), [&](std::exception_ptr failure) { is_sent = !failure; });
    asio::co_spawn(io, receives(b, 100), [&](std::exception_ptr failure, bool value) {
        if (!failure) is_received = value;
    });
    poll();
    EXPECT_TRUE(is_sent);
    EXPECT_EQ(is_received, true);
    EXPECT_EQ(to_b.passed(), 10 * 2 + 90 * 3);
}

TEST_F(NetDuplex, CutsAComposedRead) {
    to_b.cut_after(2);
    to_b.chunk(1);
    write(a, "a");
    const auto whole = std::make_shared<Outcome>("", 3);
    asio::async_read(b, asio::buffer(whole->memory), handler_of(whole));
    poll();
    EXPECT_EQ(whole->count, 0);
    write(a, "b");
    poll();
    EXPECT_TRUE(whole->ended_with(asio::error::connection_reset));
    EXPECT_EQ(whole->content(), "ab");
}

TEST(NetDuplexThreads, ServesTwoStrandsAtOnce) {
    constexpr std::uint32_t messages = 3000;
    asio::thread_pool pool(2);
    auto [a, b] = duplex::pair(asio::make_strand(pool), asio::make_strand(pool));
    const Pipe to_b = a.outgoing();
    to_b.capacity(64);
    b.outgoing().chunk(2);
    std::future<void> a_sent = asio::co_spawn(a.get_executor(), sends(a, messages), asio::use_future);
    std::future<bool> a_got = asio::co_spawn(a.get_executor(), receives(a, messages), asio::use_future);
    std::future<void> b_sent = asio::co_spawn(b.get_executor(), sends(b, messages), asio::use_future);
    std::future<bool> b_got = asio::co_spawn(b.get_executor(), receives(b, messages), asio::use_future);
    for (std::size_t step = 0; step < 1000; ++step) {  // a script from a third thread
        to_b.chunk(1 + step % 3);
        to_b.hold();
        to_b.release();
    }
    a_sent.get();
    b_sent.get();
    EXPECT_TRUE(a_got.get());
    EXPECT_TRUE(b_got.get());
    EXPECT_EQ(to_b.passed(), b.outgoing().passed());
    pool.join();
}

}  // namespace duplex_test
