#pragma once

/// Bytes as tests write them.

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace net_test {

using Bytes = std::vector<std::byte>;

inline Bytes bytes(std::initializer_list<unsigned> numbers) {
    Bytes result;
    for (const unsigned number : numbers) result.push_back(static_cast<std::byte>(number));
    return result;
}

inline Bytes operator+(Bytes left, const Bytes& right) {
    left.insert(left.end(), right.begin(), right.end());
    return left;
}

inline Bytes text(std::string_view characters) {
    const auto view = std::as_bytes(std::span(characters));
    return {view.begin(), view.end()};
}

/// "01 ff"
inline std::string hex(std::span<const std::byte> bytes) {
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string result;
    for (const std::byte byte : bytes) {
        if (!result.empty()) result += ' ';
        result += digits[std::to_integer<std::size_t>(byte >> 4)];
        result += digits[std::to_integer<std::size_t>(byte & std::byte{15})];
    }
    return result;
}

}  // namespace net_test
