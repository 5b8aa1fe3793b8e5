#include <event/net/writer.hpp>

#include <algorithm>

namespace event::net {

void Writer::close_part(std::size_t opened) {
    const std::size_t part = out_.size();
    write_varint(part - opened);
    if (failed()) return;
    // the length was not known before, and now lies behind
    std::rotate(out_.begin() + static_cast<std::ptrdiff_t>(opened), out_.begin() + static_cast<std::ptrdiff_t>(part),
                out_.end());
}

}  // namespace event::net
