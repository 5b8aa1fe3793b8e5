#include <event/net/detail/json_document.hpp>

#include <boost/json/basic_parser_impl.hpp>

#include <algorithm>
#include <limits>
#include <utility>

namespace event::net::detail {

/// What Boost.JSON's parser tells of what it finds.
class JsonBuilder {
public:
    using Kind = JsonDocument::Kind;
    using Text = boost::json::string_view;
    using Error = boost::system::error_code;

    static constexpr std::size_t max_object_size = std::numeric_limits<std::size_t>::max();
    static constexpr std::size_t max_array_size = max_object_size;
    static constexpr std::size_t max_key_size = max_object_size;
    static constexpr std::size_t max_string_size = max_object_size;

    explicit JsonBuilder(JsonDocument& document) noexcept : nodes_(document.nodes_), texts_(document.texts_) {}

    bool on_document_begin(Error&) { return true; }
    bool on_document_end(Error&) { return true; }
    bool on_object_begin(Error&) { return open(Kind::object); }
    bool on_object_end(std::size_t size, Error& error) {
        const std::size_t object = close(size);
        if (!has_key_twice(object)) return true;
        error = errc::duplicate_key;
        return false;
    }
    bool on_array_begin(Error&) { return open(Kind::array); }
    bool on_array_end(std::size_t size, Error&) {
        close(size);
        return true;
    }
    bool on_key_part(Text text, std::size_t, Error&) { return on_part(text); }
    bool on_key(Text text, std::size_t, Error&) { return add(Kind::string, text); }
    bool on_string_part(Text text, std::size_t, Error&) { return on_part(text); }
    bool on_string(Text text, std::size_t, Error&) { return add(Kind::string, text); }
    bool on_number_part(Text text, Error&) { return on_part(text); }
    bool on_int64(std::int64_t, Text text, Error&) { return add(Kind::number, text); }
    bool on_uint64(std::uint64_t, Text text, Error&) { return add(Kind::number, text); }
    bool on_double(double, Text text, Error&) { return add(Kind::number, text); }
    bool on_bool(bool is_true, Error&) {
        nodes_.push_back({.kind = Kind::boolean, .is_true = is_true, .end = next() + 1});
        return true;
    }
    bool on_null(Error&) {
        nodes_.push_back({.kind = Kind::null, .end = next() + 1});
        return true;
    }
    bool on_comment_part(Text, Error&) { return true; }
    bool on_comment(Text, Error&) { return true; }

private:
    [[nodiscard]] std::uint32_t next() const noexcept { return static_cast<std::uint32_t>(nodes_.size()); }

    bool on_part(Text text) {
        texts_.append(text.data(), text.size());
        return true;
    }

    bool add(Kind kind, Text last_part) {
        on_part(last_part);
        const auto size = static_cast<std::uint32_t>(texts_.size() - text_begin_);
        nodes_.push_back({.kind = kind, .size = size, .text_begin = text_begin_, .end = next() + 1});
        text_begin_ += size;
        return true;
    }

    bool open(Kind kind) {
        open_.push_back(next());
        nodes_.push_back({.kind = kind});
        return true;
    }

    std::size_t close(std::size_t size) {
        const std::uint32_t closed = open_.back();
        open_.pop_back();
        nodes_[closed].size = static_cast<std::uint32_t>(size);
        nodes_[closed].end = next();
        return closed;
    }

    bool has_key_twice(std::size_t object) {
        keys_.clear();
        for (std::size_t key = object + 1; key < nodes_[object].end; key = nodes_[key + 1].end) {
            keys_.push_back(std::string_view(texts_).substr(nodes_[key].text_begin, nodes_[key].size));
        }
        std::sort(keys_.begin(), keys_.end());
        return std::adjacent_find(keys_.begin(), keys_.end()) != keys_.end();
    }

    std::vector<JsonDocument::Node>& nodes_;
    std::string& texts_;
    std::uint32_t text_begin_ = 0;        // of the string or number that is being read
    std::vector<std::uint32_t> open_;     // arrays and objects
    std::vector<std::string_view> keys_;  // of one object, its memory used again
};

error_code JsonDocument::parse(std::string_view text, std::size_t max_depth, std::size_t& offset) {
    nodes_.clear();
    texts_.clear();
    offset = 0;
    if (text.size() >= std::numeric_limits<std::uint32_t>::max()) return errc::too_large;
    boost::json::parse_options options;
    options.max_depth = max_depth;
    boost::json::basic_parser<JsonBuilder> parser(options, *this);
    boost::system::error_code error;
    offset = parser.write_some(false, text.data(), text.size(), error);
    if (!error && offset < text.size()) error = errc::invalid_json;  // there is something behind it
    if (!error) return {};
    if (error == boost::json::error::too_deep) return errc::too_deep;
    return error.category() == error_category() ? error : errc::invalid_json;
}

}  // namespace event::net::detail
