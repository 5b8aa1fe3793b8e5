#include "bus/unique_name.hpp"

#include <fmt/format.h>

#include <string_view>

namespace event::detail {

std::string file_and_line(const std::source_location& where) {
    std::string_view file = where.file_name();
    file.remove_prefix(file.find_last_of("/\\") + 1);  // npos + 1 is 0: no folder
    return fmt::format("{}:{}", file, where.line());
}

std::string unique_name(const std::source_location& where, std::uint64_t number) {
    return fmt::format("{}#{}", file_and_line(where), number);
}

}  // namespace event::detail
