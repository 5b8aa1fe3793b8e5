#pragma once

#include <event/bus.hpp>
#include <event/net/by_key.hpp>
#include <event/net/codec.hpp>
#include <event/net/detail/link_core.hpp>
#include <event/net/detail/served_keys.hpp>
#include <event/net/detail/serving.hpp>
#include <event/net/detail/wire_type.hpp>
#include <event/net/link_options.hpp>
#include <event/not_from.hpp>
#include <event/where_key.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

/// What one call of `Link::serve` lets the other side have.

namespace event::net::detail {

/// What is wanted of a type: nothing, events of some keys, or all.
template <class T>
struct Wanted {
    bool is_asked = false;
    std::function<bool(const T&)> has_key = {};  // empty: all
};

/// A group of types that are served together.
template <class Projection, class Removes, class... Ts>
class GroupOf final : public Group {
public:
    GroupOf(ServeOptions&& options, ByKey<Projection, Removes>&& key)
        : options_(std::move(options)), key_(std::move(key)) {}

    [[nodiscard]] std::vector<WireType> types() const override { return {wire_type<Ts>()...}; }

    std::unique_ptr<Serving> open(const ServingContext& link, const Asked& asked,
                                  const std::vector<std::size_t>& places) const override {
        const ServingContext in{link.bus, link.access, options_.forwards ? link.echoes : nullptr, link.name};
        SubscriptionOptions options{.capacity = options_.capacity,
                                    .on_full = options_.on_full,
                                    .name = options_.name.empty() ? in.name : options_.name};
        if (places.size() > 1) return serve_several(in, std::move(options), asked, places);
        std::unique_ptr<Serving> serving;
        std::size_t place = 0;
        const auto open_one = [&]<class T>(std::type_identity<T>) {
            if (place++ != places.front()) return false;
            serving = serve_one<T>(in, std::move(options), asked);
            return true;
        };
        static_cast<void>((open_one(std::type_identity<Ts>{}) || ...));
        return serving;
    }

private:
    template <class T>
    static constexpr bool has_key = event::detail::projects<Projection, T>;

    template <class T>
    [[nodiscard]] auto keys_of(const Asked::Type& asked) const {
        using Key = typename event::detail::KeyKindOf<Projection, T>::Kept;
        std::vector<Key> keys;
        for (const ByteView bytes : asked.keys) {
            Key key{};
            Where where;
            if (const error_code error = decode(bytes, key, &where))
                refuse(end_code::malformed_payload, asked, error.message() + ", a key, " + to_string(where));
            keys.push_back(std::move(key));
        }
        return keys;
    }

    template <class T>
    [[nodiscard]] std::unique_ptr<Serving> serve_one(const ServingContext& in, SubscriptionOptions&& options,
                                                     const Asked& asked) const {
        const Asked::Type& type = asked.types.front();
        if (asked.is_latest) return serve_latest<T>(in, std::move(options), asked);
        const auto serve = [&](auto&&... chosen) -> std::unique_ptr<Serving> {
            const auto is_no_echo = [echoes = in.echoes](const T&, const Meta& meta) {
                return !echoes->are_of(meta.emitter);
            };
            return std::make_unique<ServedEvents<T>>(
                in.echoes ? in.bus.subscribe<T>(std::move(options), std::move(chosen)..., where(is_no_echo))
                          : in.bus.subscribe<T>(std::move(options), std::move(chosen)..., not_relayed()),
                std::array<std::size_t, 1>{0}, asked.replays, in.echoes);
        };
        if (type.keys.empty()) return serve();
        if constexpr (has_key<T>) {
            return serve(where_key(key_.projection, keys_of<T>(type)));
        } else {
            refuse(end_code::not_served, type, "by key");
        }
    }

    template <class T>
    [[nodiscard]] std::unique_ptr<Serving> serve_latest(const ServingContext& in, SubscriptionOptions&& options,
                                                        const Asked& asked) const {
        const Asked::Type& type = asked.types.front();
        if (!type.keys.empty()) refuse(end_code::not_served, type, "some keys of a latest value");
        if (!asked.is_by_key) return std::make_unique<ServedLatest<T>>(in);
        if constexpr (has_key<T>) {
            options.on_full = Kill{};  // and then it begins anew
            return std::make_unique<ServedKeys<T, Projection, Removes>>(in, std::move(options), key_);
        } else {
            refuse(end_code::not_served, type, "by key");
        }
    }

    [[nodiscard]] std::unique_ptr<Serving> serve_several(const ServingContext& in, SubscriptionOptions&& options,
                                                         const Asked& asked,
                                                         const std::vector<std::size_t>& places) const {
        std::array<std::size_t, sizeof...(Ts)> asked_at{};
        std::tuple<Wanted<Ts>...> wanted;
        std::size_t place = 0;
        const auto want = [&]<class T>(std::type_identity<T>) {
            const auto found = std::find(places.begin(), places.end(), place);
            if (found != places.end()) {
                asked_at[place] = static_cast<std::size_t>(found - places.begin());
                std::get<Wanted<T>>(wanted) = wanted_of<T>(asked.types[asked_at[place]]);
            }
            ++place;
        };
        (want(std::type_identity<Ts>{}), ...);
        const auto wants = [wanted = std::move(wanted), echoes = in.echoes]<class T>(const T& event, const Meta& meta) {
            const Wanted<T>& of = std::get<Wanted<T>>(wanted);
            return of.is_asked && is_served(echoes.get(), meta.emitter, meta.relayed) &&
                   (!of.has_key || of.has_key(event));
        };
        return std::make_unique<ServedEvents<Ts...>>(
            in.echoes ? in.bus.subscribe<Ts...>(std::move(options), where(wants))
                      : in.bus.subscribe<Ts...>(std::move(options), where(wants), not_relayed()),
            asked_at, asked.replays, in.echoes);
    }
    template <class T>
    [[nodiscard]] Wanted<T> wanted_of(const Asked::Type& asked) const {
        Wanted<T> wanted{.is_asked = true};
        if (asked.keys.empty()) return wanted;
        if constexpr (has_key<T>) {
            wanted.has_key = WantedKeys<Projection, T>(key_.projection, keys_of<T>(asked));
        } else {
            refuse(end_code::not_served, asked, "by key");
        }
        return wanted;
    }

    const ServeOptions options_;
    const ByKey<Projection, Removes> key_;
};

}  // namespace event::net::detail
