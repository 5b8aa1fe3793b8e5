#include <event/net/writer.hpp>

#include <algorithm>

namespace event::net {

void Writer::write_long_varint(std::uint64_t number) {
    for (; number >= 0x80; number >>= 7) write_byte(static_cast<std::byte>(number | 0x80));
    write_byte(static_cast<std::byte>(number));
}

void Writer::close_part(std::size_t opened) {
    const std::size_t part = out_.size();
    write_varint(part - opened);
    if (failed()) return;
    // the length was not known before, and now lies behind
    std::rotate(out_.begin() + static_cast<std::ptrdiff_t>(opened), out_.begin() + static_cast<std::ptrdiff_t>(part),
                out_.end());
}

}  // namespace event::net
