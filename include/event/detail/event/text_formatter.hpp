#pragma once

#include <fmt/format.h>

namespace event::detail {

/// The base of a `fmt::formatter<T>` whose `print(value, out)` writes a text to an output iterator. It takes the format
/// specification of a string.
template <class T>
class TextFormatter : public fmt::formatter<fmt::string_view> {
public:
    template <class Context>
    auto format(const T& value, Context& context) const {
        fmt::memory_buffer text;
        fmt::formatter<T>::print(value, fmt::appender(text));
        return fmt::formatter<fmt::string_view>::format(fmt::string_view(text.data(), text.size()), context);
    }
};

}  // namespace event::detail
