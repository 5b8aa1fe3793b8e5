#include <event/detail/event/event_type.hpp>

#include <fmt/format.h>

namespace event::detail {

fmt::appender print_name_and_size(fmt::appender out, std::string_view name, std::size_t size) {
    return fmt::format_to(out, "{} ({} byte{})", name, size, size == 1 ? "" : "s");
}

}  // namespace event::detail
