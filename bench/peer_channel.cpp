/// The channel bus: a concurrent channel for each subscriber, who drains it as far as it goes (`channel_try`), or only
/// ever waits for the next event (`channel_await`).

#include "channel_fan_out.hpp"
#include "event.hpp"
#include "fan_out_rows.hpp"
#include "peers.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/system/error_code.hpp>

#include <cstddef>
#include <deque>

namespace bench {
namespace {

/// Waits in a callback, which costs less than a coroutine.
template <class T>
class AwaitFanOut {
public:
    AwaitFanOut(boost::asio::io_context& io, std::size_t subscribers) : io_(io) {
        for (std::size_t i = 0; i < subscribers; ++i) {
            Channel<T>& channel = channels_.emplace_back(io.get_executor(), batch);
            bus_.add(channel);
            receive(channel);
        }
    }
    void emit(T&& event) { bus_.emit(event); }
    void drain() { io_.poll(); }
    [[nodiscard]] const Tally& tally() const { return tally_; }

private:
    void receive(Channel<T>& channel) {
        channel.async_receive([this, &channel](boost::system::error_code error, const T& event) {
            if (error) return;
            tally_(event);
            receive(channel);
        });
    }

    boost::asio::io_context& io_;
    Tally tally_;
    ChannelBus<T> bus_;
    std::deque<Channel<T>> channels_;
};

[[maybe_unused]] const bool added = add_peer<ChannelFanOut>("channel_try") && add_peer<AwaitFanOut>("channel_await");

}  // namespace
}  // namespace bench
