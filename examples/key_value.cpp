/// Questions and answers between two processes. (So that this is one program, both are on one context here.)

#include <event/bus.hpp>
#include <event/net/link.hpp>
#include <event/net/messenger.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <map>

namespace asio = boost::asio;
namespace net = event::net;
using namespace std::chrono_literals;
constexpr auto quietly = asio::as_tuple(asio::use_awaitable);

struct Get {
    static constexpr std::string_view event_name = "get";
    std::string key;
};
struct Got {
    static constexpr std::string_view event_name = "got";
    std::optional<std::string> value;
};
struct Put {
    static constexpr std::string_view event_name = "put";
    std::string key, value;
};
struct Stored {
    static constexpr std::string_view event_name = "stored";
    std::uint64_t keys = 0;
};
using Messenger = net::Messenger<Get, Got, Put, Stored>;
// [client]
asio::awaitable<void> use(Messenger& messenger) {
    for (const Put& put : {Put{"colour", "green"}, Put{"novel", std::string(100'000, 'x')}}) {
        const auto limit = put.key == "novel" ? 50ms : 10'000ms;
        const auto [error, stored] = co_await messenger.async_request<Stored>("store", put, limit, quietly);
        fmt::print("put {}: {}\n", put.key, error ? error.message() : fmt::format("{} stored", stored.keys));
    }
    for (const Get& get : {Get{"colour"}, Get{"novel"}}) {  // a question has a name of its own
        const Got got = co_await messenger.async_request<Got>("store", get, 10s, asio::use_awaitable);
        fmt::print("get {}: {}\n", get.key, got.value.value_or("there is none"));
    }
}
// [client]
int main() {
    asio::io_context io;
    event::EventBus here{io}, there{io};
    asio::local::stream_protocol::socket near{io}, far{io};
    asio::local::connect_pair(near, far);
    net::Link to_store{here, std::move(near)}, to_client{there, std::move(far)};
    Messenger client{here}, store{there};
    client.attach(to_store, "store", net::Dialed::here);
    store.attach(to_client, "client", net::Dialed::there);
    // [store]
    std::map<std::string, std::string> values;
    const auto gets = store.on<Get>([&](const net::PeerId&, const Get& get) {
        return Got{values.contains(get.key) ? std::optional(values.at(get.key)) : std::nullopt};
    });
    const auto puts = store.on<Put>([&](const net::PeerId&, const Put& put) -> asio::awaitable<Stored> {
        asio::steady_timer disk{io, put.value.size() * 1ms};
        co_await disk.async_wait(asio::use_awaitable);  // cancelled, if nobody waits for the answer any more
        values[put.key] = put.value;
        co_return Stored{values.size()};
    });
    // [store]
    to_store.async_run([](net::error_code) {});
    to_client.async_run([&](net::error_code) { store.close(); });
    asio::co_spawn(io, use(client), [&](std::exception_ptr) { client.close(), to_store.close(); });
    io.run();
    return values.size() == 1 ? 0 : 1;
}
