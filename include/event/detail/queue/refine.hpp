#pragma once

#include <event/detail/event/payload.hpp>
#include <event/detail/event/stored_event.hpp>
#include <event/detail/queue/delivery_access.hpp>
#include <event/detail/queue/key_kind.hpp>
#include <event/detail/queue/refinement.hpp>
#include <event/detail/queue/slot.hpp>
#include <event/latest_by.hpp>
#include <event/where.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

/// The refinements of a subscription to `Ts...`, from what the user gave.

namespace event::detail {

template <class T>
inline constexpr bool is_where = false;
template <class Predicate>
inline constexpr bool is_where<Where<Predicate>> = true;
template <class T>
inline constexpr bool is_latest_by = false;
template <class Key, class Merge>
inline constexpr bool is_latest_by<LatestBy<Key, Merge>> = true;

template <class T>
concept Refines = is_where<T> || is_latest_by<T>;

template <class Key>
concept HasHash = std::equality_comparable<Key> && requires(const Key& key) {
    { std::hash<Key>{}(key) } -> std::convertible_to<std::size_t>;
};

/// Of who does not filter.
struct EverythingIsWanted {};
/// Of who has no keys.
struct NothingHasAKey {};

template <class Predicate, class Key, class Merge, class... Ts>
class RefinementOf final : public Refinement {
    template <class T>
    using View = const Delivered<T>&;
    template <class T>
    static constexpr bool is_filtered = HandlesEvent<Predicate, Delivered<T>>;
    template <class T>
    static constexpr bool is_keyed = std::is_invocable_v<Key&, View<T>>;
    template <class T>
    using Kind = KeyKind<std::decay_t<std::invoke_result_t<Key&, View<T>>>>;
    template <class T>
    static constexpr bool is_merged = std::is_invocable_v<Merge&, View<T>, View<T>>;

    /// An overload that a `const T&` does not fit would be passed over without a word.
    template <class F, class T>
    static constexpr bool only_takes_it_mutable =
        !HandlesEvent<F, Delivered<T>> && std::is_invocable_v<F&, Delivered<T>&>;

    template <class T>
    static consteval bool check() noexcept {
        static_assert(!only_takes_it_mutable<Predicate, T> && !only_takes_it_mutable<Key, T>,
                      "event: where and latest_by must take the event by const reference");
        if constexpr (is_filtered<T>) {
            static_assert(
                std::is_convertible_v<decltype(handle_event(std::declval<Predicate&>(), std::declval<View<T>>(),
                                                            std::declval<const Meta&>())),
                                      bool>,
                "event: the predicate of where must return a bool");
        }
        if constexpr (is_keyed<T>) {
            using Given = std::decay_t<std::invoke_result_t<Key&, View<T>>>;
            static_assert(HasHash<typename KeyKind<Given>::Kept>,
                          "event: the key of latest_by must have == and a std::hash");
            static_assert(!is_text_of_another_kind<Given>,
                          "event: the key of latest_by is a pointer to characters: return a std::basic_string_view");
        }
        if constexpr (is_merged<T>) {
            static_assert(!is_erased<T>, "event: behaviours and AnyEvent cannot be merged");
            static_assert(is_keyed<T>, "event: latest_by merges only types that have a key");
            using Result = std::invoke_result_t<Merge&, View<T>, View<T>>;
            static_assert(std::is_convertible_v<Result, std::optional<T>> && !Slices<Result, T>,
                          "event: the merge of latest_by must return the event's type, or a std::optional of it");
        }
        return true;
    }
    static_assert((check<Ts>() && ...));
    static_assert(std::is_same_v<Predicate, EverythingIsWanted> || (is_filtered<Ts> || ...),
                  "event: the predicate of where can be called with none of the subscription's types");
    static_assert(std::is_same_v<Key, NothingHasAKey> || (is_keyed<Ts> || ...),
                  "event: the key of latest_by can be called with none of the subscription's types");
    static_assert(std::is_same_v<Merge, NoMerge> || (is_merged<Ts> || ...),
                  "event: the merge of latest_by can be called with none of the subscription's types");

public:
    RefinementOf(Predicate predicate, Key key, Merge merge)
        : predicate_(std::move(predicate)), key_(std::move(key)), merge_(std::move(merge)) {}

    [[nodiscard]] bool has_keys() const noexcept override { return !std::is_same_v<Key, NothingHasAKey>; }

    [[nodiscard]] bool has_filter() const noexcept override { return !std::is_same_v<Predicate, EverythingIsWanted>; }

