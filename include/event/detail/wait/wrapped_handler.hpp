#pragma once

#include <event/detail/intrusive_ptr.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associator.hpp>

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

/// The handler of a push subscription, with what it needs beside it, and the associations of the handler itself.

namespace event::detail {

/// With its owner, without whom it does not run.
template <class Handler, class Owner>
struct OwnedHandler {
    Handler handler;
    std::weak_ptr<Owner> owner;
};

/// With `once`.
template <class Handler>
struct OnceHandler {
    Handler handler;
};

/// On a strand. (`bind_executor` binds nothing that is bound already: Boost 1.81.)
template <class Handler>
struct SerialHandler {
    using executor_type = boost::asio::any_io_executor;
    [[nodiscard]] executor_type get_executor() const noexcept { return strand; }

    Handler handler;
    executor_type strand;
};

/// One that several runs share, or that is the only run's. It is the same type for both: whether there are several is
/// known at run time.
template <class Handler>
class RunHandler {
public:
    struct Shared {
        explicit Shared(Handler&& moved) : handler(std::move(moved)) {}
        void add_reference() noexcept { references.fetch_add(1, std::memory_order_relaxed); }
        void release() noexcept {
            if (references.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
        }

        Handler handler;
        std::atomic<std::size_t> references{1};
    };

    explicit RunHandler(Handler&& handler) : own_(std::move(handler)) {}
    explicit RunHandler(IntrusivePtr<Shared> shared) noexcept : shared_(std::move(shared)) {}

    [[nodiscard]] Handler& get() noexcept { return shared_ ? shared_->handler : *own_; }
    [[nodiscard]] const Handler& get() const noexcept { return shared_ ? shared_->handler : *own_; }

private:
    std::optional<Handler> own_;
    IntrusivePtr<Shared> shared_;
};

template <class Handler>
inline constexpr bool is_owned = false;
template <class Handler, class Owner>
inline constexpr bool is_owned<OwnedHandler<Handler, Owner>> = true;
template <class Handler>
inline constexpr bool is_once = false;
template <class Handler>
inline constexpr bool is_once<OnceHandler<Handler>> = true;
template <class Handler, class Owner>
inline constexpr bool is_once<OwnedHandler<Handler, Owner>> = is_once<Handler>;

/// The function that is called.
template <class Handler>
[[nodiscard]] Handler& function_in(Handler& handler) noexcept {
    return handler;
}
template <class Handler>
[[nodiscard]] Handler& function_in(RunHandler<Handler>& wrapped) noexcept {
    return wrapped.get();
}
template <class Handler>
[[nodiscard]] auto& function_in(SerialHandler<Handler>& wrapped) noexcept {
    return function_in(wrapped.handler);
}
template <class Handler>
[[nodiscard]] auto& function_in(OnceHandler<Handler>& wrapped) noexcept {
    return function_in(wrapped.handler);
}
template <class Handler, class Owner>
[[nodiscard]] auto& function_in(OwnedHandler<Handler, Owner>& wrapped) noexcept {
    return function_in(wrapped.handler);
}
template <class Handler>
using FunctionIn = std::remove_reference_t<decltype(function_in(std::declval<Handler&>()))>;

template <template <class, class> class Associator, class Handler, class Default>
struct AssociatorOf : Associator<Handler, Default> {
    template <class Wrapped>
    static typename Associator<Handler, Default>::type get(const Wrapped& wrapped) noexcept {
        return Associator<Handler, Default>::get(wrapped.handler);
    }
    template <class Wrapped>
    static auto get(const Wrapped& wrapped, const Default& otherwise) noexcept
        -> decltype(Associator<Handler, Default>::get(wrapped.handler, otherwise)) {
        return Associator<Handler, Default>::get(wrapped.handler, otherwise);
    }
};

}  // namespace event::detail

template <template <class, class> class Associator, class Handler, class Owner, class Default>
struct boost::asio::associator<Associator, event::detail::OwnedHandler<Handler, Owner>, Default>
    : event::detail::AssociatorOf<Associator, Handler, Default> {};
template <template <class, class> class Associator, class Handler, class Default>
struct boost::asio::associator<Associator, event::detail::OnceHandler<Handler>, Default>
    : event::detail::AssociatorOf<Associator, Handler, Default> {};
template <template <class, class> class Associator, class Handler, class Default>
struct boost::asio::associator<Associator, event::detail::RunHandler<Handler>, Default> : Associator<Handler, Default> {
    using Wrapped = event::detail::RunHandler<Handler>;
    static typename Associator<Handler, Default>::type get(const Wrapped& wrapped) noexcept {
        return Associator<Handler, Default>::get(wrapped.get());
    }
    static auto get(const Wrapped& wrapped, const Default& otherwise) noexcept
        -> decltype(Associator<Handler, Default>::get(wrapped.get(), otherwise)) {
        return Associator<Handler, Default>::get(wrapped.get(), otherwise);
    }
};
template <template <class, class> class Associator, class Handler, class Default>
struct boost::asio::associator<Associator, event::detail::SerialHandler<Handler>, Default>
    : event::detail::AssociatorOf<Associator, Handler, Default> {};
