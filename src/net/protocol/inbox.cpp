#include "net/protocol/inbox.hpp"

#include <algorithm>

namespace event::net::protocol {
namespace {

struct Length {
    Inbox::Step step = Inbox::Step::more;  // until it is all there
    std::size_t size = 0;                  // of itself
    std::size_t frame = 0;                 // which follows it

    [[nodiscard]] std::size_t whole() const noexcept { return size + frame; }
};

constexpr std::size_t max_size = 5;  // a longer one says more than any limit

Length read_length(View bytes, std::size_t max_frame) {
    std::uint64_t length = 0;
    for (std::size_t i = 0; i != bytes.size(); ++i) {
        if (i == max_size) return {.step = Inbox::Step::too_large};
        const auto bits = std::to_integer<std::uint64_t>(bytes[i]);
        length |= (bits & 0x7f) << (7 * i);
        if ((bits & 0x80) != 0) continue;
        if (bits == 0) return {.step = Inbox::Step::malformed};  // nothing, or not in its shortest form
        if (length > max_frame) return {.step = Inbox::Step::too_large};
        return {.step = Inbox::Step::frame, .size = i + 1, .frame = length};
    }
    return {};
}

}  // namespace

void Inbox::keep(View& input, std::size_t count, std::size_t claimed) {
    was_needed_ = was_needed_ || claimed > worth_giving_back;
    const std::size_t size = kept_.size() + count;
    if (size > kept_.capacity()) kept_.reserve(std::min(claimed, std::max(size, 2 * kept_.size())));
    kept_.insert(kept_.end(), input.begin(), input.begin() + static_cast<std::ptrdiff_t>(count));
    input = input.subspan(count);
}

Inbox::Step Inbox::next(View& input, std::size_t max_frame, View& frame) {
    if (is_taken_) kept_.clear();
    is_taken_ = false;

    Length length = read_length(kept_.empty() ? input : View(kept_), max_frame);
    if (kept_.empty() && length.step == Step::frame && length.whole() <= input.size()) {
        frame = input.subspan(length.size, length.frame);
        input = input.subspan(length.whole());
        return Step::frame;
    }
    while (length.step == Step::more && !input.empty()) {
        keep(input, 1, max_size + 1);
        length = read_length(kept_, max_frame);
    }
    if (length.step != Step::frame) return length.step;

    keep(input, std::min(length.whole() - kept_.size(), input.size()), length.whole());
    if (kept_.size() != length.whole()) return Step::more;
    frame = View(kept_).subspan(length.size);
    is_taken_ = true;
    return Step::frame;
}

}  // namespace event::net::protocol
