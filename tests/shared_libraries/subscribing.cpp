#include "events.hpp"
#include "libraries.hpp"

#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace shared_libraries {
namespace {

template <class T>
struct Subscriber {
    void operator()(const event::AnyEvent& event) {
        const auto* named = event.get_if<Named>();
        received.push_back(named != nullptr ? named->value : -1);
    }
    void operator()(const NamedText& event) { received.push_back(std::stoi(event.value)); }
    void operator()(const auto& event) { received.push_back(event.value); }

    std::vector<int> received;
    std::optional<event::Subscription<T>> subscription;
};

template <class T>
Received subscribe(event::EventBus& bus) {
    auto subscriber = std::make_shared<Subscriber<T>>();
    subscriber->subscription.emplace(
        bus.subscribe<T>({}, [subscriber = subscriber.get()](const auto& event) { (*subscriber)(event); }));
    return [subscriber] { return subscriber->received; };
}

template <class T>
event::TopicStat stat(const event::EventBus& bus) {
    return bus.stat<T>();
}

void forget_named(event::EventBus& bus) { bus.forget<Named>(); }

}  // namespace
}  // namespace shared_libraries

const shared_libraries::Subscribing* subscribing_library() {
    using namespace shared_libraries;
    static constexpr Subscribing all{.named = &subscribe<Named>,
                                     .named_text = &subscribe<NamedText>,
                                     .unnamed = &subscribe<Unnamed>,
                                     .resized = &subscribe<Resized>,
                                     .named_base = &subscribe<event::Implements<NamedBase>>,
                                     .unnamed_base = &subscribe<event::Implements<UnnamedBase>>,
                                     .any_named = &subscribe<event::AnyEvent>,
                                     .stat_of_named = &stat<Named>,
                                     .stat_of_unnamed = &stat<Unnamed>,
                                     .forget_named = &forget_named};
    return &all;
}
