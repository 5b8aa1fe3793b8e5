#pragma once

#include <event/detail/event/erased.hpp>
#include <event/detail/event/event_type.hpp>
#include <event/detail/event/stored_event.hpp>
#include <event/detail/order/key_index.hpp>
#include <event/detail/queue/key_kind.hpp>
#include <event/detail/queue/refine.hpp>
#include <event/detail/queue/refinement.hpp>
#include <event/fwd.hpp>
#include <event/name.hpp>

#include <fmt/core.h>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <forward_list>
#include <functional>
#include <iterator>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

/// The keys of a subscription to `Ts...`, from what the user gave.

namespace event::detail {

template <class Projection, class T>
using KeyKindOf = KeyKind<std::decay_t<std::invoke_result_t<const Projection&, const T&>>>;

/// Whether the projection says what key an event of the type has.
template <class Projection, class T>
inline constexpr bool projects = !is_erased<T> && std::is_invocable_v<const Projection&, const Delivered<T>&>;

/// What only looks at a text would look at one that is gone.
template <class Given, class Key>
inline constexpr bool looks_at = std::is_same_v<Given, std::string> && std::is_trivially_copyable_v<Key>;

template <class Given, class Key>
concept GivesKey = !looks_at<Given, Key> &&
                   (std::is_convertible_v<const Given&, Key> ||
                    (std::convertible_to<const Given&, std::string_view> && std::is_same_v<Key, std::string>));
template <class Given, class Key>
concept GivesKeys =
    !GivesKey<Given, Key> && !std::convertible_to<const Given&, std::string_view> && requires(const Given& keys) {
        std::end(keys);
        requires GivesKey<std::remove_cvref_t<decltype(*std::begin(keys))>, Key>;
    };

template <class Key, class Given>
[[nodiscard]] Key make_key(const Given& given) {
    if constexpr (std::is_arithmetic_v<Key> && std::is_enum_v<Given>) {  // an unscoped one
        return make_key<Key>(static_cast<std::underlying_type_t<Given>>(given));
    } else if constexpr (std::is_arithmetic_v<Key> && std::is_arithmetic_v<Given> && !std::is_same_v<Key, Given>) {
        using Limits = std::numeric_limits<Key>;
        const auto number = static_cast<long double>(given);
        const bool is_in_range =
            number >= static_cast<long double>(Limits::lowest()) && number <= static_cast<long double>(Limits::max());
        if (!is_in_range || static_cast<long double>(static_cast<Key>(given)) != number)
            throw std::invalid_argument("event: a key of where_key is no number that its projection can give");
        return static_cast<Key>(given);
    } else if constexpr (std::is_convertible_v<const Given&, Key>) {
        return given;
    } else {
        return Key(std::string_view(given));
    }
}

/// What a where_key gave, each as it is kept.
template <class Key>
struct OneKey {
    Key key;
};
template <class Key>
using KeyList = std::vector<OneKey<Key>>;  // of bools, too
template <class Key, class... Given>
[[nodiscard]] KeyList<Key> kept_keys(const std::tuple<Given...>& given) {
    KeyList<Key> keys;
    const auto append = [&]<class One>(const One& one) {
        constexpr bool fits = GivesKey<One, Key> || GivesKeys<One, Key>;
        static_assert(
            fits, "event: a key of where_key, or each of a range of keys, must convert to what its projection gives");
        if constexpr (GivesKey<One, Key>) {
            keys.push_back({make_key<Key>(one)});
        } else if constexpr (fits) {
            for (const auto& each : one) keys.push_back({make_key<Key>(each)});
        }
    };
    std::apply([&](const auto&... each) { (append(each), ...); }, given);
    return keys;
}

template <class Projection, class T>
class KeyIndexOf final : public KeyIndex {
    using Kind = KeyKindOf<Projection, T>;
    using Sought = typename Kind::Sought;

public:
    using Key = typename Kind::Kept;
    struct Entry final : ChosenKey {
        Entry(ChosenKeys& of, std::size_t key_hash, Key&& kept) : ChosenKey(of, key_hash), key(std::move(kept)) {}
        const Key key;
    };

    explicit KeyIndexOf(const Projection& projection) : KeyIndex(&type_tag<KeyIndexOf>), projection_(projection) {}

    void find(const std::byte* event, FoundKeys& found) const override {
        const auto& key = std::invoke(projection_, *StoredEvent::as<T>(event));
        find(sought<Kind>(key), found);
    }
    void find(Sought key, FoundKeys& found) const {
        const std::size_t hash = hash_of(key);
        for (ChosenKey& chosen : chain_of(hash))
            if (chosen.hash == hash && static_cast<bool>(static_cast<const Entry&>(chosen).key == key))
                found.add(chosen);
    }
    [[nodiscard]] static std::size_t hash_of(Sought key) { return detail::hash_of<Kind>(key); }

private:
    [[nodiscard]] bool is_equal(const KeyIndex& other) const override {
        if constexpr (std::is_empty_v<Projection>) {
            return true;
        } else {
            return static_cast<bool>(projection_ == static_cast<const KeyIndexOf&>(other).projection_);
        }
    }

