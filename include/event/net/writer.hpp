#pragma once

/// Bytes, written one value behind the other at the end of a buffer that the caller keeps and uses again.
///
/// A failure stays: what is written afterwards goes nowhere, and `error()` says what was first. So an encoder checks
/// nothing in between; it may stop early if it likes.
///
/// Ownership: it refers to the buffer, and to the limits' `Where` if one is given, both of which outlive it.
/// Threads: one at a time. Cost: no allocation but the buffer's own growth.

#include <event/net/detail/bounded.hpp>

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace event::net {

class Writer : public detail::Bounded {
public:
    explicit Writer(std::vector<std::byte>& out, Limits limits = {}, Where* where = nullptr) noexcept
        : Bounded(limits, where), out_(out), begin_(out.size()), left_(limits.size) {}
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

    /// By `Codec<T>`; defined in `codec.hpp`.
    template <class T>
    void write(const T& value);

    void write_byte(std::byte byte) {
        if (takes(1)) out_.push_back(byte);
    }

    /// Unsigned LEB128, in as few bytes as it goes: one to ten.
    void write_varint(std::uint64_t number) {
        if (number >= 0x80) return write_long_varint(number);
        write_byte(static_cast<std::byte>(number));
    }

    /// ZigZag, as Protocol Buffers call it: 0, -1, 1, -2, … are the varints 0, 1, 2, 3, …
    void write_zigzag(std::int64_t number) {
        write_varint((static_cast<std::uint64_t>(number) << 1) ^ static_cast<std::uint64_t>(number >> 63));
    }

    /// IEEE 754, little-endian: four bytes, eight.
    void write_float(float number) { write_fixed(std::bit_cast<std::uint32_t>(number)); }
    void write_float(double number) { write_fixed(std::bit_cast<std::uint64_t>(number)); }

    /// All of them at once, with the bytes that `write_float` has for each; false, and nothing is written, where this
    /// machine is not little-endian, or there is no room for all.
    template <std::floating_point Float>
    [[nodiscard]] bool write_floats(std::span<const Float> numbers) {
        if (std::endian::native != std::endian::little || numbers.size_bytes() > left_) return false;
        write_bytes(std::as_bytes(numbers));
        return true;
    }

    void write_bytes(std::span<const std::byte> bytes) {
        if (takes(bytes.size())) out_.insert(out_.end(), bytes.begin(), bytes.end());
    }

    /// How many elements follow; each counts as so many towards the limit.
    void write_count(std::size_t count, std::size_t weight = 1) {
        if (const error_code error = take_elements(count, weight)) return fail(error);
        write_varint(count);
    }

    /// What is written until `close_part` has its length before it, so that a reader can skip it.
    [[nodiscard]] std::size_t open_part() const noexcept { return out_.size(); }
    void close_part(std::size_t opened);

    /// Written since the beginning, in bytes.
    [[nodiscard]] std::size_t size() const noexcept { return out_.size() - begin_; }

    void fail(const error_code& error) {
        keep(error, size());
        left_ = 0;
    }

private:
    void write_long_varint(std::uint64_t number);

    /// After a failure it takes nothing.
    bool takes(std::size_t size) {
        if (size > left_) [[unlikely]] {
            fail(errc::too_large);
            return false;
        }
        left_ -= size;
        return true;
    }

    template <std::unsigned_integral Bits>
    void write_fixed(Bits bits) {
        std::byte bytes[sizeof(Bits)];
        for (std::byte& byte : bytes) {
            byte = static_cast<std::byte>(bits & 0xff);
            bits >>= 8;
        }
        write_bytes(bytes);
    }

    std::vector<std::byte>& out_;
    std::size_t begin_;
    std::size_t left_;  // bytes that may still come
};

static_assert(std::numeric_limits<float>::is_iec559 && std::numeric_limits<double>::is_iec559,
              "event: floating-point numbers are sent as IEEE 754 has them, which this machine does not");

}  // namespace event::net
