#include <event/net/reader.hpp>

namespace event::net {

error_code Reader::read_long_varint(std::uint64_t& number) {
    std::uint64_t read = 0;
    const std::byte* at = next_;
    for (unsigned shift = 0; at != end_; shift += 7) {
        const auto bits = std::to_integer<std::uint64_t>(*at++);
        if (shift == 63 && bits > 1) return fail(errc::out_of_range);
        read |= (bits & 0x7f) << shift;
        if ((bits & 0x80) != 0) continue;
        if (bits == 0 && shift != 0) return fail(errc::not_canonical);
        number = read;
        next_ = at;
        return {};
    }
    return fail(errc::truncated);
}

}  // namespace event::net
