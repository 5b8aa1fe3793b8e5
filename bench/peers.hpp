#pragma once

/// What a user would write by hand in place of the library: Asio's own concurrent channels. Over the executor's own
/// type and with room for the batch, which is the fastest that they can be had.

#include <boost/asio/experimental/concurrent_channel.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/system/error_code.hpp>

#include <algorithm>
#include <mutex>
#include <shared_mutex>
#include <utility>
#include <vector>

namespace bench {

template <class T>
using Channel = boost::asio::experimental::concurrent_channel<boost::asio::io_context::executor_type,
                                                              void(boost::system::error_code, T)>;

/// One channel for each subscriber, under a lock that emitters share.
///
/// Ownership: the channels are the subscribers'; they remove them before they destroy them.
/// Threads: every function from any thread at once.
template <class T>
class ChannelBus {
public:
    void add(Channel<T>& channel) {
        const std::unique_lock lock(mutex_);
        channels_.push_back(&channel);
    }
    void remove(Channel<T>& channel) {
        const std::unique_lock lock(mutex_);
        const auto found = std::find(channels_.begin(), channels_.end(), &channel);
        if (found == channels_.end()) return;
        *found = channels_.back();
        channels_.pop_back();
    }
    void emit(const T& event) {
        const std::shared_lock lock(mutex_);
        for (Channel<T>* channel : channels_) channel->try_send(boost::system::error_code(), event);
    }

private:
    std::shared_mutex mutex_;
    std::vector<Channel<T>*> channels_;  // guarded by mutex_
};

/// A latest value of channels: each watcher's holds at most one, the newest. The newest is also kept for who asks.
template <class T>
class ChannelValue {
public:
    void add(Channel<T>& channel) {
        const std::lock_guard lock(mutex_);
        channels_.push_back(&channel);
    }
    void set(const T& value) {
        const std::lock_guard lock(mutex_);
        value_ = value;
        for (Channel<T>* channel : channels_) {
            if (channel->try_send(boost::system::error_code(), value)) continue;
            channel->try_receive([](boost::system::error_code, const T&) {});  // the older one makes way
            channel->try_send(boost::system::error_code(), value);
        }
    }

private:
    std::mutex mutex_;
    std::vector<Channel<T>*> channels_;  // guarded by mutex_
    T value_{};                          // guarded by mutex_
};

}  // namespace bench
