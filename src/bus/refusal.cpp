#include <event/detail/bus/bus_core.hpp>
#include <event/error.hpp>

#include <boost/system/system_error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <string>

/// Why something could not register, in words.

namespace event::detail {
namespace {

std::string_view label_of(const Listed& listed) noexcept {
    if (listed.event != nullptr) return listed.event->label();
    return listed.interface != nullptr ? listed.interface->label() : std::string_view("AnyEvent");
}

void append(std::string& list, std::string_view item) {
    if (!list.empty()) list += ", ";
    list += item;
}

}  // namespace

std::string BusCore::names_of_emitters(const TopicBase& topic) {
    std::string names;
    for (const EmitterState& emitter : emitters_) {
        if (std::find(emitter.topics().begin(), emitter.topics().end(), &topic) == emitter.topics().end()) continue;
        append(names, emitter.name().empty() ? "one without a name" : fmt::format("'{}'", emitter.name()));
    }
    return names;
}

void BusCore::refuse(std::string_view what, std::span<const Listed> listed, const boost::system::error_code& error) {
    std::string types;
    for (const Listed& one : listed) append(types, label_of(one));
    std::string text = fmt::format("event: cannot {} {}", what, types);
    if (!name().empty()) text += fmt::format(" on the bus '{}'", name());
    const std::lock_guard lock(mutex_);
    for (const Listed& one : listed) {
        if (one.event == nullptr) continue;
        TopicBase* topic = find(*one.event);
        if (error == errc::name_clash && (topic == nullptr || !topic->is_listed) && is_taken(one.event->label())) {
            text += fmt::format("; another type is called {}, which the compiler calls {}", one.event->label(),
                                by_label_.find(one.event->label())->second->type().id->spelled);
        } else if (error == errc::emitter_exists && topic != nullptr && topic->emitters != 0) {
            text += fmt::format("; {} is emitted by {}{}", one.event->label(), names_of_emitters(*topic),
                                topic->has_exclusive_emitter ? " exclusively" : "");
        }
    }
    throw boost::system::system_error(error, text);
}

ObjectOrContext<EmitterState> BusCore::make_emitter(std::span<const Listed> types, EmitterOptions&& options,
                                                    Histories&& histories, boost::system::error_code& error) {
    error = {};
    auto state = add_emitter(types, std::move(options), EmitterState::Kind::emitter, error, std::move(histories));
    return state ? ObjectOrContext<EmitterState>(std::move(state)) : ObjectOrContext<EmitterState>(registry());
}

ObjectOrContext<EmitterState> BusCore::make_emitter(std::span<const Listed> types, EmitterOptions&& options,
                                                    Histories&& histories) {
    boost::system::error_code error;
    auto made = make_emitter(types, std::move(options), std::move(histories), error);
    if (error) refuse("make an emitter of", types, error);
    return made;
}

}  // namespace event::detail
