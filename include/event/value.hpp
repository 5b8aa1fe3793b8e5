#pragma once

/// The latest value: set by one component, followed by any number of watchers, which see the newest state and nothing
/// stale. After Metropolis' `event.Value`.

#include <event/detail/requirements.hpp>

#include <event/connection.hpp>
#include <event/detail/bus/bus_core.hpp>
#include <event/detail/bus/value_core.hpp>
#include <event/detail/event/payload.hpp>
#include <event/detail/order/draft.hpp>
#include <event/error.hpp>
#include <event/fwd.hpp>
#include <event/snapshot.hpp>
#include <event/value_view.hpp>
#include <event/watcher.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/io_context.hpp>  // who includes this needs one
#include <boost/system/errc.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/system_error.hpp>

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#pragma push_macro("emit")  // Qt has one
#undef emit

namespace event {

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
    static_assert(detail::check_named_type<T>());
    static constexpr bool can_be_copied = std::constructible_from<T, const T&>;
    static constexpr bool can_be_moved = std::constructible_from<T, T>;

public:
    using executor_type = boost::asio::any_io_executor;

    /// Unset. Completions of its watchers run on `executor` unless a handler brings its own.
    explicit Value(const executor_type& executor) : Value(detail::ValueCore<T>::create(executor)) {}
    template <std::derived_from<boost::asio::execution_context> Context>
    explicit Value(Context& context) : Value(context.get_executor()) {}
    /// Set from the beginning.
    Value(const executor_type& executor, const T& initial)
        requires(can_be_copied)
        : Value(executor, std::in_place, initial) {}
    Value(const executor_type& executor, T&& initial)
        requires(can_be_moved)
        : Value(executor, std::in_place, std::move(initial)) {}
    template <std::derived_from<boost::asio::execution_context> Context>
        requires(can_be_copied)
    Value(Context& context, const T& initial) : Value(context.get_executor(), std::in_place, initial) {}
    template <std::derived_from<boost::asio::execution_context> Context>
        requires(can_be_moved)
    Value(Context& context, T&& initial) : Value(context.get_executor(), std::in_place, std::move(initial)) {}
    /// The same with `emplace(args...)`.
    template <std::same_as<std::in_place_t> InPlace, class... Args>
    Value(const executor_type& executor, InPlace, Args&&... args) : Value(executor) {
        emplace(std::forward<Args>(args)...);
    }
    template <std::derived_from<boost::asio::execution_context> Context, std::same_as<std::in_place_t> InPlace,
              class... Args>
    Value(Context& context, InPlace in_place, Args&&... args)
        : Value(context.get_executor(), in_place, std::forward<Args>(args)...) {}

    template <class Home, class Derived>
        requires(detail::Slices<Derived, T>)
    Value(Home&&, Derived&&) {
        detail::check_not_sliced<Derived>();
    }

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
    /// `update`; the value is the new one then. If building the new value throws, nothing has changed; nor has it where
    /// the topic retains by key (`retain_by`), and this is one too many: `std::system_error`, `errc::too_many_keys`.
    void set(const T& value)
        requires(can_be_copied)
    {
        if constexpr (detail::stored_inline<T>) {
            if_open([&](detail::Origin origin) { check(view_.topic().emit(std::addressof(value), origin)); });
        } else {
            emplace(value);
        }
    }
    void set(T&& value)
        requires(can_be_moved && !detail::stored_inline<T>)
    {
        emplace(std::move(value));
    }
    /// The same, built from the arguments where it will lie: for what is too large for the stack, and for what can be
    /// neither copied nor moved.
    template <class... Args>
    void emplace(Args&&... args) {
        static_assert(std::constructible_from<T, Args...>, "event: the value cannot be built from these arguments");
        if constexpr (sizeof...(Args) == 1 && (detail::Slices<Args, T> && ...)) detail::check_not_sliced<Args...>();
        if_open([&](detail::Origin origin) {
            if constexpr (detail::stored_inline<T>) {
                const T value(std::forward<Args>(args)...);
                check(view_.topic().emit(std::addressof(value), origin));
            } else {
                check(view_.topic().emit(*detail::Payload<T>::create(view_.topic().pool(), std::forward<Args>(args)...),
                                         origin));
            }
        });
    }

    template <class Derived>
    void set(Derived&&)
        requires(detail::Slices<Derived, T>)
    {
        detail::check_not_sliced<Derived>();
    }

    /// Sets unless the value is equal already; whether it did. Of two that run at once, the later compares with what
    /// the earlier has set. `==` is called outside every lock.
    bool set_if_changed(const T& value)
        requires(std::equality_comparable<T> && can_be_copied)
    {
        return set_unless_equal(value);
    }
    bool set_if_changed(T&& value)
        requires(std::equality_comparable<T> && can_be_moved)
    {
        return set_unless_equal(std::move(value));
    }
    template <class Derived>
    bool set_if_changed(Derived&&)
        requires(detail::Slices<Derived, T>)
    {
        return detail::check_not_sliced<Derived>();
    }

