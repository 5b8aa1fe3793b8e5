#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/channel.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstdio>

// For bench/compile_time: the same as subscription.cpp with a channel of Asio's.

namespace asio = boost::asio;

struct Number {
    int value;
};

using Channel = asio::experimental::channel<void(boost::system::error_code, Number)>;

asio::awaitable<void> print_all(Channel& numbers) {
    for (;;) {
        const Number number = co_await numbers.async_receive(asio::use_awaitable);
        std::printf("%d\n", number.value);
    }
}

int main() {
    asio::io_context io;
    Channel channel(io, 8);
    asio::co_spawn(io, print_all(channel), asio::detached);
    channel.try_send(boost::system::error_code(), Number{1});
    io.run();
}
