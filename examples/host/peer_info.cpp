#include "peer_info.hpp"

#include <boost/json.hpp>
#include <boost/json/src.hpp>  // header-only

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

namespace host {

namespace json = boost::json;

namespace {

constexpr std::size_t max_text = 64;
constexpr std::size_t max_list = 16;

/// What was wrong with one field.
struct Fault {
    std::string_view field;
};

bool is_printable(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

std::string text(const json::value& value, std::string_view field) {
    const json::string* found = value.if_string();
    if (found == nullptr || found->empty() || found->size() > max_text || !is_printable(*found)) throw Fault{field};
    return std::string(*found);
}

const json::value& at(const json::object& object, std::string_view field) {
    const json::value* found = object.if_contains(field);
    if (found == nullptr) throw Fault{field};
    return *found;
}

std::vector<std::string> list(const json::object& object, std::string_view field) {
    const json::array* found = at(object, field).if_array();
    if (found == nullptr || found->size() > max_list) throw Fault{field};
    std::vector<std::string> all;
    for (const json::value& one : *found) all.push_back(text(one, field));
    return all;
}

}  // namespace

std::string encode(const PeerInfo& info) {
    return json::serialize(json::object{{"name", info.name},
                                        {"version", info.version},
                                        {"protocols", json::value_from(info.protocols)},
                                        {"listening", json::value_from(info.listening)},
                                        {"reachable", json::value_from(info.reachable)}});
}

std::variant<PeerInfo, Malformed> decode_peer_info(std::string_view bytes) {
    error_code error;
    const json::value parsed = json::parse(bytes, error);
    if (error) return Malformed{error.message()};
    const json::object* object = parsed.if_object();
    if (object == nullptr) return Malformed{"not an object"};
    try {
        return PeerInfo{.name = text(at(*object, "name"), "name"),
                        .version = text(at(*object, "version"), "version"),
                        .protocols = list(*object, "protocols"),
                        .listening = list(*object, "listening"),
                        .reachable = list(*object, "reachable")};
    } catch (const Fault& fault) {
        return Malformed{fmt::format("bad \"{}\"", fault.field)};
    }
}

}  // namespace host
