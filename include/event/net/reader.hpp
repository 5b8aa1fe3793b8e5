#pragma once

/// A view of bytes that came from elsewhere, read one value behind the other. Every read is checked: against the bytes
/// that are left, and against the limits. Nothing here throws or allocates.
///
/// A failure stays: it leaves nothing more to be read, and `error()` says what was first. A read that fails leaves what
/// it was to fill as it is.
///
/// Ownership: it refers to the bytes, and to the `Where` if one is given, both of which outlive it.
/// Threads: one at a time.

#include <event/net/detail/bounded.hpp>

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace event::net {

class Reader : public detail::Bounded {
public:
    explicit Reader(std::span<const std::byte> bytes, Limits limits = {}, Where* where = nullptr) noexcept
        : Bounded(limits, where), begin_(bytes.data()), next_(begin_), end_(begin_ + bytes.size()) {
        if (bytes.size() > limits.size) fail(errc::too_large);
    }
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;

    /// By `Codec<T>`; defined in `codec.hpp`.
    template <class T>
    [[nodiscard]] error_code read(T& value);

    [[nodiscard]] error_code read_byte(std::byte& byte) {
        if (next_ == end_) return fail(errc::truncated);
        byte = *next_++;
        return {};
    }

    /// As `Writer` writes it: one that is longer than it has to be, or than 64 bits, is refused.
    [[nodiscard]] error_code read_varint(std::uint64_t& number) {
        if (next_ == end_ || *next_ >= std::byte{0x80}) return read_long_varint(number);
        number = std::to_integer<std::uint64_t>(*next_++);
        return {};
    }

    [[nodiscard]] error_code read_zigzag(std::int64_t& number) {
        std::uint64_t folded = 0;
        if (const error_code error = read_varint(folded)) return error;
        number = static_cast<std::int64_t>(folded >> 1) ^ -static_cast<std::int64_t>(folded & 1);
        return {};
    }

    [[nodiscard]] error_code read_float(float& number) { return read_fixed<std::uint32_t>(number); }
    [[nodiscard]] error_code read_float(double& number) { return read_fixed<std::uint64_t>(number); }

    /// All of them at once, as `read_float` would each; false, and nothing is read, where this machine is not
    /// little-endian, or there are not so many.
    template <std::floating_point Float>
    [[nodiscard]] bool read_floats(std::span<Float> numbers) noexcept {
        if (std::endian::native != std::endian::little || numbers.size_bytes() > left()) return false;
        if (!numbers.empty()) std::memcpy(numbers.data(), next_, numbers.size_bytes());
        next_ += numbers.size_bytes();
        return true;
    }

    /// Views them where they lie.
    [[nodiscard]] error_code read_bytes(std::uint64_t size, std::span<const std::byte>& bytes) {
        if (size > left()) return fail(errc::truncated);
        bytes = {next_, next_ + size};
        next_ += size;
        return {};
    }

    /// How many elements follow, each of at least `least` bytes: no more than can be there. `weight`: as how many each
    /// counts towards the limit.
    [[nodiscard]] error_code read_count(std::size_t& count, std::size_t least, std::size_t weight = 1) {
        std::uint64_t read = 0;
        const std::byte* const at = next_;
        if (const error_code error = read_varint(read)) return error;
        const bool is_too_much = least != 0 && read > left() / least;
        if (const error_code error = is_too_much ? errc::truncated : take_elements(read, weight)) {
            next_ = at;
            return fail(error);
        }
        count = read;  // which is below the limit
        return {};
    }

    /// What has its length before it. Until `close_part` it is all that is left; then what was not read of it is
    /// skipped. After a failure there is nothing to close.
    struct Part {
        const std::byte* outer_end = nullptr;
    };
    [[nodiscard]] error_code open_part(Part& part) {
        std::uint64_t size = 0;
        if (const error_code error = read_varint(size)) return error;
        if (size > left()) return fail(errc::truncated);
        part.outer_end = end_;
        end_ = next_ + size;
        return {};
    }
    void close_part(const Part& part) noexcept {
        if (failed()) return;
        next_ = end_;
        end_ = part.outer_end;
    }

    /// In bytes.
    [[nodiscard]] std::size_t left() const noexcept { return static_cast<std::size_t>(end_ - next_); }
    [[nodiscard]] std::size_t offset() const noexcept { return static_cast<std::size_t>(next_ - begin_); }

    /// Returns the first failure.
    error_code fail(const error_code& error) {
        keep(error, offset());
        end_ = next_;
        return this->error();
    }

private:
    error_code read_long_varint(std::uint64_t& number);

    template <std::unsigned_integral Bits, class Float>
    error_code read_fixed(Float& number) {
        std::span<const std::byte> bytes;
        if (const error_code error = read_bytes(sizeof(Bits), bytes)) return error;
        Bits bits = 0;
        for (unsigned shift = 0; const std::byte byte : bytes) {
            bits |= std::to_integer<Bits>(byte) << shift;
            shift += 8;
        }
        number = std::bit_cast<Float>(bits);
        return {};
    }

    const std::byte* begin_;
    const std::byte* next_;
    const std::byte* end_;  // of the part that is being read
};

}  // namespace event::net
