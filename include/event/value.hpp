#pragma once

/// The latest value: set by one component, followed by any number of watchers, which see the newest state and nothing
/// stale. After Metropolis' `event.Value`.

#include <event/detail/bus/bus_core.hpp>
#include <event/detail/bus/value_core.hpp>
#include <event/detail/event/payload.hpp>
#include <event/error.hpp>
#include <event/fwd.hpp>
#include <event/snapshot.hpp>
#include <event/watcher.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution_context.hpp>

#include <concepts>
#include <cstdint>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

namespace event {

/// The reading side of a `Value`.
///
/// Ownership: copyable; it outlives the value and then still reads its last state. Default-constructed, it never holds
/// anything.
/// Threads: every function from any thread at once.
template <class T>
class ValueView {
public:
    using executor_type = boost::asio::any_io_executor;

    ValueView() noexcept = default;

    /// The current value; none before the first `set`.
    [[nodiscard]] std::optional<Snapshot<T>> try_get() const noexcept {
        return core_ ? detail::WatchSpot<T>::current(*topic_) : std::nullopt;
    }

    /// A new watcher, which has seen nothing yet: its first get finds the current value.
    [[nodiscard]] Watcher<T> watch() const {
        detail::IntrusivePtr<detail::WatchSpot<T>> spot;
        if (core_) spot = detail::WatchSpot<T>::create(core_, *topic_);
        return Watcher<T>(get_executor(), std::move(spot));
    }

    [[nodiscard]] executor_type get_executor() const noexcept { return core_ ? core_->executor() : executor_type(); }

private:
    friend class Value<T>;
    friend class EventBus;
    ValueView(detail::IntrusivePtr<detail::Core> core, detail::Topic<T>& topic) noexcept
        : core_(std::move(core)), topic_(&topic) {}

    detail::IntrusivePtr<detail::Core> core_;
    detail::Topic<T>* topic_ = nullptr;  // the core's
};

/// A `T`, or nothing yet. Unset is not zero. Made from an executor it stands alone; `EventBus::value` makes one that is
/// a retained topic of the bus, where `set` also emits.
///
/// Ownership: move-only. When it is closed or goes, its watchers get the value that they have not yet seen, then
/// `errc::closed`; views still read the last value. (On a bus it is one of several handles, and the watchers end with
/// the bus.) May be destroyed before, after and beside its watchers and views.
/// Threads: every function from any thread at once; concurrent sets are serialised in some order, the same for all.
/// Cost: `set` is one short lock and a copy of a trivially copyable value of at most 256 bytes; any other value is
/// built once, before the lock, and shared. Watchers that are not waiting cost it nothing, waiting ones a post each.
template <class T>
class Value {
    static_assert(detail::check_event_type<T>());

public:
    using executor_type = boost::asio::any_io_executor;

    /// Unset. Completions of its watchers run on `executor` unless a handler brings its own.
    explicit Value(const executor_type& executor) : Value(detail::ValueCore<T>::create(executor)) {}
    Value(const executor_type& executor, T initial) : Value(executor) { set(std::move(initial)); }
    template <std::derived_from<boost::asio::execution_context> Context>
    explicit Value(Context& context) : Value(context.get_executor()) {}
    template <std::derived_from<boost::asio::execution_context> Context>
    Value(Context& context, T initial) : Value(context.get_executor(), std::move(initial)) {}

    Value(Value&& other) noexcept = default;
    Value& operator=(Value&& other) noexcept {
        if (this != &other) {
            close();
            view_ = std::move(other.view_);
            emitter_ = std::move(other.emitter_);
        }
        return *this;
    }
    ~Value() { close(); }

    /// Makes `value` the newest; every watcher learns of it, also when it equals the one before. Nothing happens to a
    /// value that is closed or was moved from. On a bus, what a subscriber's callback or filter throws leaves this and
    /// `update`; the value is the new one then.
    void set(const T& value)
        requires(detail::stored_inline<T>)
    {
        if (is_open()) view_.topic_->emit(&value);
    }
    void set(T value)
        requires(!detail::stored_inline<T>)
    {
        if (is_open()) view_.topic_->emit(detail::Payload<T>::create(view_.topic_->pool(), std::move(value)));
    }

