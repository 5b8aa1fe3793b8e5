/// P16: from one bus to another over a pair of sockets, both ends on one thread, so that what is seen is the work and
/// not where two threads run. In a batch 64 events are under way, and an iteration is one of them; of a round trip,
/// where one is, an iteration is there and back. The peer is a length before each event, and a loop of Asio's: no
/// types, schemas, subscriptions, gaps, limits or time-outs.

#include "check.hpp"
#include "event.hpp"
#include "steady_state.hpp"

#include <event/bus.hpp>
#include <event/net/link.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>
#include <boost/system/error_code.hpp>

#include <benchmark/benchmark.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace bench {
namespace {

namespace asio = boost::asio;
using Bytes = std::vector<std::byte>;
using ByteView = std::span<const std::byte>;

/// 32 bytes, most of which are sent as they are.
struct Sample {
    static constexpr std::string_view event_name = "sample";
    std::uint64_t number = 0;
    std::array<double, 3> values{};
};
struct Chunk {
    static constexpr std::string_view event_name = "chunk";
    std::uint64_t number = 0;
    Bytes data;
};
template <class T>
T make() {
    if constexpr (std::is_same_v<T, Chunk>)
        return {.data = Bytes(4'096)};
    else
        return {.values = {1.5, 2.5, 3.5}};
}

struct Unix {
    using Socket = asio::local::stream_protocol::socket;
    static void connect(Socket& one, Socket& other) { asio::local::connect_pair(one, other); }
};
struct Tcp {
    using Socket = asio::ip::tcp::socket;
    static void connect(Socket& one, Socket& other) {
        asio::ip::tcp::acceptor acceptor(one.get_executor(), {asio::ip::address_v4::loopback(), 0});
        one.connect(acceptor.local_endpoint());
        acceptor.accept(other);
        for (Socket* socket : {&one, &other}) socket->set_option(asio::ip::tcp::no_delay(true));
    }
};

template <class T>
using Take = std::function<void(const T&)>;

/// One end: sends events, and calls `take` with those of the other end.
template <class T, class Socket>
class BusEnd {
public:
    BusEnd(asio::io_context& io, Socket&& socket, Take<T> take)
        : bus_(io),
          emitter_(bus_.emitter<T>()),
          link_(bus_, std::move(socket)),
          subscription_(link_.template subscribe<T>({.capacity = 2 * batch}, std::move(take))) {
        link_.template serve<T>({.capacity = 2 * batch});
        link_.async_run([](event::net::error_code) {});
    }
    [[nodiscard]] bool is_connected() const { return bus_.template stat<T>().subscribers != 0; }
    void send(const T& event) { emitter_.emit(event); }
    void flush() {}
    [[nodiscard]] std::uint64_t bytes() const { return link_.stat().bytes_sent; }

private:
    event::EventBus bus_;
    event::Emitter<T> emitter_;
    event::net::Link<Socket> link_;
    event::Subscription<T> subscription_;
};

// ---- the peer -----------------------------------------------------------------------------------------------------

void append(const Sample& sample, Bytes& bytes) {
    const auto* first = reinterpret_cast<const std::byte*>(&sample);
    bytes.insert(bytes.end(), first, first + sizeof sample);
}
void append(const Chunk& chunk, Bytes& bytes) {
    const auto* first = reinterpret_cast<const std::byte*>(&chunk.number);
    bytes.insert(bytes.end(), first, first + sizeof chunk.number);
    bytes.insert(bytes.end(), chunk.data.begin(), chunk.data.end());
}
void parse(ByteView bytes, Sample& sample) { std::memcpy(&sample, bytes.data(), sizeof sample); }
void parse(ByteView bytes, Chunk& chunk) {
    std::memcpy(&chunk.number, bytes.data(), sizeof chunk.number);
    chunk.data.assign(bytes.begin() + sizeof chunk.number, bytes.end());
}

template <class T, class Socket>
class FrameEnd {
    using Length = std::uint32_t;

public:
    FrameEnd(asio::io_context&, Socket&& socket, Take<T> take) : socket_(std::move(socket)), take_(std::move(take)) {
        read();
    }
    [[nodiscard]] bool is_connected() const { return true; }
    void send(const T& event) {
        const std::size_t at = pending_.size();
        pending_.resize(at + sizeof(Length));
        append(event, pending_);
        const auto length = static_cast<Length>(pending_.size() - at - sizeof(Length));
        std::memcpy(pending_.data() + at, &length, sizeof length);
    }
    /// All that is pending, in one write.
    void flush() {
        if (is_writing_ || pending_.empty()) return;
        is_writing_ = true;
        std::swap(pending_, written_);
        asio::async_write(socket_, asio::buffer(written_), [this](boost::system::error_code error, std::size_t count) {
            if (error) return;
            bytes_ += count;
            written_.clear();
            is_writing_ = false;
            flush();
        });
    }
    [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

private:
    void read() {
        socket_.async_read_some(asio::buffer(buffer_.data() + size_, buffer_.size() - size_),
                                [this](boost::system::error_code error, std::size_t count) {
                                    if (error) return;
                                    take_all(size_ + count);
                                    read();
                                });
    }
    /// What is left is the beginning of a frame.
    void take_all(std::size_t size) {
        std::size_t at = 0;
        for (Length length = 0; size - at >= sizeof length; at += sizeof length + length) {
            std::memcpy(&length, buffer_.data() + at, sizeof length);
            if (size - at - sizeof length < length) break;
            parse(ByteView(buffer_).subspan(at + sizeof length, length), event_);
            take_(event_);
        }
        size_ = size - at;
        std::memmove(buffer_.data(), buffer_.data() + at, size_);
    }

    Socket socket_;
    Take<T> take_;
    Bytes pending_;
    Bytes written_;
    bool is_writing_ = false;
    std::uint64_t bytes_ = 0;
    Bytes buffer_ = Bytes(65'536);
    std::size_t size_ = 0;
    T event_{};
};

// ---- the rows -----------------------------------------------------------------------------------------------------

/// `under_way` events are sent before any is awaited; `is_answered`: each comes back.
template <class Net, template <class, class> class End, class T, std::uint64_t under_way, bool is_answered>
void exchange(benchmark::State& state) {
    using Socket = typename Net::Socket;
    asio::io_context io;
    Socket one(io), other(io);
    Net::connect(one, other);
    std::uint64_t sent = 0, taken = 0;
    const Take<T> take = [&](const T& event) { check(event.number == taken++, "an event is missing"); };
    End<T, Socket>* answering = nullptr;
    const Take<T> answer = [&](const T& event) {
        answering->send(event);
        answering->flush();
    };
    End<T, Socket> far(io, std::move(other), is_answered ? answer : take);
    End<T, Socket> near(io, std::move(one), take);
    answering = &far;
    while (!near.is_connected() || !far.is_connected()) io.run_one();

    T event = make<T>();
    const auto turn = [&] {
        for (std::uint64_t i = 0; i < under_way; ++i) {
            event.number = sent++;
            near.send(event);
        }
        near.flush();
        while (taken != sent) io.run_one();
    };
    constexpr int turns_to_warm_up = 16;
    for (int i = 0; i < turns_to_warm_up; ++i) turn();
    const std::uint64_t bytes_before = near.bytes() + far.bytes();
    {
        const SteadyState steady(state);
        while (state.KeepRunningBatch(under_way)) turn();
    }
    state.SetBytesProcessed(static_cast<std::int64_t>(near.bytes() + far.bytes() - bytes_before));
}

template <class Net, template <class, class> class End>
void add_rows(const std::string& net, const std::string& system) {
    const auto add = [&](const std::string& what, void (*row)(benchmark::State&)) {
        benchmark::RegisterBenchmark(("P16/" + net + '_' + what + '/' + system).c_str(), row);
    };
    add("batch", exchange<Net, End, Sample, batch, false>);
    add("batch_4_KiB", exchange<Net, End, Chunk, batch, false>);
    add("round_trip", exchange<Net, End, Sample, 1, true>);
}

bool add_all() {
    add_rows<Unix, BusEnd>("unix", "eventbus");
    add_rows<Unix, FrameEnd>("unix", "asio_frames");
    add_rows<Tcp, BusEnd>("tcp", "eventbus");
    add_rows<Tcp, FrameEnd>("tcp", "asio_frames");
    return true;
}
[[maybe_unused]] const bool added = add_all();

}  // namespace
}  // namespace bench
