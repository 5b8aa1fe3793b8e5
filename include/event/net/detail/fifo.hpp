#pragma once

#include <boost/circular_buffer.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace event::net::detail {

/// First in, first out. It grows when it must; what left holds nothing any more. What it grew by in a burst it gives
/// back when it is empty again, unless there was another burst not long before: whoever has them again and again
/// allocates nothing.
template <class T>
class Fifo {
public:
    [[nodiscard]] bool empty() const noexcept { return ring_.empty(); }
    [[nodiscard]] std::size_t size() const noexcept { return ring_.size(); }
    [[nodiscard]] std::size_t capacity() const noexcept { return ring_.capacity(); }
    [[nodiscard]] const T& operator[](std::size_t place) const { return ring_[place]; }
    /// For one: the next push allocates nothing, if nothing is taken out before.
    void make_room() {
        if (ring_.full()) ring_.set_capacity(std::max<std::size_t>(8, 2 * ring_.capacity()));
    }
    void push(T&& value) {
        make_room();
        ring_.push_back(std::move(value));
        if (ring_.size() > few) is_burst_ = true;
    }
    [[nodiscard]] T pop() {
        T first = std::move(ring_.front());
        ring_.pop_front();
        if (ring_.empty()) has_emptied();
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
    static constexpr std::size_t few = 64;            // elements that there is always memory for, once it was needed
    static constexpr std::uint8_t not_for_long = 32;  // as often it was empty, without a burst

    void has_emptied() noexcept {
        const bool was_long_ago = quiet_ == not_for_long;
        if (std::exchange(is_burst_, false)) {
            quiet_ = 0;
            if (was_long_ago) ring_.set_capacity(0);
        } else if (!was_long_ago && ++quiet_ == not_for_long) {
            if (ring_.capacity() > few) ring_.set_capacity(0);
        }
    }

    boost::circular_buffer<T> ring_;
    bool is_burst_ = false;              // since it was empty
    std::uint8_t quiet_ = not_for_long;  // so often it was empty since the last one
};

}  // namespace event::net::detail
