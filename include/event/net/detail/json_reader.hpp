#pragma once

#include <event/net/detail/bounded.hpp>
#include <event/net/detail/json_document.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace event::net::detail {

/// A document, read one value behind the other. A failure stays, as with `Reader`.
class JsonReader : public Bounded {
public:
    using Kind = JsonDocument::Kind;
    using Node = JsonDocument::Node;

    JsonReader(const JsonDocument& document, const Limits& limits, Where* where) noexcept
        : Bounded(limits, where), document_(document) {}
    JsonReader(const JsonReader&) = delete;
    JsonReader& operator=(const JsonReader&) = delete;

    /// Defined in `json_read.hpp`.
    template <class T>
    [[nodiscard]] error_code read(T& value);

    /// There is a next one wherever a value is asked for: counts are checked before.
    [[nodiscard]] const Node& next() const noexcept { return document_[next_]; }
    [[nodiscard]] bool next_is(Kind kind) const noexcept { return next().kind == kind; }
    [[nodiscard]] std::string_view text(const Node& node) const noexcept { return document_.text(node); }

    /// Goes into an array or object, or behind any other value.
    const Node& take() noexcept { return document_[next_++]; }
    /// Goes behind the value.
    void skip() noexcept { next_ = next().end; }

    [[nodiscard]] error_code expect(Kind kind) { return next_is(kind) ? error_code{} : fail(errc::wrong_kind); }
    /// Goes into an array of exactly so many.
    [[nodiscard]] error_code open_array(std::size_t size) {
        if (const error_code error = expect(Kind::array)) return error;
        return take().size == size ? error_code{} : fail(errc::wrong_kind);
    }
    /// Goes into what holds any number of elements, or entries; each counts as so many towards the limit.
    [[nodiscard]] error_code open_elements(Kind kind, std::size_t weight, std::size_t& count) {
        if (const error_code error = expect(kind)) return error;
        if (const error_code error = take_elements(next().size, weight)) return fail(error);
        count = take().size;
        return {};
    }

    [[nodiscard]] error_code read_number(float& number);
    [[nodiscard]] error_code read_number(double& number);
    [[nodiscard]] error_code read_number(std::int64_t& number);
    [[nodiscard]] error_code read_number(std::uint64_t& number);
    [[nodiscard]] error_code read_base64(std::vector<std::byte>& bytes);

    /// Of the document, so that what is made of it stays in proportion.
    [[nodiscard]] std::size_t left() const noexcept { return (document_.size() - next_) * sizeof(Node); }

    /// Returns the first failure.
    error_code fail(const error_code& error) {
        keep(error, 0);
        return this->error();
    }

private:
    const JsonDocument& document_;
    std::size_t next_ = 0;
};

/// A key that came from elsewhere, fit for a path: short, and printable.
[[nodiscard]] std::string printable_key(std::string_view key);

}  // namespace event::net::detail
