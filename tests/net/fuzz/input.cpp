#include "net/bytes.hpp"
#include "net/fuzz/input.hpp"
#include "net/types.hpp"

#include <event/net/codec.hpp>
#include <event/net/json.hpp>
#include <event/net/schema.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace net_fuzz {
namespace {

using event::net::decode;
using event::net::encode;
using event::net::errc;
using event::net::error_code;
using event::net::from_json;
using event::net::to_json;
using event::net::Where;
using namespace net_test;

/// The fields of an older type that were not there are written with their defaults, which may be too much.
bool may_grow(const error_code& error) { return error == errc::too_large; }

template <class T>
std::string fault_of_value(const T& value) {
    Bytes bytes;
    if (const error_code error = encode(value, bytes)) {
        return may_grow(error) ? "" : "was read, and cannot be written: " + error.message();
    }
    T again{};
    Where where;
    if (const error_code error = decode(bytes, again, &where)) {
        return "was written, and cannot be read: " + error.message() + " at " + to_string(where);
    }
    Bytes bytes_again;
    if (encode(again, bytes_again) || bytes_again.size() != bytes.size())
        return "is another value when it is read again";

    std::string text;
    if (const error_code error = to_json(value, text)) {
        const bool may_be = may_grow(error) || error == errc::invalid_utf8;
        return may_be ? "" : "cannot be written as JSON: " + error.message();
    }
    T of_text{};
    if (const error_code error = from_json(text, of_text, &where)) {
        return "was written as JSON, and cannot be read: " + error.message() + " at " + to_string(where) + "\n" + text;
    }
    std::string text_again;
    bytes_again.clear();
    if (to_json(of_text, text_again) || text_again.size() != text.size()) return "is other JSON again";
    if (encode(of_text, bytes_again) || bytes_again.size() != bytes.size()) return "is another value as JSON";
    return "";
}

/// A number in one of its bytes, an element too few: whatever it becomes, it is one thing or none.
template <class T>
std::string fault_of_bytes_as(std::string_view input) {
    const auto bytes = std::as_bytes(std::span(input));
    T value{};
    Where where;
    if (decode(bytes, value, &where)) return where.offset <= input.size() ? "" : "fails beyond its end";
    return fault_of_value(value);
}

template <class T>
std::string fault_of_json_as(std::string_view input) {
    T value{};
    Where where;
    if (from_json(input, value, &where)) return where.offset <= input.size() ? "" : "fails beyond its end";
    return fault_of_value(value);
}

template <template <class> class Fault>
std::string fault_by_type(std::string_view input) {
    if (input.empty()) return "";
    const auto type = static_cast<unsigned char>(input.front());
    input.remove_prefix(1);
    switch (type % 11) {
        case 0:
            return Fault<Numbers>::of(input);
        case 1:
            return Fault<Times>::of(input);
        case 2:
            return Fault<Texts>::of(input);
        case 3:
            return Fault<Lists>::of(input);
        case 4:
            return Fault<Choices>::of(input);
        case 5:
            return Fault<Tree>::of(input);
        case 6:
            return Fault<Growing>::of(input);
        case 7:
            return Fault<WithEven>::of(input);
        case 8:
            return Fault<Small>::of(input);
        case 9:
            return Fault<New>::of(input);
        default:
            return Fault<Everything>::of(input);
    }
}

template <class T>
struct OfBytes {
    static std::string of(std::string_view input) { return fault_of_bytes_as<T>(input); }
};
template <class T>
struct OfJson {
    static std::string of(std::string_view input) { return fault_of_json_as<T>(input); }
};

}  // namespace

std::string fault_of_bytes(std::string_view input) { return fault_by_type<OfBytes>(input); }

std::string fault_of_json(std::string_view input) { return fault_by_type<OfJson>(input); }

std::string fault_of_schema(std::string_view input) {
    for (const std::string_view ours : {event::net::schema<New>(), event::net::schema<Everything>()}) {
        const std::optional<std::string> difference = event::net::schema_difference(ours, input);
        if (!difference && ours != input && input.find("...") == std::string_view::npos) return "differs unnoticed";
        if (difference && difference->size() > 1'000) return "makes a long sentence";
        const auto is_odd = [](char c) { return static_cast<unsigned char>(c) < ' '; };
        if (difference && std::any_of(difference->begin(), difference->end(), is_odd)) return "is printed as it came";
    }
    return event::net::schema_difference(input, input) ? "differs from itself" : "";
}

}  // namespace net_fuzz
