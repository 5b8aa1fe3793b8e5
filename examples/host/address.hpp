#pragma once

/// Network addresses as people write them: HOST:PORT, with an IPv6 address in brackets.

#include "asio.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace host {

struct Address {
    std::string host;
    unsigned short port = 0;
};

/// None if it is not HOST:PORT with a port of 0 to 65535.
[[nodiscard]] std::optional<Address> parse_address(std::string_view text);

[[nodiscard]] std::string to_string(const tcp::endpoint& endpoint);

}  // namespace host
