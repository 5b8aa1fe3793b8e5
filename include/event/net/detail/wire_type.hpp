#pragma once

#include <event/name.hpp>
#include <event/net/codec.hpp>
#include <event/net/limits.hpp>
#include <event/net/schema.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace event::net::detail {

using Bytes = std::vector<std::byte>;
using ByteView = std::span<const std::byte>;

/// Some order, for sets. (GCC 12's optimiser takes the vector's own for a comparison of more bytes than there can be,
/// and warns where a user's code is compiled.)
struct ShorterFirst {
    [[nodiscard]] bool operator()(const Bytes& one, const Bytes& other) const noexcept {
        if (one.size() != other.size()) return one.size() < other.size();
        return std::lexicographical_compare(one.begin(), one.end(), other.begin(), other.end());
    }
};

/// A type as two sides name it.
struct WireType {
    std::string_view name;
    std::string_view schema;
    std::size_t max_size;  // bytes of one event
};

template <class T>
[[nodiscard]] WireType wire_type() {
    return {event::name_of<T>(), schema<T>(), limits_of<T>().size};
}

/// A subscription as it is asked for: by this side or by the other one. Views last as long as the call.
struct Asked {
    struct Type {
        std::string_view name;
        std::string_view schema;
        std::vector<ByteView> keys;  // none: all
    };
    bool is_latest = false;
    bool is_by_key = false;  // the latest of each key
    bool replays = true;
    std::vector<Type> types = {};
};

/// Throws `std::invalid_argument` for a type whose events do not fit into a frame.
void check_fits(const WireType& type, std::size_t max_frame);

}  // namespace event::net::detail
