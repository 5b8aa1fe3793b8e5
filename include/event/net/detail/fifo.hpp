#pragma once

#include <boost/circular_buffer.hpp>

#include <algorithm>
#include <cstddef>
#include <utility>

namespace event::net::detail {

/// First in, first out. It grows when it must, and then allocates nothing; what left holds nothing any more.
template <class T>
class Fifo {
public:
    [[nodiscard]] bool empty() const noexcept { return ring_.empty(); }
    [[nodiscard]] std::size_t size() const noexcept { return ring_.size(); }
    [[nodiscard]] const T& operator[](std::size_t place) const { return ring_[place]; }
    /// For one: the next push allocates nothing.
    void make_room() {
        if (ring_.full()) ring_.set_capacity(std::max<std::size_t>(8, 2 * ring_.capacity()));
    }
    void push(T&& value) {
        make_room();
        ring_.push_back(std::move(value));
    }
    [[nodiscard]] T pop() {
        T first = std::move(ring_.front());
        ring_.pop_front();
        return first;
    }

    /// Not the first: in linear time.
    [[nodiscard]] T take(std::size_t place) {
        if (place == 0) return pop();
        T taken = std::move(ring_[place]);
        ring_.erase(ring_.begin() + static_cast<std::ptrdiff_t>(place));
        return taken;
    }

private:
    boost::circular_buffer<T> ring_;
};

}  // namespace event::net::detail
