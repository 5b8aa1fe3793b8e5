#pragma once

/// What goes over a connection: first the four bytes of `greeting` from either side, then frames. A frame is the number
/// of bytes that follow (four bytes, big endian), one byte that names the protocol, and the payload.

#include "events.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace host {

inline constexpr std::string_view greeting = "EBH1";

/// The length and the protocol, as they are received before the rest.
class FrameHeader {
public:
    static constexpr std::size_t size = 5;
    using Bytes = std::array<char, size>;

    explicit FrameHeader(const Bytes& bytes) noexcept;

    [[nodiscard]] Protocol protocol() const noexcept { return protocol_; }
    [[nodiscard]] std::size_t payload_size() const noexcept { return length_ - 1; }

    /// Why no such frame may come, in words; empty if it may.
    [[nodiscard]] std::string fault(std::size_t max_payload) const;

private:
    std::uint32_t length_;  // of the protocol and the payload
    Protocol protocol_;
};

[[nodiscard]] std::string encode_frame(Protocol protocol, std::string_view payload);

}  // namespace host
