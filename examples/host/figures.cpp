#include "figures.hpp"

#include <event/net/json.hpp>

namespace host {

std::string to_line(const Figures& figures) {
    std::string line;
    if (event::net::to_json(figures, line)) return "{}";  // a fault that is not UTF-8
    return line;
}

std::optional<Figures> figures_from(std::string_view line) {
    Figures figures;
    if (event::net::from_json(line, figures)) return std::nullopt;
    return figures;
}

}  // namespace host
