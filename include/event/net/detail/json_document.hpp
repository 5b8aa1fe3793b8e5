#pragma once

#include <event/net/error.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace event::net::detail {

/// A JSON text that was parsed, with all values in one row: of what an array has in it, or an object (each key before
/// its value), all is right behind it. Numbers stay texts, so that whoever knows their type reads them exactly.
class JsonDocument {
public:
    enum class Kind : std::uint8_t { null, boolean, number, string, array, object };

    struct Node {
        Kind kind = Kind::null;
        bool is_true = false;          // a boolean
        std::uint32_t size = 0;        // of an array or object: its elements, its keys; otherwise characters
        std::uint32_t text_begin = 0;  // of a string or number
        std::uint32_t end = 0;         // the number of the node behind all that is in this one
    };

    /// `offset` says where it failed. Refuses keys that an object has twice, and what is nested deeper than
    /// `max_depth`.
    [[nodiscard]] error_code parse(std::string_view text, std::size_t max_depth, std::size_t& offset);

    [[nodiscard]] const Node& operator[](std::size_t number) const noexcept { return nodes_[number]; }
    [[nodiscard]] std::size_t size() const noexcept { return nodes_.size(); }
    [[nodiscard]] std::string_view text(const Node& node) const noexcept {
        return std::string_view(texts_).substr(node.text_begin, node.size);
    }

private:
    friend class JsonBuilder;

    std::vector<Node> nodes_;
    std::string texts_;  // of all strings, keys and numbers
};

}  // namespace event::net::detail
