#pragma once

#include <event/detail/event/event_type.hpp>
#include <event/detail/event/stored_event.hpp>
#include <event/detail/order/history.hpp>
#include <event/detail/order/typed_topic.hpp>
#include <event/detail/queue/key_kind.hpp>
#include <event/detail/queue/refine.hpp>
#include <event/fwd.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

/// What the topics of an emitter of `Ts...` retain, from what the user gave.

namespace event::detail {

/// Calls `f` with the key as what it is looked for as, a `Kind::Sought`, if it is one.
template <class Kind, class F>
auto with_key(const GivenKey& key, F&& f) -> std::optional<std::invoke_result_t<F&, typename Kind::Sought>> {
    using Kept = typename Kind::Kept;
    if constexpr (std::is_same_v<typename Kind::Sought, std::string_view>) {
        if (key.text) return f(*key.text);
    } else if constexpr (std::integral<Kept>) {
        const auto whole = static_cast<Kept>(key.whole);
        const bool is_in_range = static_cast<std::uint64_t>(whole) == key.whole && (whole < Kept{}) == key.is_negative;
        if (key.is_whole && is_in_range) return f(whole);
    } else {
        if (key.type->is(type_id<Kept>)) return f(*static_cast<const Kept*>(key.key));
    }
    return std::nullopt;
}

template <class Key, class T>
inline constexpr bool is_retained_by = std::is_invocable_v<Key&, const T&>;

template <class T, class Key, class Removes>
class RetainedKeyOf final : public RetainedKey {
    using Kind = KeyKind<std::decay_t<std::invoke_result_t<Key&, const T&>>>;
    using Sought = typename Kind::Sought;

public:
    RetainedKeyOf(const Key& key, const Removes& removes)
        : RetainedKey(&type_tag<RetainedKeyOf>), key_(key), removes_(removes) {}

    [[nodiscard]] std::size_t hash(const std::byte* event) override {
        const auto& key = key_of(event);
        return detail::hash_of<Kind>(sought<Kind>(key));
    }
    [[nodiscard]] bool is_same(const std::byte* left, const std::byte* right) override {
        const auto& key = key_of(right);
        return has_key(left, sought<Kind>(key));
    }
    [[nodiscard]] bool removes([[maybe_unused]] const std::byte* event) override {
        if constexpr (std::is_invocable_r_v<bool, Removes&, const T&>) {
            return static_cast<bool>(std::invoke(removes_, *StoredEvent::as<T>(event)));
        } else {
            return false;
        }
    }
    [[nodiscard]] std::optional<std::size_t> hash(const GivenKey& given) override {
        return with_key<Kind>(given, [](Sought key) { return detail::hash_of<Kind>(key); });
    }
    [[nodiscard]] bool is_of(const GivenKey& given, const std::byte* event) override {
        return with_key<Kind>(given, [&](Sought key) { return has_key(event, key); }).value_or(false);
    }

private:
    template <class F>
    [[nodiscard]] static bool are_equal(const F& left, const F& right) {
        if constexpr (std::is_empty_v<F>) {
            return true;
        } else if constexpr (std::equality_comparable<F>) {
            return static_cast<bool>(left == right);
        } else {
            return false;
        }
    }
    [[nodiscard]] bool is_equal(const RetainedKey& other) const override {
        const auto& same = static_cast<const RetainedKeyOf&>(other);
        return are_equal(key_, same.key_) && are_equal(removes_, same.removes_);
    }
    [[nodiscard]] decltype(auto) key_of(const std::byte* event) {
        return std::invoke(key_, *StoredEvent::as<T>(event));
    }
    [[nodiscard]] bool has_key(const std::byte* event, Sought sought) {
        const auto& key = key_of(event);
        return static_cast<bool>(detail::sought<Kind>(key) == sought);
    }

    [[no_unique_address]] Key key_;
    [[no_unique_address]] Removes removes_;
};

template <class Key, class Removes, class T>
[[nodiscard]] consteval bool check_retained_by() noexcept {
    static_assert(is_retained_by<Key, T> || !std::is_invocable_v<Key&, T&>,
                  "event: the key of retain_by must take the event by const reference");
    static_assert(std::is_invocable_v<Removes&, const T&> || !std::is_invocable_v<Removes&, T&>,
                  "event: what says in retain_by that a key is removed must take the event by const reference");
    constexpr bool has_removal = std::is_invocable_v<Removes&, const T&>;
    static_assert(is_retained_by<Key, T> || !has_removal,
                  "event: retain_by says of a type what removes a key, and not what its key is");
    if constexpr (has_removal) {
        static_assert(std::is_convertible_v<std::invoke_result_t<Removes&, const T&>, bool>,
                      "event: what says in retain_by that a key is removed must return a bool");
    }
    if constexpr (is_retained_by<Key, T>) {
        using Given = std::decay_t<std::invoke_result_t<Key&, const T&>>;
        constexpr bool has_hash = HasHash<typename KeyKind<Given>::Kept>;
        static_assert(has_hash, "event: the key of retain_by must have == and a std::hash");
        static_assert(!is_text_of_another_kind<Given>,
                      "event: the key of retain_by is a pointer to characters: return a std::basic_string_view");
        return has_hash;
    } else {
        return true;
    }
}

template <class... Ts>
struct Retaining {
    /// One for each type, null where the key says nothing of it.
    template <class Key, class Removes>
    [[nodiscard]] static std::vector<std::unique_ptr<History>> by(const RetainBy<Key, Removes>& given) {
        constexpr bool fits = (is_retained_by<Key, Ts> || ...);
        constexpr bool has_removal =
            std::is_same_v<Removes, NothingRemoves> || (std::is_invocable_v<Removes&, const Ts&> || ...);
        static_assert(fits, "event: the key of retain_by can be called with none of the emitter's types");
        static_assert(has_removal,
                      "event: what says in retain_by that a key is removed can be called with none of the "
                      "emitter's types");
        constexpr bool is_right = (check_retained_by<Key, Removes, Ts>() && ...);
        const auto history_of = [&]<class T>(std::type_identity<T>) -> std::unique_ptr<History> {
            if constexpr (is_right && is_retained_by<Key, T>) {
                return std::make_unique<History>(
                    event_type<T>, std::make_unique<RetainedKeyOf<T, Key, Removes>>(given.key, given.removes),
                    given.limits.keys, given.limits.forget_oldest);
            } else {
                return nullptr;
            }
        };
        std::vector<std::unique_ptr<History>> histories;
        histories.reserve(sizeof...(Ts));
        (histories.push_back(history_of(std::type_identity<Ts>{})), ...);
        return histories;
    }
};

}  // namespace event::detail
