#pragma once

/// What a host has seen, as a line of JSON.

#include "sightings.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace host {

/// Without the line's end.
[[nodiscard]] std::string to_line(const Figures& figures);
/// None if it is something else.
[[nodiscard]] std::optional<Figures> figures_from(std::string_view line);

}  // namespace host
