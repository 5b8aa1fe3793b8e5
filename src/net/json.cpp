#include <event/net/detail/json_reader.hpp>
#include <event/net/detail/json_writer.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <system_error>

namespace event::net::detail {
namespace {

constexpr std::string_view base64_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// How long the UTF-8 character is with which `text` begins (RFC 3629: no surrogates, nothing overlong); 0: it is none.
std::size_t utf8_length(std::string_view text) noexcept {
    const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned first = byte(0);
    if (first < 0x80) return 1;
    const std::size_t length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xc0) != 0x80) return 0;
    }
    const unsigned second = byte(1);
    const bool is_overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
    const bool is_surrogate = first == 0xed && second > 0x9f;
    const bool is_beyond = first == 0xf4 && second > 0x8f;
    return is_overlong || is_surrogate || is_beyond ? 0 : length;
}

template <class Number>
void add_characters(JsonWriter& writer, Number number) {
    std::array<char, 32> characters{};
    const auto result = std::to_chars(characters.data(), characters.data() + characters.size(), number);
    writer.add({characters.data(), result.ptr});
}

/// JSON has no numbers for these: the texts that Protocol Buffers' JSON has.
template <class Float>
void add_float(JsonWriter& writer, Float number) {
    if (std::isnan(number)) return writer.add("\"NaN\"");
    if (std::isinf(number)) return writer.add(number > 0 ? "\"Infinity\"" : "\"-Infinity\"");
    if (number == 0) return writer.add(std::signbit(number) ? "-0.0" : "0");
    add_characters(writer, number);
}

template <class Float>
error_code read_float(JsonReader& reader, Float& number) {
    const std::string_view text = reader.text(reader.next());
    if (reader.next_is(JsonReader::Kind::string)) {
        if (text == "NaN") {
            number = std::numeric_limits<Float>::quiet_NaN();
        } else if (text == "Infinity" || text == "-Infinity") {
            number = std::numeric_limits<Float>::infinity() * (text[0] == '-' ? Float{-1} : Float{1});
        } else {
            return reader.fail(errc::wrong_kind);
        }
    } else {
        if (const error_code error = reader.expect(JsonReader::Kind::number)) return error;
        const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
        if (result.ec != std::errc{}) return reader.fail(errc::out_of_range);
    }
    reader.take();
    return {};
}

template <class Integer>
error_code read_integer(JsonReader& reader, Integer& number) {
    if (const error_code error = reader.expect(JsonReader::Kind::number)) return error;
    const std::string_view text = reader.text(reader.next());
    if (text.find_first_of(".eE") != std::string_view::npos) return reader.fail(errc::wrong_kind);
    const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
    if (result.ec != std::errc{}) return reader.fail(errc::out_of_range);  // a minus before an unsigned one, too
    reader.take();
    return {};
}

}  // namespace

void JsonWriter::add_number(std::uint64_t number) { add_characters(*this, number); }
void JsonWriter::add_number(std::int64_t number) { add_characters(*this, number); }
void JsonWriter::add_number(float number) { add_float(*this, number); }
void JsonWriter::add_number(double number) { add_float(*this, number); }

void JsonWriter::add_string(std::string_view text) {
    static constexpr std::string_view hex = "0123456789abcdef";
    static constexpr std::string_view short_escapes = "\"\"\\\\\bb\ff\nn\rr\tt";
    add("\"");
    while (!text.empty() && !failed()) {
        const std::size_t length = utf8_length(text);
        if (length == 0) return fail(errc::invalid_utf8);
        const char c = text[0];
        if (const std::size_t escape = short_escapes.find(c); escape % 2 == 0) {
            add("\\");
            add(short_escapes.substr(escape + 1, 1));
        } else if (length == 1 && static_cast<unsigned char>(c) < 0x20) {
            add("\\u00");
            add(hex.substr(static_cast<unsigned char>(c) >> 4, 1));
            add(hex.substr(static_cast<unsigned char>(c) & 15, 1));
        } else {
            add(text.substr(0, length));
        }
        text.remove_prefix(length);
    }
    add("\"");
}

void JsonWriter::add_base64(std::span<const std::byte> bytes) {
    add("\"");
    for (std::size_t i = 0; i < bytes.size() && !failed(); i += 3) {
        const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
        unsigned bits = 0;
        for (std::size_t j = 0; j < 3; ++j)
            bits = bits << 8 | (j < count ? std::to_integer<unsigned>(bytes[i + j]) : 0);
        std::array<char, 4> four{};
        for (std::size_t j = 0; j < 4; ++j) four[j] = j <= count ? base64_digits[bits >> (18 - 6 * j) & 63] : '=';
        add({four.data(), four.size()});
    }
    add("\"");
}

error_code JsonReader::read_number(float& number) { return read_float(*this, number); }
error_code JsonReader::read_number(double& number) { return read_float(*this, number); }
error_code JsonReader::read_number(std::int64_t& number) { return read_integer(*this, number); }
error_code JsonReader::read_number(std::uint64_t& number) { return read_integer(*this, number); }

error_code JsonReader::read_base64(std::vector<std::byte>& bytes) {
    if (const error_code error = expect(Kind::string)) return error;
    std::string_view text = this->text(next());
    if (text.size() % 4 != 0) return fail(errc::invalid_value);
    bytes.clear();
    for (; !text.empty(); text.remove_prefix(4)) {
        const std::size_t padding = text.size() > 4 ? 0 : std::size_t{text[3] == '='} + std::size_t{text[2] == '='};
        unsigned bits = 0;
        for (std::size_t i = 0; i < 4; ++i) {
            const std::size_t digit = i < 4 - padding ? base64_digits.find(text[i]) : 0;
            if (digit == std::string_view::npos) return fail(errc::invalid_value);
            bits = bits << 6 | static_cast<unsigned>(digit);
        }
        for (std::size_t i = 0; i < 3 - padding; ++i)
            bytes.push_back(static_cast<std::byte>(bits >> (16 - 8 * i) & 0xff));
        if ((bits & ((1U << (8 * padding)) - 1)) != 0) return fail(errc::not_canonical);
    }
    take();
    return {};
}

std::string printable_key(std::string_view key) {
    constexpr std::size_t most = 60;
    std::string result;
    for (const char c : key.substr(0, most)) result += c >= ' ' && c <= '~' ? c : '?';
    return key.size() > most ? result + "…" : result;
}

}  // namespace event::net::detail
