#pragma once

/// Values of any type that is sent, made at random.

#include <event/net/codec.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

namespace net_test {

class Random {
public:
    explicit Random(std::uint64_t seed) : engine_(seed) {}

    std::uint64_t bits() { return engine_(); }
    std::size_t below(std::size_t limit) { return bits() % limit; }
    /// Of any size, and often one at an end of what its type holds.
    template <class T>
    T integer() {
        switch (below(8)) {
            case 0:
                return std::numeric_limits<T>::min();
            case 1:
                return std::numeric_limits<T>::max();
            case 2:
                return T{0};
            default:
                return static_cast<T>(bits() >> below(64));
        }
    }

    template <class T>
    T value(std::size_t depth = 0);

private:
    template <class T>
    void fill(T& value, std::size_t depth);

    std::mt19937_64 engine_;
};

template <class T>
T Random::value(std::size_t depth) {
    T result{};
    fill(result, depth);
    return result;
}

template <class T>
void Random::fill(T& result, std::size_t depth) {
    namespace detail = event::net::detail;
    using detail::Kind;
    constexpr Kind kind = detail::kind<T>;
    const std::size_t count = depth > 6 ? 0 : below(4);
    if constexpr (kind == Kind::own) {
        result = T::random(bits());
    } else if constexpr (kind == Kind::boolean) {
        result = below(2) == 1;
    } else if constexpr (std::is_same_v<T, std::byte>) {
        result = static_cast<std::byte>(bits() & 0xff);
    } else if constexpr (kind == Kind::byte || kind == Kind::unsigned_integer || kind == Kind::signed_integer) {
        result = integer<T>();
    } else if constexpr (kind == Kind::floating) {
        result = static_cast<T>(integer<std::int64_t>()) / static_cast<T>(below(1'000) + 1);
        if (below(8) == 0) result = std::numeric_limits<T>::infinity() * (below(2) == 0 ? T{1} : T{-1});
        if (below(8) == 0) result = std::numeric_limits<T>::denorm_min();
    } else if constexpr (kind == Kind::enumeration) {
        result = static_cast<T>(integer<std::underlying_type_t<T>>());
    } else if constexpr (kind == Kind::duration) {
        result = T(value<typename T::rep>());
    } else if constexpr (kind == Kind::time_point) {
        result = T(value<typename T::duration>());
    } else if constexpr (kind == Kind::text) {
        static constexpr const char* characters[] = {"a", "\"", "\\", "\n", "\x01", "ä", "€", "𝄞", "0"};
        for (std::size_t i = below(40); i > 0; --i) result += characters[below(std::size(characters))];
        if (below(8) == 0) result += '\0';
    } else if constexpr (kind == Kind::bytes) {
        result.resize(below(300));
        for (auto& byte : result) byte = static_cast<typename T::value_type>(bits() & 0xff);
    } else if constexpr (kind == Kind::list) {
        for (std::size_t i = 0; i < count; ++i) result.push_back(value<typename T::value_type>(depth + 1));
    } else if constexpr (kind == Kind::set) {
        for (std::size_t i = 0; i < count; ++i) result.insert(value<typename T::key_type>(depth + 1));
    } else if constexpr (kind == Kind::map) {
        for (std::size_t i = 0; i < count; ++i) {
            auto key = value<typename T::key_type>(depth + 1);
            result.insert_or_assign(std::move(key), value<typename T::mapped_type>(depth + 1));
        }
    } else if constexpr (kind == Kind::optional) {
        if (below(2) == 1) result = value<typename T::value_type>(depth + 1);
    } else if constexpr (kind == Kind::variant) {
        const std::size_t index = below(std::variant_size_v<T>);
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            ((index == I ? fill(result.template emplace<I>(), depth + 1) : void()), ...);
        }(std::make_index_sequence<std::variant_size_v<T>>{});
    } else if constexpr (kind == Kind::tuple) {
        std::apply([&](auto&... elements) { (fill(elements, depth + 1), ...); }, result);
    } else if constexpr (kind == Kind::array) {
        for (auto& element : result) fill(element, depth + 1);
    } else if constexpr (kind == Kind::fields) {
        detail::for_each_field<T>([&](auto i) {
            fill(detail::Fields<T>::template get<i>(result), depth + 1);
            return true;
        });
    }
}

}  // namespace net_test
