#pragma once

/// A value as it was at one moment.

#include <event/detail/requirements.hpp>

#include <event/detail/order/retained.hpp>
#include <event/detail/order/typed_topic.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

namespace event {

namespace detail {
template <class T, class Base>
class WatchSpot;
template <class F, class... Ts>
class CombinedCore;
}  // namespace detail

/// A `T` that a `Value` held, with its version. Never a lock guard: keep it as long as you like.
///
/// Ownership: copyable. A small trivially copyable `T` is inside; any other is shared, immutable, and lives as long as
/// its last snapshot. Outlives value and watchers. Threads: distinct objects are independent, copies of one snapshot
/// too. Cost: a copy of at most 256 bytes, or a count.
template <class T>
class Snapshot {
public:
    /// Holds nothing.
    Snapshot() noexcept = default;
    Snapshot(const Snapshot& other) noexcept : kept_(other.kept_), version_(other.version_) {
        if (detail::PayloadBase* payload = this->payload()) payload->add_reference();
    }
    Snapshot(Snapshot&& other) noexcept : kept_(other.kept_), version_(std::exchange(other.version_, 0)) {}
    Snapshot& operator=(Snapshot other) noexcept {
        std::swap(kept_, other.kept_);
        std::swap(version_, other.version_);
        return *this;
    }
    ~Snapshot() {
        if (detail::PayloadBase* payload = this->payload()) payload->release();
    }

    /// The value. They throw `std::bad_optional_access` when empty.
    [[nodiscard]] const T& get() const {
        if (version_ == 0) throw std::bad_optional_access{};
        return kept_.value();
    }
    [[nodiscard]] const T& operator*() const { return get(); }
    [[nodiscard]] const T* operator->() const { return std::addressof(get()); }
    explicit operator bool() const noexcept { return version_ != 0; }

    /// Grows with every `set` of the value; 0 when empty.
    [[nodiscard]] std::uint64_t version() const noexcept { return version_; }

private:
    template <class, class>
    friend class detail::WatchSpot;
    template <class, class...>
    friend class detail::CombinedCore;
    friend class ValueView<T>;

    /// Under the lock. It is empty before.
    void read(const detail::TopicBase& topic) noexcept {
        version_ = kept_.read(static_cast<const detail::Topic<T>&>(topic));
    }

    [[nodiscard]] detail::PayloadBase* payload() const noexcept { return version_ != 0 ? kept_.payload() : nullptr; }

    detail::Retained<T> kept_;
    std::uint64_t version_ = 0;
};

}  // namespace event
