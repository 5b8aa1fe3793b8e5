#pragma once

#include <event/detail/event/declarations.hpp>
#include <event/detail/event/erased.hpp>
#include <event/detail/event/event_type.hpp>
#include <event/detail/order/lock.hpp>
#include <event/meta.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <type_traits>
#include <utility>

#pragma push_macro("emit")  // Qt has one
#undef emit

/// What an event is in memory. Its one rule: what is seen by others never changes, and is destroyed under no lock but
/// its pool's, which guards nothing but memory.

namespace event::detail {

/// What every event type must be, as far as its declaration tells.
template <class T>
consteval bool check_named_type() noexcept {
    static_assert(!is_erased<T>, "event: AnyEvent and Implements can only be subscribed to");
    static_assert(std::is_object_v<T> && !std::is_array_v<T>, "event: an event type must be an object type");
    static_assert(!std::is_const_v<T> && !std::is_volatile_v<T>, "event: list event types without const or volatile");
    return true;
}

/// What a type must be to have a label.
template <class T>
consteval bool check_defined_type() noexcept {
    if constexpr (requires { sizeof(T); }) {
        return check_declarations<T>();
    } else {
        static_assert(!std::is_object_v<T>, "event: the type is only declared here; include its definition");
        return true;
    }
}

/// What every event type must be.
template <class T>
consteval bool check_event_type() noexcept {
    if constexpr (check_named_type<T>() && check_defined_type<T>() && requires { sizeof(T); }) {
        static_assert(std::is_nothrow_destructible_v<T>, "event: an event's destructor must not throw");
        static_assert(
            !std::is_abstract_v<T>,
            "event: an abstract class cannot be an event; name it in the event_interfaces of what derives from "
            "it, and subscribe to event::Implements of it");
    }
    return true;
}

/// To make a `T` of it would cut something off.
template <class From, class T>
concept Slices = std::is_class_v<T> && !std::is_same_v<std::remove_cvref_t<From>, T> &&
                 std::is_base_of_v<T, std::remove_cvref_t<From>>;
template <class... From>
consteval bool check_not_sliced() noexcept {
    static_assert(sizeof...(From) == 0,
                  "event: an event of a derived class would be sliced; emit it as its own type, "
                  "and subscribe to event::Implements of the base");
    return true;
}

/// Whether a temporary of this type in a `co_await` expression is destroyed twice by this compiler (GCC 12: aggregates,
/// and functions that own what they capture).
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 14
template <class T>
inline constexpr bool is_destroyed_twice = std::is_aggregate_v<T> && !std::is_trivially_destructible_v<T>;
template <class F>
inline constexpr bool is_function_destroyed_twice = !std::is_trivially_destructible_v<F>;
#else
template <class T>
inline constexpr bool is_destroyed_twice = false;
template <class F>
inline constexpr bool is_function_destroyed_twice = false;
#endif

/// The most bytes that are copied rather than shared.
inline constexpr std::size_t most_inline_bytes = 256;

/// Events that are copied into each queue; all others are built once and shared.
template <class T>
inline constexpr bool stored_inline = std::is_trivially_copyable_v<T> && std::is_copy_constructible_v<T> &&
                                      sizeof(T) <= most_inline_bytes && alignof(T) <= alignof(std::max_align_t);
template <class T>
    requires is_erased<T>
inline constexpr bool stored_inline<T> = false;

class PayloadPool;

/// An event that its queues, deliveries and snapshots share: built once, immutable, counted.
class PayloadBase {
public:
    PayloadBase(const PayloadBase&) = delete;
    PayloadBase& operator=(const PayloadBase&) = delete;

    /// Only by who holds a reference, or before anybody else sees the payload.
    void set_references(std::uint32_t count) noexcept { references_.store(count, std::memory_order_relaxed); }
    void add_reference() noexcept { add_references(1); }
    void add_references(std::uint32_t count) noexcept { references_.fetch_add(count, std::memory_order_relaxed); }
    /// Gives up some references; true when they were the last, and the caller must `dispose()` outside every lock.
    [[nodiscard]] bool drop_references(std::uint32_t count = 1) noexcept {
        return references_.load(std::memory_order_acquire) == count ||
               references_.fetch_sub(count, std::memory_order_acq_rel) == count;
    }
    void release() noexcept {
        if (drop_references()) dispose();
    }
    inline void dispose() noexcept;

    /// Who has emitted it first, on the bus of its pool. Set before anybody else sees it.
    [[nodiscard]] EmitterId emitter() const noexcept { return emitter_; }
    void set_emitter(EmitterId emitter) noexcept { emitter_ = emitter; }

    [[nodiscard]] inline const EventType& type() const noexcept;
    [[nodiscard]] PayloadPool& pool() const noexcept { return *pool_; }