    /// Sets unless the value is equal already; whether it did. Of two that run at once, the later compares with what
    /// the earlier has set. `==` is called outside every lock.
    bool set_if_changed(T value)
        requires(std::equality_comparable<T> && std::copy_constructible<T>)
    {
        return replace([&](const T* current) -> std::optional<T> {
            if (current != nullptr && *current == value) return std::nullopt;
            return value;
        });
    }

    /// Sets what `f` makes of the current value: `f(const T&)` returns the new one, or `f(T&)` changes a copy and
    /// returns nothing. Of an unset value, `f` gets a `T{}`; where `T` has none, `std::bad_optional_access` is thrown.
    /// `f` is called outside every lock, and once more each time somebody else has set in between.
    template <class F>
        requires(std::copy_constructible<T>)
    void update(F&& f) {
        static_assert(std::invocable<F&, T&>, "event: update takes a function of the current value");
        replace([&](const T* current) -> std::optional<T> {
            std::optional<T> start;
            if (current != nullptr) {
                start.emplace(*current);
            } else if constexpr (std::default_initializable<T>) {
                start.emplace();
            }
            if constexpr (std::is_void_v<std::invoke_result_t<F&, T&>>) {
                std::invoke(f, start.value());
                return start;
            } else {
                return T(std::invoke(f, start.value()));
            }
        });
    }

    /// What destroying it does, too: no further value, and its watchers get the one that they have not yet seen, then
    /// `errc::closed`. Nothing happens to what is set afterwards. Idempotent.
    void close() noexcept {
        if (!view_.core_) return;
        if (emitter_) return emitter_->close();
        detail::Aftermath after;
        {
            const detail::DomainGuard guard(*view_.topic_);
            view_.topic_->close(after);
        }
        after.settle();
    }

    [[nodiscard]] std::optional<Snapshot<T>> try_get() const noexcept { return view_.try_get(); }
    [[nodiscard]] ValueView<T> view() const noexcept { return view_; }
    /// A new watcher, which has seen nothing yet: its first get finds the current value.
    [[nodiscard]] Watcher<T> watch() const { return view_.watch(); }
    [[nodiscard]] executor_type get_executor() const noexcept { return view_.get_executor(); }

private:
    friend class EventBus;

    explicit Value(const detail::IntrusivePtr<detail::ValueCore<T>>& core) noexcept : view_(core, core->topic()) {}
    /// One of several handles of a topic of a bus.
    explicit Value(detail::IntrusivePtr<detail::EmitterState> emitter) noexcept
        : view_(emitter->bus(), static_cast<detail::Topic<T>&>(*emitter->topics().front())),
          emitter_(std::move(emitter)) {}

    [[nodiscard]] bool is_open() const noexcept { return view_.core_ && (!emitter_ || emitter_->is_open()); }

    /// Read, compute, and set if nobody set in between; else once more.
    template <class Compute>
    bool replace(Compute&& compute) {
        if (!is_open()) return false;
        detail::Topic<T>& topic = *view_.topic_;
        for (;;) {
            const std::optional<Snapshot<T>> current = try_get();
            std::optional<T> next = compute(current ? &**current : nullptr);
            if (!next) return false;
            const std::uint64_t version = current ? current->version() : 0;
            if constexpr (detail::stored_inline<T>) {
                if (const auto result = topic.emit_if_unchanged(version, &*next)) return result->error == errc{};
            } else {
                detail::Payload<T>* payload = detail::Payload<T>::create(topic.pool(), *std::move(next));
                if (const auto result = topic.emit_if_unchanged(version, payload)) return result->error == errc{};
                payload->release();
            }
        }
    }

    ValueView<T> view_;
    detail::IntrusivePtr<detail::EmitterState> emitter_;  // on a bus
};

}  // namespace event
