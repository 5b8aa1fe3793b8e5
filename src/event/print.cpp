#include <event/detail/event/payload.hpp>

#include <fmt/format.h>

namespace event::detail {

fmt::appender print_name_and_size(fmt::appender out, std::string_view name, std::size_t size) {
    return fmt::format_to(out, "{} ({} byte{})", name, size, size == 1 ? "" : "s");
}

fmt::appender print_shared(const PayloadBase& payload, fmt::appender out) {
    const EventType& type = payload.type();
    return type.print != nullptr ? type.print(payload, out) : print_name_and_size(out, type.label(), type.id->size);
}

}  // namespace event::detail