    PayloadBase* next = nullptr;  // in the list of whoever owns the only reference

protected:
    explicit PayloadBase(PayloadPool& pool) noexcept : pool_(&pool) {}
    ~PayloadBase() = default;

private:
    std::atomic<std::uint32_t> references_{1};
    EmitterId emitter_ = 0;
    PayloadPool* const pool_;
};

/// Memory for the payloads of one topic, kept for the next event when one dies, up to a number of bytes. It outlives
/// its topic until the last payload is back. Safe from any thread.
class PayloadPool {
public:
    PayloadPool(const EventType& type, std::size_t most_bytes) noexcept;
    PayloadPool(const PayloadPool&) = delete;
    PayloadPool& operator=(const PayloadPool&) = delete;

    [[nodiscard]] const EventType& type() const noexcept { return type_; }
    [[nodiscard]] void* allocate();
    void deallocate(void* block) noexcept;
    /// Its topic is not used: until the next allocation, what comes back is not kept.
    void rest() noexcept;
    /// Frees what it keeps, if it rests: not under a domain's lock.
    void empty() noexcept;
    /// The topic is going: the pool goes with the last block.
    void abandon() noexcept;

private:
    struct Block {
        Block* next;
    };

    ~PayloadPool() { free(kept_); }
    void free(Block* blocks) const noexcept;

    const EventType& type_;
    const std::size_t size_;
    const std::align_val_t alignment_;
    const std::size_t most_kept_;
    Lock lock_;
    // guarded by lock_
    Block* kept_ = nullptr;
    std::size_t kept_count_ = 0;
    std::size_t keeps_ = 0;  // up to so many: none while it rests
    std::size_t in_use_ = 0;
    bool abandoned_ = false;
};

inline const EventType& PayloadBase::type() const noexcept { return pool_->type(); }
inline void PayloadBase::dispose() noexcept { type().dispose(*this); }

/// Memory for one payload that goes back unless it was built in; or none.
class PayloadBlock {
public:
    PayloadBlock() noexcept = default;
    explicit PayloadBlock(PayloadPool& pool) : pool_(&pool), memory_(pool.allocate()) {}
    PayloadBlock(PayloadBlock&& other) noexcept : pool_(other.pool_), memory_(std::exchange(other.memory_, nullptr)) {}
    PayloadBlock& operator=(PayloadBlock&& other) noexcept {
        std::swap(pool_, other.pool_);
        std::swap(memory_, other.memory_);
        return *this;
    }
    ~PayloadBlock() {
        if (memory_ != nullptr) pool_->deallocate(memory_);
    }
    [[nodiscard]] PayloadPool& pool() const noexcept { return *pool_; }
    explicit operator bool() const noexcept { return memory_ != nullptr; }

private:
    template <class>
    friend class Payload;

    PayloadPool* pool_ = nullptr;
    void* memory_ = nullptr;
};

/// Stands for what a function returns: that is built where it will lie.
template <class Make>
struct ResultOf {
    Make& make;
};

template <class T>
class Payload final : public PayloadBase {
public:
    template <class... Args>
    [[nodiscard]] static Payload* create(PayloadPool& pool, Args&&... args) {
        return create(PayloadBlock(pool), std::forward<Args>(args)...);
    }
    template <class... Args>
    [[nodiscard]] static Payload* create(PayloadBlock&& block, Args&&... args) {
        auto* payload = ::new (block.memory_) Payload(block.pool(), std::forward<Args>(args)...);
        block.memory_ = nullptr;
        return payload;
    }

    [[nodiscard]] const T& value() const noexcept { return value_; }
    /// Before anybody else sees it.
    [[nodiscard]] T& draft() noexcept { return value_; }
    [[nodiscard]] static const T& value_of(const PayloadBase& base) noexcept {
        return static_cast<const Payload&>(base).value();
    }

    static void dispose_payload(PayloadBase& base) noexcept {
        auto& payload = static_cast<Payload&>(base);
        PayloadPool& pool = payload.pool();
        payload.~Payload();
        pool.deallocate(&payload);
    }

private:
    template <class... Args>
    explicit Payload(PayloadPool& pool, Args&&... args) : PayloadBase(pool), value_(std::forward<Args>(args)...) {}
    template <class Make>
    Payload(PayloadPool& pool, ResultOf<Make> result) : PayloadBase(pool), value_(result.make()) {}
    ~Payload() = default;

    T value_;
};

/// The event as a `Base`, if its type names that among its `event_interfaces`, otherwise null.
template <class Base>
[[nodiscard]] const Base* view_as(const PayloadBase& payload) noexcept {
    for (const ImplementedInterface& candidate : payload.type().interfaces)
        if (candidate.id->is(type_id<Base>)) return static_cast<const Base*>(candidate.view(payload));
    return nullptr;
}

}  // namespace event::detail

#pragma pop_macro("emit")
