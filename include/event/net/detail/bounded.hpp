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

    [[nodiscard]] error_code take_elements(std::uint64_t count) noexcept {
        if (count > elements_left_) return errc::too_many_elements;
        elements_left_ -= count;
        return {};
    }

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

}  // namespace event::net::detail
