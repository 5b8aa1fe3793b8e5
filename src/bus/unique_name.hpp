#pragma once

#include <cstdint>
#include <source_location>
#include <string>

namespace event::detail {

/// "file.cpp:42", without the folders of the machine that built it.
[[nodiscard]] std::string file_and_line(const std::source_location& where);

/// "file.cpp:42#3": where the third subscription of its bus was made.
[[nodiscard]] std::string unique_name(const std::source_location& where, std::uint64_t number);

}  // namespace event::detail
