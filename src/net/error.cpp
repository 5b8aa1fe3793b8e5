#include <event/net/error.hpp>

#include <fmt/format.h>

#include <string>

namespace event::net {
namespace {

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"  // the base's
class Category final : public boost::system::error_category {
public:
    constexpr Category() noexcept : error_category(0x6576656e742e6e65ULL) {}  // one, also across shared libraries

    const char* name() const noexcept override { return "event.net"; }

    std::string message(int value) const override { return message(value, nullptr, 0); }

    const char* message(int value, char*, std::size_t) const noexcept override {
        switch (static_cast<errc>(value)) {
            case errc::truncated:
                return "the input ends before the value does";
            case errc::trailing_bytes:
                return "the input goes on behind the value";
            case errc::too_large:
                return "larger than the type may be (max_wire_size)";
            case errc::too_deep:
                return "nested deeper than the type may be (max_wire_depth)";
            case errc::too_many_elements:
                return "more elements than the type may have (max_wire_elements)";
            case errc::not_canonical:
                return "a number or bool that is not in its one form";
            case errc::out_of_range:
                return "a number that the field cannot hold";
            case errc::unknown_choice:
                return "an alternative that there is none of";
            case errc::duplicate_key:
                return "a key that was there before";
            case errc::invalid_value:
                return "a value that its type refuses";
            case errc::valueless:
                return "a variant without a value";
            case errc::schema_mismatch:
                return "the type is another one on the other side";
            case errc::invalid_json:
                return "not JSON";
            case errc::invalid_utf8:
                return "a text that is not UTF-8";
            case errc::wrong_kind:
                return "JSON of another kind than the field";
            case errc::missing_field:
                return "a field is missing";
            case errc::unknown_field:
                return "a field that the type does not have";
            case errc::no_room:
                return "the peer's queue is full";
            case errc::too_many_peers:
                return "as many peers as may be are known";
            case errc::unreachable:
                return "the peer was without a link for too long";
            case errc::unconfirmed:
                return "sent, and nobody knows what became of it";
            case errc::not_answered:
                return "nobody answers requests of this type";
            case errc::request_failed:
                return "who should have answered has failed";
            case errc::wrong_answer:
                return "the answer is of another type";
        }
        return value == 0 ? "success" : "unknown event.net error";
    }
};
#pragma GCC diagnostic pop

}  // namespace

const boost::system::error_category& error_category() noexcept {
    static constexpr Category category;
    return category;
}

void Where::is_in_field(std::string_view name) { path.insert(0, fmt::format(".{}", name)); }

void Where::is_in_element(std::size_t index) { path.insert(0, fmt::format("[{}]", index)); }

std::string to_string(const Where& where) {
    return where.path.empty() ? fmt::format("byte {}", where.offset)
                              : fmt::format("byte {}, in {}", where.offset, where.path);
}

}  // namespace event::net