    /// Sets what `f` makes of the current value: `f(const T&)` returns the new one, or `f(T&)` changes a copy and
    /// returns nothing. Of an unset value, `f` gets a `T{}`; where `T` has none, `std::bad_optional_access` is thrown.
    /// `f` is called outside every lock, and once more each time somebody else has set in between; one that sets the
    /// same value itself, and then once more, is refused: `boost::system::system_error`
    /// (`resource_deadlock_would_occur`). The copy or the result lies at once where it will stay, unless it is small.
    template <class F>
    void update(F&& f) {
        static_assert(std::invocable<F&, T&>, "event: update takes a function of the current value");
        if constexpr (std::is_void_v<std::invoke_result_t<F&, T&>>) {
            static_assert(
                can_be_copied,
                "event: update lets a function change a copy: for what cannot be copied, return the new value "
                "from it, or set one with emplace");
            // not of a template, whose body may not compile
            if constexpr (requires { &std::remove_reference_t<F>::operator(); }) {
                static_assert(!std::invocable<F&, T>,
                              "event: update throws away what this function does: take T&, or return the new value");
            }
            replace([&](const T* current, detail::Draft<T>& next) {
                std::invoke(f, current != nullptr ? next.build(*current) : next.build_default());
                return true;
            });
        } else {
            if constexpr (detail::Slices<std::invoke_result_t<F&, T&>, T>) detail::check_not_sliced<F>();
            replace([&](const T* current, detail::Draft<T>& next) {
                detail::Draft<T> start(view_.topic());
                if constexpr (std::invocable<F&, const T&>) {
                    const T& from = current != nullptr ? *current : start.build_default();
                    next.build_by([&]() -> decltype(auto) { return std::invoke(f, from); });
                } else {
                    T& from = current != nullptr ? start.build(*current) : start.build_default();
                    next.build_by([&]() -> decltype(auto) { return std::invoke(f, from); });
                }
                return true;
            });
        }
    }

    /// What destroying it does, too: no further value, and its watchers get the one that they have not yet seen, then
    /// `errc::closed`. Nothing happens to what is set afterwards. Idempotent.
    void close() noexcept {
        if (emitter_) {
            emitter_->close();
        } else if (view_.core_) {
            view_.core_->close();
        }
    }

    [[nodiscard]] std::optional<Snapshot<T>> try_get() const noexcept { return view_.try_get(); }
    [[nodiscard]] ValueView<T> view() const noexcept { return view_; }
    /// A new watcher, which has seen nothing yet: its first get finds the current value.
    [[nodiscard]] Watcher<T> watch() const { return view_.watch(); }
    /// The same with a handler, a projection, or a projection and a handler: see `ValueView::watch`.
    template <class F>
    [[nodiscard]] auto watch(F&& f) const {
        return view_.watch(std::forward<F>(f));
    }
    template <class Projection, class F>
    [[nodiscard]] Connection watch(Projection&& projection, F&& handler) const {
        return view_.watch(std::forward<Projection>(projection), std::forward<F>(handler));
    }
    [[nodiscard]] executor_type get_executor() const noexcept { return view_.get_executor(); }

private:
    friend class EventBus;

    explicit Value(const detail::IntrusivePtr<detail::ValueCore<T>>& core) noexcept : view_(core->topic()) {}
    /// One of several handles of a topic of a bus.
    explicit Value(detail::IntrusivePtr<detail::EmitterState> emitter) noexcept
        : view_(*emitter->topics().front()), emitter_(std::move(emitter)) {}

    [[nodiscard]] bool is_open() const noexcept { return view_.core_ && (!emitter_ || emitter_->is_open()); }

    [[nodiscard]] detail::Origin origin() const noexcept { return emitter_ ? emitter_->origin() : detail::Origin(); }
    /// Calls `emit` with whose event it is, unless it is closed.
    template <class Emit>
    [[gnu::always_inline]] inline void if_open(Emit&& emit) {
        detail::Origin origin;
        if (emitter_) {
            if (!emitter_->is_open()) return;
            origin = emitter_->origin();
        } else if (!view_.core_) {
            return;
        }
        emit(origin);
    }

    static void check(const EmitResult& result) {
        if (result.error == errc::too_many_keys) [[unlikely]]
            throw boost::system::system_error(result.error, "event: a value of one key more than its topic retains");
    }

    template <class Source>
    bool set_unless_equal(Source&& value) {
        return replace([&](const T* current, detail::Draft<T>& next) {
            // once it was built, `value` may have been moved from
            if (current != nullptr && *current == (next.is_built() ? std::as_const(*next) : value)) return false;
            if (!next.is_built()) next.build(std::forward<Source>(value));
            return true;
        });
    }

    /// Read, compute, and set if nobody set in between; else once more. When it was this thread that has set, it was
    /// `compute`, which would do so again without end.
    template <class Compute>
    bool replace(Compute&& compute) {
        if (!is_open()) return false;
        detail::Topic<T>& topic = view_.topic();
        detail::Draft<T> next(topic, origin());
        for (int own_sets = 0; own_sets < 2;) {
            const std::optional<Snapshot<T>> current = try_get();
            const std::uint64_t version = current ? current->version() : 0;
            if (!compute(current ? std::addressof(**current) : nullptr, next)) return false;
            if (const auto result = next.emit_if_unchanged(version)) {
                check(*result);
                return result->error == errc{};
            }
            const detail::DomainGuard guard(topic);
            if (topic.is_set_here_since(version)) ++own_sets;
        }
        throw boost::system::system_error(
            boost::system::errc::make_error_code(boost::system::errc::resource_deadlock_would_occur),
            "event: the function given to update sets the same value");
    }

    ValueView<T> view_;
    detail::IntrusivePtr<detail::EmitterState> emitter_;  // on a bus
};

}  // namespace event

#pragma pop_macro("emit")