    [[nodiscard]] bool accepts(std::uint16_t type, const std::byte* event, [[maybe_unused]] const Meta& meta) override {
        return for_type(type, [&]<class T>(std::type_identity<T>) -> bool {
            if constexpr (is_filtered<T>) {
                return static_cast<bool>(handle_event(predicate_, *StoredEvent::as<T>(event), meta));
            } else {
                return true;
            }
        });
    }
    [[nodiscard]] std::optional<std::size_t> hash(std::uint16_t type, const std::byte* event) override {
        return for_type(type, [&]<class T>(std::type_identity<T>) -> std::optional<std::size_t> {
            if constexpr (is_keyed<T>) {
                const auto& key = key_of<T>(event);
                return hash_of<Kind<T>>(sought<Kind<T>>(key));
            } else {
                return std::nullopt;
            }
        });
    }
    [[nodiscard]] bool same_key(std::uint16_t type, const std::byte* left, const std::byte* right) override {
        return for_type(type, [&]<class T>(std::type_identity<T>) -> bool {
            if constexpr (is_keyed<T>) {
                const auto& of_left = key_of<T>(left);
                const auto& of_right = key_of<T>(right);
                return static_cast<bool>(sought<Kind<T>>(of_left) == sought<Kind<T>>(of_right));
            } else {
                return false;
            }
        });
    }
    [[nodiscard]] Merged merge(std::uint16_t type, const std::byte* queued, const std::byte* newer,
                               std::byte* merged) override {
        return for_type(type, [&]<class T>(std::type_identity<T>) -> Merged {
            if constexpr (is_merged<T>) {
                auto both = [&]() -> decltype(auto) {
                    return std::invoke(merge_, *StoredEvent::as<T>(queued), *StoredEvent::as<T>(newer));
                };
                if constexpr (std::is_same_v<std::remove_cvref_t<decltype(both())>, T> && !stored_inline<T>) {
                    store_payload<T>(newer, merged, ResultOf<decltype(both)>{both});
                } else {
                    std::optional<T> event = both();
                    if (!event) return Merged::nothing;
                    if constexpr (stored_inline<T>) {
                        static_assert(sizeof(T) <= most_inline_bytes);
                        std::memcpy(merged, std::addressof(*event), sizeof(T));
                    } else {
                        store_payload<T>(newer, merged, *std::move(event));
                    }
                }
                return Merged::event;
            } else {
                return Merged::unasked;
            }
        });
    }

private:
    template <class T, class Source>
    static void store_payload(const std::byte* newer, std::byte* merged, Source&& source) {
        PayloadBase* payload = Payload<T>::create(StoredEvent::payload(newer)->pool(), std::forward<Source>(source));
        std::memcpy(merged, &payload, sizeof(payload));
    }
    template <class T>
    [[nodiscard]] decltype(auto) key_of(const std::byte* event) {
        return std::invoke(key_, *StoredEvent::as<T>(event));
    }

    template <std::size_t I = 0, class F>
    static auto for_type(std::uint16_t type, F&& f) {
        using Type = std::type_identity<std::tuple_element_t<I, std::tuple<Ts...>>>;
        if constexpr (I + 1 == sizeof...(Ts)) {
            return f(Type{});
        } else {
            return type == I ? f(Type{}) : for_type<I + 1>(type, f);
        }
    }

    [[no_unique_address]] Predicate predicate_;
    [[no_unique_address]] Key key_;
    [[no_unique_address]] Merge merge_;
};

template <class... Ts, class Predicate, class Key, class Merge>
[[nodiscard]] std::unique_ptr<Refinement> refine(Where<Predicate> filter, LatestBy<Key, Merge> latest) {
    return std::make_unique<RefinementOf<Predicate, Key, Merge, Ts...>>(std::move(filter.predicate),
                                                                        std::move(latest.key), std::move(latest.merge));
}
template <class... Ts, class Predicate>
[[nodiscard]] std::unique_ptr<Refinement> refine(Where<Predicate> filter) {
    return refine<Ts...>(std::move(filter), LatestBy<NothingHasAKey, NoMerge>{});
}
template <class... Ts, class Key, class Merge>
[[nodiscard]] std::unique_ptr<Refinement> refine(LatestBy<Key, Merge> latest) {
    return refine<Ts...>(Where<EverythingIsWanted>{}, std::move(latest));
}
template <class... Ts, class Predicate, class Key, class Merge>
[[nodiscard]] std::unique_ptr<Refinement> refine(LatestBy<Key, Merge> latest, Where<Predicate> filter) {
    return refine<Ts...>(std::move(filter), std::move(latest));
}
template <class... Ts, class Left, class Right>
    requires(is_where<Left> == is_where<Right>)
std::unique_ptr<Refinement> refine(Left, Right) {
    static_assert(is_where<Left> != is_where<Right>, "event: at most one where and one latest_by in a subscription");
    return nullptr;
}

}  // namespace event::detail
