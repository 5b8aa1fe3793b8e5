#include "frame.hpp"

#include <boost/endian/conversion.hpp>

#include <fmt/format.h>

namespace host {

namespace endian = boost::endian;

FrameHeader::FrameHeader(const Bytes& bytes) noexcept
    : length_(endian::load_big_u32(reinterpret_cast<const unsigned char*>(bytes.data()))),
      protocol_(static_cast<Protocol>(bytes[4])) {}

std::string FrameHeader::fault(std::size_t max_payload) const {
    if (length_ == 0) return "an empty frame";
    if (payload_size() > max_payload)
        return fmt::format("an oversized frame: {} bytes, the limit is {}", payload_size(), max_payload);
    switch (protocol_) {
        case Protocol::identify:
        case Protocol::ping:
        case Protocol::echo:
            return {};
    }
    return fmt::format("a frame of the unknown protocol {}", static_cast<unsigned>(protocol_));
}

std::string encode_frame(Protocol protocol, std::string_view payload) {
    std::string frame(FrameHeader::size, '\0');
    endian::store_big_u32(reinterpret_cast<unsigned char*>(frame.data()),
                          static_cast<std::uint32_t>(payload.size() + 1));
    frame[4] = static_cast<char>(protocol);
    return frame.append(payload);
}

}  // namespace host
