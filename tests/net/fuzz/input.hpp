#pragma once

#include <string>
#include <string_view>

/// What must hold for any input at all; each returns what does not, or nothing. The first character of an input says
/// for which type it is, where there are several.
namespace net_fuzz {

[[nodiscard]] std::string fault_of_bytes(std::string_view input);
[[nodiscard]] std::string fault_of_json(std::string_view input);
/// As the schema of the other side.
[[nodiscard]] std::string fault_of_schema(std::string_view input);
/// As the story of a link.
[[nodiscard]] std::string fault_of_protocol(std::string_view input);
/// As the story of two messengers.
[[nodiscard]] std::string fault_of_session(std::string_view input);

}  // namespace net_fuzz