    [[no_unique_address]] const Projection projection_;
};

template <class Projection, class T>
class ChosenKeysOf final : public ChosenKeys {
    using Index = KeyIndexOf<Projection, T>;
    using Key = typename Index::Key;
    using Entry = typename Index::Entry;

public:
    template <class... Given>
    ChosenKeysOf(std::uint16_t type, const Projection& projection, const std::tuple<Given...>& given)
        : ChosenKeys(type) {
        KeyList<Key> keys = kept_keys<Key>(given);
        const auto index = std::make_shared<Index>(projection);
        KeyIndex::Chains chains = KeyIndex::chains_for(keys.size());
        index->use(chains);
        make_index(index);
        auto last = entries_.before_begin();
        for (auto& [key] : keys) {
            if (!static_cast<bool>(std::as_const(key) == std::as_const(key)))
                throw std::invalid_argument(
                    "event: a key of where_key is not equal to itself, so that no event has it");
            FoundKeys same;
            index->find(key, same);
            if (same.count != 0) continue;
            const std::size_t hash = Index::hash_of(key);
            last = entries_.emplace_after(last, *this, hash, std::move(key));
            add(*last);
        }
    }

    void print(std::vector<std::string>& keys) const override {
        for (const Entry& entry : entries_) {
            if constexpr (Printable<Key>) {
                keys.push_back(fmt::vformat("{}", fmt::make_format_args(entry.key)));
            } else if constexpr (std::is_enum_v<Key>) {
                keys.push_back(std::to_string(static_cast<std::underlying_type_t<Key>>(entry.key)));
            } else {
                keys.emplace_back(name_of<Key>());
            }
        }
    }

private:
    std::forward_list<Entry> entries_;
};

template <class Projection, class T>
[[nodiscard]] consteval bool check_projection() noexcept {
    if constexpr (is_erased<T>) {
        static_assert(!std::is_invocable_v<const Projection&, const Delivered<T>&>,
                      "event: where_key is for event types that are listed; behaviours and AnyEvent are filtered by "
                      "event::where");
        return false;
    } else if constexpr (!projects<Projection, T>) {
        static_assert(!std::is_invocable_v<Projection&, const T&> && !std::is_invocable_v<const Projection&, T&>,
                      "event: the projection of where_key must take the event by const reference, as a const function");
        return false;
    } else {
        using Given = std::decay_t<std::invoke_result_t<const Projection&, const T&>>;
        static_assert(!std::is_void_v<Given>, "event: the projection of where_key must return a key");
        if constexpr (std::is_void_v<Given>) return false;
        constexpr bool has_hash = HasHash<typename KeyKind<Given>::Kept>;
        static_assert(has_hash || std::is_void_v<Given>,
                      "event: what the projection of where_key returns must have == and a std::hash");
        static_assert(!is_text_of_another_kind<Given>,
                      "event: the projection of where_key returns a pointer to characters: return a "
                      "std::basic_string_view");
        return has_hash;
    }
}

template <class Given, class T>
inline constexpr bool chooses = false;
template <class Projection, class... Keys, class T>
inline constexpr bool chooses<WhereKey<Projection, Keys...>, T> = projects<Projection, T>;

template <class T, class... Given>
[[nodiscard]] consteval bool check_chosen_once() noexcept {
    constexpr bool once = (std::size_t{chooses<Given, T>} + ... + 0) <= 1;
    static_assert(once, "event: at most one where_key in a subscription for each event type; it takes several keys");
    return once;
}

template <class Projection, class... Ts>
[[nodiscard]] consteval bool check_where_key() noexcept {
    constexpr bool is_identified = std::is_empty_v<Projection> || std::equality_comparable<Projection>;
    static_assert(is_identified,
                  "event: the projection of where_key must have no state, or ==: pass a pointer to a member, a lambda "
                  "that captures nothing, or a class with operator==");
    static_assert(!(is_erased<Ts> && ...),
                  "event: where_key is for event types that are listed; behaviours and AnyEvent are filtered by "
                  "event::where");
    constexpr bool fits = (check_projection<Projection, Ts>() | ... | false);
    static_assert(fits || (projects<Projection, Ts> || ...) || (is_erased<Ts> && ...),
                  "event: the projection of where_key can be called with none of the subscription's types");
    return is_identified && fits;
}

template <class... Ts>
struct Choosing {
    template <class... Given>
    static void choose(Refinement& refinement, const Given&... given) {
        if constexpr ((check_chosen_once<Ts, Given...>() && ...)) (choose_by(refinement, given), ...);
    }

private:
    template <class Projection, class... Keys>
    static void choose_by(Refinement& refinement, const WhereKey<Projection, Keys...>& given) {
        if constexpr (check_where_key<Projection, Ts...>()) {
            std::uint16_t place = 0;
            const auto choose_of = [&]<class T>(std::type_identity<T>) {
                if constexpr (projects<Projection, T>)
                    refinement.choose(
                        std::make_unique<ChosenKeysOf<Projection, T>>(place, given.projection, given.keys));
                ++place;
            };
            (choose_of(std::type_identity<Ts>{}), ...);
        }
    }
};

}  // namespace event::detail
