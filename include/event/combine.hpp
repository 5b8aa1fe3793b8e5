#pragma once

/// One latest value made of several.

#include <event/detail/requirements.hpp>

#include <event/detail/bus/combined_core.hpp>
#include <event/value.hpp>

#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

namespace event {

/// What `f(const A&, const B&, …)` makes of the values of these views, as a view itself: to be read, watched, waited
/// for and combined again as any other. The function comes last. (Of one view: what the function makes of its value.)
///
///     auto online = event::combine(link.view(), config.view(), [](const Link& link, const Config& config) {
///         return link.is_up && config.is_enabled;
///     });
///     auto now = co_await online.watch().async_wait_until(std::identity(), use_awaitable);
///
/// One moment: `f` gets what all of them were at one moment, whoever sets them, on whatever threads and buses; and who
/// reads after a `set` has returned sees that one, or a newer one. (Stronger than Kotlin's `combine` and RxJS'
/// `combineLatest`, which let one see what was never so while a value reaches them on two ways.) There is a value once
/// all of them have one, as in Kotlin.
/// Changes: its watchers are told whenever one of them is set, as of a `Value` also where the result is equal; who
/// wants only changes watches it with a projection, `watch(std::identity())`. What is overtaken is skipped.
/// The function: `f` is called where somebody looks, by who does: in `try_get`, or on the executor of the completion;
/// never by who sets. No lock is held (but that of a filter which reads it). It is called once for each change that is
/// looked at, unless two threads look at the same moment: as `const`, then, and maybe by two threads at once. It may
/// read other values; one that reads what it makes is refused (`boost::system::system_error`,
/// `resource_deadlock_would_occur`). Where it throws there is no value until one of them changes. The exception leaves
/// each `try_get` of a view; of watchers only the one that looks first: its `try_get`, or, as what a predicate throws,
/// `run()`, and it waits on.
/// End: it is closed when all of them are, as in Kotlin; or as soon as one is closed that was never set, for it would
/// wait in vain.
///
/// Ownership: it keeps what it is made of readable, and no value open; all may be destroyed in any order. While nobody
/// waits for it, it keeps no `run()` from returning. Its executor is that of the first view that has one; if no context
/// of theirs lives, `std::invalid_argument`. Of a default-constructed view it makes one that never holds anything, too.
/// Threads: as any view. In `report()` it is one watcher of each value of a bus that it is made of, behind while nobody
/// has looked. Cost: `set` of a value of which nothing is made pays nothing; of another, the first one after a look
/// pays two short locks, and a post for each watcher that waits.
template <class View, class... ViewsAndFunction>
[[nodiscard]] auto combine(View&& view, ViewsAndFunction&&... others) {
    constexpr bool can_be_kept = (std::is_constructible_v<std::decay_t<View>, View> && ... &&
                                  std::is_constructible_v<std::decay_t<ViewsAndFunction>, ViewsAndFunction>);
    static_assert(sizeof...(others) != 0 && can_be_kept,
                  "event: combine takes views, as of a.view(), and the function last");
    if constexpr (can_be_kept) {
        using Given = std::tuple<std::decay_t<View>, std::decay_t<ViewsAndFunction>...>;
        return detail::combine_given(Given(std::forward<View>(view), std::forward<ViewsAndFunction>(others)...),
                                     std::make_index_sequence<sizeof...(others)>());
    }
}

}  // namespace event
