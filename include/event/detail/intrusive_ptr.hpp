#pragma once

#include <type_traits>
#include <utility>

namespace event::detail {

/// A counted reference to an object that has `add_reference()` and `release()`.
template <class T>
class IntrusivePtr {
public:
    IntrusivePtr() = default;
    /// Shares the object.
    explicit IntrusivePtr(T* object) noexcept : object_(object) {
        if (object_ != nullptr) object_->add_reference();
    }
    /// Takes over a reference that the caller holds.
    [[nodiscard]] static IntrusivePtr adopt(T* object) noexcept {
        IntrusivePtr pointer;
        pointer.object_ = object;
        return pointer;
    }

    template <class U>
        requires(std::is_convertible_v<U*, T*>)
    IntrusivePtr(const IntrusivePtr<U>& other) noexcept : IntrusivePtr(other.get()) {}
    template <class U>
        requires(std::is_convertible_v<U*, T*>)
    IntrusivePtr(IntrusivePtr<U>&& other) noexcept : object_(other.detach()) {}
    IntrusivePtr(const IntrusivePtr& other) noexcept : IntrusivePtr(other.object_) {}
    IntrusivePtr(IntrusivePtr&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
    IntrusivePtr& operator=(IntrusivePtr other) noexcept {
        std::swap(object_, other.object_);
        return *this;
    }
    ~IntrusivePtr() {
        if (object_ != nullptr) object_->release();
    }

    [[nodiscard]] T* get() const noexcept { return object_; }
    [[nodiscard]] T* detach() noexcept { return std::exchange(object_, nullptr); }
    T& operator*() const noexcept { return *object_; }
    T* operator->() const noexcept { return object_; }
    explicit operator bool() const noexcept { return object_ != nullptr; }

private:
    T* object_ = nullptr;
};

}  // namespace event::detail
