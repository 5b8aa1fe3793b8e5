/// Events as bytes, and as text: what a codec makes of a struct without a line about it, and what becomes of a struct
/// that has changed.

#include <event/net/codec.hpp>
#include <event/net/json.hpp>
#include <event/net/schema.hpp>

#include <fmt/format.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace net = event::net;

// [types]
struct Address {
    static constexpr std::string_view event_name = "address";
    std::string host;
    std::uint16_t port = 0;
};
struct Connected {
    static constexpr std::string_view event_name = "connected";
    static constexpr std::size_t max_wire_size = 4096;  // bytes; 1 MiB unless said
    std::string peer;
    std::vector<Address> addresses;
    std::optional<std::chrono::milliseconds> round_trip;
};
// [types]

/// As an older program has it.
namespace before {
struct Address {
    static constexpr std::string_view event_name = "address";
    std::string host;
    std::uint32_t port = 0;
};
}  // namespace before

int main() {
    const Connected sent{.peer = "alice", .addresses = {{"::1", 4001}}, .round_trip = std::chrono::milliseconds(12)};
    // [bytes]
    std::vector<std::byte> bytes;  // kept, and used again
    if (net::encode(sent, bytes)) return EXIT_FAILURE;
    bytes.pop_back();  // on its way, something is lost

    Connected received;
    net::Where where;
    if (const auto error = net::decode(bytes, received, &where))
        fmt::print("{}: {}\n", to_string(where), error.message());  // and nothing is thrown, whatever the bytes are
    // [bytes]

    // [json]
    std::string text;
    if (net::to_json(sent, text)) return EXIT_FAILURE;
    fmt::print("{}\n", text);
    if (net::from_json(R"({"peer": "bob", "addresses": [{"host": "::1", "port": 70000}]})", received, &where))
        fmt::print("there is something wrong in {}\n", where.path);
    // [json]

    // [schema]
    fmt::print("{}\n", net::schema<Address>());  // and net::fingerprint<Address>() stands for it
    const auto difference = net::schema_difference(net::schema<Address>(), net::schema<before::Address>());
    fmt::print("{}\n", difference.value_or("none"));
    // [schema]
    return difference && where.path == ".addresses[0].port" ? EXIT_SUCCESS : EXIT_FAILURE;
}
