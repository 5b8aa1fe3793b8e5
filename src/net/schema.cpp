#include <event/net/schema.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace event::net {
namespace {

constexpr std::string_view grows = "...";

struct Field {
    std::string_view text;  // "port: u16"
    std::string_view type;
};

struct Definition {
    std::string_view name;
    std::vector<Field> fields;
    bool is_extensible = false;
};

/// Cuts `text` at the separator, of which there is none in a part.
std::vector<std::string_view> split(std::string_view text, std::string_view separator) {
    std::vector<std::string_view> parts;
    for (;;) {
        const std::size_t end = text.find(separator);
        parts.push_back(text.substr(0, end));
        if (end == std::string_view::npos) return parts;
        text.remove_prefix(end + separator.size());
    }
}

class Schema {
public:
    explicit Schema(std::string_view text) {
        const std::vector<std::string_view> parts = split(text, "; ");
        const std::size_t brace = parts.front().find('{');
        root_ = parts.front().substr(0, brace);
        is_valid_ = !root_.empty();
        for (std::size_t i = brace == std::string_view::npos ? 1 : 0; i < parts.size(); ++i) {
            is_valid_ = is_valid_ && add(parts[i]);
        }
    }

    [[nodiscard]] bool is_valid() const noexcept { return is_valid_; }
    /// How the event itself is named where a field would name it.
    [[nodiscard]] std::string_view root() const noexcept { return root_; }
    [[nodiscard]] const std::map<std::string_view, Definition>& definitions() const noexcept { return definitions_; }
    [[nodiscard]] const Definition* find(std::string_view name) const {
        const auto found = definitions_.find(name);
        return found == definitions_.end() ? nullptr : &found->second;
    }

private:
    bool add(std::string_view text) {
        const std::size_t brace = text.find('{');
        if (brace == std::string_view::npos || text.back() != '}') return false;
        Definition definition;
        definition.name = text.substr(0, brace);
        const std::string_view body = text.substr(brace + 1, text.size() - brace - 2);
        if (!body.empty()) {
            for (const std::string_view field : split(body, ", ")) {
                if (definition.is_extensible) return false;
                if (field == grows) {
                    definition.is_extensible = true;
                    continue;
                }
                const std::size_t colon = field.find(": ");
                if (colon == std::string_view::npos) return false;
                definition.fields.push_back({field, field.substr(colon + 2)});
            }
        }
        return definitions_.emplace(definition.name, std::move(definition)).second;
    }

    std::string_view root_;
    std::map<std::string_view, Definition> definitions_;
    bool is_valid_ = false;
};

/// What the other side sent, fit for a log.
std::string quoted(std::string_view text) {
    constexpr std::size_t most = 120;
    std::string result = "`";
    for (const char c : text.substr(0, most)) result += c >= ' ' && c <= '~' ? c : '?';
    return result + (text.size() > most ? "…`" : "`");
}

/// Whether a field of this type has one of the type that is called so.
bool mentions(std::string_view type, std::string_view name) {
    for (std::size_t at = type.find(name); at != std::string_view::npos; at = type.find(name, at + 1)) {
        const std::size_t end = at + name.size();
        const bool begins = at == 0 || type[at - 1] == '<' || type[at - 1] == ',';
        if (begins && (end == type.size() || type[end] == '>' || type[end] == ',')) return true;
    }
    return false;
}

/// From the event's type inwards, each type once.
class Comparison {
public:
    Comparison(const Schema& ours, const Schema& theirs) : ours_(ours), theirs_(theirs) {}

    std::optional<std::string> run() {
        if (ours_.root() != theirs_.root()) {
            return fmt::format("ours is {}, theirs {}", quoted(ours_.root()), quoted(theirs_.root()));
        }
        meet(ours_.root());
        for (std::size_t i = 0; i < met_.size(); ++i) {
            if (auto difference = compare(*met_[i])) return difference;
        }
        return std::nullopt;
    }

private:
    void meet(std::string_view type) {
        for (const auto& [name, definition] : ours_.definitions()) {
            if (mentions(type, name) && std::find(met_.begin(), met_.end(), &definition) == met_.end()) {
                met_.push_back(&definition);
            }
        }
    }

    std::optional<std::string> compare(const Definition& ours) {
        const Definition* const found = theirs_.find(ours.name);
        if (found == nullptr) return fmt::format("{}: theirs is not there", quoted(ours.name));
        const Definition& theirs = *found;
        const std::size_t common = std::min(ours.fields.size(), theirs.fields.size());
        for (std::size_t i = 0; i < common; ++i) {
            if (ours.fields[i].text != theirs.fields[i].text) {
                return fmt::format("{}: ours has {}, theirs {}", ours.name, quoted(ours.fields[i].text),
                                   quoted(theirs.fields[i].text));
            }
        }
        if (ours.is_extensible != theirs.is_extensible) {
            return fmt::format("{}: {} may get further fields, {} may not (event_wire_extensible)", ours.name,
                               ours.is_extensible ? "ours" : "theirs", ours.is_extensible ? "theirs" : "ours");
        }
        if (!ours.is_extensible && ours.fields.size() > common) {
            return fmt::format("{}: ours has {}, theirs nothing there", ours.name, quoted(ours.fields[common].text));
        }
        if (!ours.is_extensible && theirs.fields.size() > common) {
            return fmt::format("{}: ours has nothing where theirs has {}", ours.name,
                               quoted(theirs.fields[common].text));
        }
        for (std::size_t i = 0; i < common; ++i) meet(ours.fields[i].type);
        return std::nullopt;
    }

    const Schema& ours_;
    const Schema& theirs_;
    std::vector<const Definition*> met_;
};

}  // namespace

std::optional<std::string> schema_difference(std::string_view ours, std::string_view theirs) {
    if (ours == theirs) return std::nullopt;
    const Schema our_schema(ours);
    const Schema their_schema(theirs);
    if (!our_schema.is_valid()) return fmt::format("ours is no schema: {}", quoted(ours));
    if (!their_schema.is_valid()) return fmt::format("theirs is no schema: {}", quoted(theirs));
    for (const auto& [name, definition] : their_schema.definitions())
        if (detail::is_kind_name(name)) return fmt::format("theirs has a type that is called {}", quoted(name));
    return Comparison(our_schema, their_schema).run();
}

}  // namespace event::net
