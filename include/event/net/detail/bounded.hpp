#pragma once

#include <event/net/error.hpp>
#include <event/net/limits.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace event::net::detail {

/// What every way through a value shares, in and out, bytes and JSON: the first failure, where it is, how deep it may
/// still go and how many elements may still come.
class Bounded {
public:
    Bounded(const Limits& limits, Where* where) noexcept
        : where_(where), elements_left_(limits.elements), depth_left_(limits.depth) {}

    [[nodiscard]] bool failed() const noexcept { return error_.failed(); }
    /// The first failure.
    [[nodiscard]] const error_code& error() const noexcept { return error_; }

    /// Whoever succeeds calls `leave()`. A failure ends the way, so that nobody asks any more.
    [[nodiscard]] error_code enter() noexcept {
        if (depth_left_ == 0) return errc::too_deep;
        --depth_left_;
        return {};
    }
    void leave() noexcept { ++depth_left_; }

    /// `weight`: as how many each counts.
    [[nodiscard]] error_code take_elements(std::uint64_t count, std::size_t weight = 1) noexcept {
        if (count > elements_left_ / weight) return errc::too_many_elements;
        elements_left_ -= count * weight;
        return {};
    }

    /// What may still come, for a part of so many bytes that has a way of its own; `spend` afterwards.
    [[nodiscard]] Limits rest(std::size_t size) const noexcept {
        return {.size = size, .elements = elements_left_, .depth = depth_left_};
    }
    void spend(const Bounded& part) noexcept { elements_left_ = part.elements_left_; }

    // for who has failed further in
    void is_in_field(std::string_view name) {
        if (where_ != nullptr) where_->is_in_field(name);
    }
    void is_in_element(std::size_t index) {
        if (where_ != nullptr) where_->is_in_element(index);
    }

protected:
    /// Whether it is the first.
    bool keep(const error_code& error, std::size_t offset) {
        if (error_.failed()) return false;
        error_ = error;
        if (where_ != nullptr) {
            where_->offset = offset;
            where_->path.clear();
        }
        return true;
    }

private:
    error_code error_;
    Where* where_;
    std::size_t elements_left_;
    std::size_t depth_left_;
};

/// Gives the end of a buffer back that was written in vain, also where that was thrown out of.
template <class Buffer>
class Appending {
public:
    explicit Appending(Buffer& buffer) noexcept : buffer_(buffer), before_(buffer.size()) {}
    Appending(const Appending&) = delete;
    Appending& operator=(const Appending&) = delete;
    ~Appending() {
        if (!is_done_) buffer_.resize(before_);
    }
    void done() noexcept { is_done_ = true; }

private:
    Buffer& buffer_;
    const std::size_t before_;
    bool is_done_ = false;
};

}  // namespace event::net::detail
