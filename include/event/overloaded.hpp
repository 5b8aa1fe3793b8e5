#pragma once

/// Several handlers, or visitors, as one.

#include <event/detail/requirements.hpp>

#include <event/detail/queue/delivery_access.hpp>

#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

namespace event {

/// What `overloaded` returns: owns copies of its functions. Each event goes to the first of them, in the order given,
/// that can be called with it, as `f(const T&)` or `f(const T&, const Meta&)`; C++'s rule of the best match does not
/// apply. Threads and errors are the functions' own. Cost: none, the choice is the compiler's.
template <class... Functions>
class Overloaded {
    /// The first of these that takes a T.
    template <class T, std::size_t I, class F, class... Others>
    [[nodiscard]] static consteval std::size_t first_of() noexcept {
        if constexpr (detail::HandlesEvent<F, T>) {
            return I;
        } else {
            return first_of<T, I + 1, Others...>();
        }
    }
    template <class T>
    [[nodiscard]] static consteval std::size_t first() noexcept {
        return first_of<T, 0, Functions...>();
    }

public:
    explicit Overloaded(Functions... functions) : functions_(std::forward<Functions>(functions)...) {}

    template <class T>
        requires(detail::HandlesEvent<Functions, T> || ...)
    decltype(auto) operator()(const T& event, const Meta& meta) {
        return detail::handle_event(std::get<first<T>()>(functions_), event, meta);
    }
    template <class T>
        requires(detail::HandlesEvent<const Functions, T> || ...)
    decltype(auto) operator()(const T& event, const Meta& meta) const {
        constexpr std::size_t place = first_of<T, 0, const Functions...>();
        return detail::handle_event(std::get<place>(functions_), event, meta);
    }

    /// Whether each function is called with one of these at least.
    template <class... Ts>
    [[nodiscard]] static consteval bool calls_all_with() noexcept {
        bool is_called[sizeof...(Functions)] = {};
        ((is_called[first<Ts>()] = true), ...);
        for (const bool is : is_called)
            if (!is) return false;
        return true;
    }

private:
    std::tuple<Functions...> functions_;
};

/// One function of several: for `bind_executor(strand, event::overloaded(f, g))`, say. `EventBus::subscribe` and
/// `Delivery::visit` take several as they are.
template <class... Functions>
[[nodiscard]] Overloaded<std::decay_t<Functions>...> overloaded(Functions&&... functions) {
    return Overloaded<std::decay_t<Functions>...>(std::forward<Functions>(functions)...);
}

}  // namespace event
