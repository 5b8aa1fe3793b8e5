#pragma once

#include "event.hpp"
#include "peers.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/system/error_code.hpp>

#include <cstddef>
#include <deque>

namespace bench {

/// The channel bus in the words of fan_out_rows.hpp: each subscriber drains its channel as far as it goes.
template <class T>
class ChannelFanOut {
public:
    ChannelFanOut(boost::asio::io_context& io, std::size_t subscribers, std::size_t capacity = batch) {
        for (std::size_t i = 0; i < subscribers; ++i) bus_.add(channels_.emplace_back(io.get_executor(), capacity));
    }
    void emit(T&& event) { bus_.emit(event); }
    void drain() {
        for (Channel<T>& channel : channels_) {
            while (channel.try_receive([&](boost::system::error_code, const T& event) { tally_(event); })) {
            }
        }
    }
    [[nodiscard]] const Tally& tally() const { return tally_; }

private:
    Tally tally_;
    ChannelBus<T> bus_;
    std::deque<Channel<T>> channels_;
};

}  // namespace bench
