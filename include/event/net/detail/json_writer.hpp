#pragma once

#include <event/net/detail/bounded.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace event::net::detail {

/// JSON, written one value behind the other at the end of a text. A failure stays, as with `Writer`.
class JsonWriter : public Bounded {
public:
    JsonWriter(std::string& out, const Limits& limits, Where* where) noexcept
        : Bounded(limits, where), out_(out), left_(limits.size) {}
    JsonWriter(const JsonWriter&) = delete;
    JsonWriter& operator=(const JsonWriter&) = delete;

    /// Defined in `json_write.hpp`.
    template <class T>
    void write(const T& value);

    /// As it stands.
    void add(std::string_view json) {
        if (json.size() > left_) return fail(errc::too_large);
        left_ -= json.size();
        out_.append(json);
    }
    void add_number(std::uint64_t number);
    void add_number(std::int64_t number);
    void add_number(float number);
    void add_number(double number);
    /// In quotes, and escaped.
    void add_string(std::string_view text);
    void add_base64(std::span<const std::byte> bytes);

    [[nodiscard]] std::size_t left() const noexcept { return left_; }

    void fail(const error_code& error) {
        keep(error, 0);
        left_ = 0;
    }

private:
    std::string& out_;
    std::size_t left_;  // characters that may still come
};

}  // namespace event::net::detail
