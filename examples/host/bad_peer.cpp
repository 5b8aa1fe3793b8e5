#include "bad_peer.hpp"
#include "frame.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/write.hpp>

#include <string>
#include <tuple>

namespace host {

using namespace std::string_literals;

std::string_view to_string(BadPeer kind) noexcept {
    switch (kind) {
        case BadPeer::garbage:
            return "speaks HTTP";
        case BadPeer::unknown_protocol:
            return "uses an unknown protocol";
        case BadPeer::empty_frame:
            return "sends an empty frame";
        case BadPeer::oversized:
            return "announces two gigabytes";
        case BadPeer::truncated:
            return "leaves in the middle of a frame";
        case BadPeer::dying:
            return "dies in the middle of a frame";
        case BadPeer::silent:
            return "says nothing";
        case BadPeer::trickling:
            return "sends byte by byte";
        case BadPeer::deaf:
            return "sends and never reads";
        case BadPeer::malformed_identify:
            return "identifies itself with nonsense";
        case BadPeer::malformed_ping:
            return "sends half a ping";
        case BadPeer::unasked_answer:
            return "answers a ping that nobody sent";
        case BadPeer::never_answers:
            return "answers no ping";
    }
    return "?";
}

namespace {

/// What it begins with.
std::string opening(BadPeer kind) {
    const std::string hello(greeting);
    switch (kind) {
        case BadPeer::garbage:
            return "GET / HTTP/1.1\r\nHost: example.org\r\n\r\n";
        case BadPeer::unknown_protocol:
            return hello + encode_frame(static_cast<Protocol>(77), "?");
        case BadPeer::empty_frame:
            return hello + "\0\0\0\0\0"s;
        case BadPeer::oversized:
            return hello + "\x7f\xff\xff\xff\x03"s;
        case BadPeer::truncated:
        case BadPeer::dying:
            return hello + encode_frame(Protocol::echo, std::string(100, 'q')).substr(0, 20);
        case BadPeer::malformed_identify:
            return hello + encode_frame(Protocol::identify, "{\"name\": 1");
        case BadPeer::malformed_ping:
            return hello + encode_frame(Protocol::ping, "q123");
        case BadPeer::unasked_answer:
            return hello + encode_frame(Protocol::ping, "a\x7f\0\0\0\0\0\0\1"s);
        case BadPeer::silent:
        case BadPeer::trickling:
            return {};
        case BadPeer::deaf:
        case BadPeer::never_answers:
            return hello;
    }
    return {};
}

/// What it goes on with, the nth time.
std::string more(BadPeer kind, std::size_t n) {
    switch (kind) {
        case BadPeer::trickling: {
            const std::string all = std::string(greeting) + encode_frame(Protocol::echo, std::string(1000, 'q'));
            return all.substr(n % all.size(), 1);
        }
        case BadPeer::deaf:
            return encode_frame(Protocol::echo, 'q' + std::string(32 * 1024, 'x'));
        case BadPeer::never_answers:
            return encode_frame(Protocol::echo, 'q' + std::string(16, 'x'));
        default:
            return {};
    }
}

asio::awaitable<void> read_to_the_end(tcp::socket& socket) {
    std::string buffer(4096, '\0');
    for (;;) {
        const auto read = co_await socket.async_read_some(asio::buffer(buffer), quietly);
        if (std::get<0>(read)) break;
    }
}

}  // namespace

asio::awaitable<void> misbehave(BadPeer kind, tcp::endpoint target, std::chrono::milliseconds pause) {
    const auto executor = co_await asio::this_coro::executor;
    tcp::socket socket(executor);
    const auto connected = co_await socket.async_connect(target, quietly);
    if (std::get<0>(connected)) co_return;
    const std::string first = opening(kind);
    co_await asio::async_write(socket, asio::buffer(first), quietly);

    error_code ignored;
    if (kind == BadPeer::truncated) {
        socket.shutdown(tcp::socket::shutdown_send, ignored);
    } else if (kind == BadPeer::dying) {
        socket.set_option(tcp::socket::linger(true, 0), ignored);
        socket.close(ignored);  // resets the connection
        co_return;
    }
    asio::steady_timer timer(executor);
    for (std::size_t n = 0;; ++n) {
        const std::string next = more(kind, n);
        if (next.empty()) break;
        const auto written = co_await asio::async_write(socket, asio::buffer(next), quietly);
        if (std::get<0>(written)) break;
        if (kind != BadPeer::deaf) {
            timer.expires_after(pause);
            co_await timer.async_wait(quietly);
        }
    }
    if (kind != BadPeer::deaf) co_await read_to_the_end(socket);
}

}  // namespace host
