#include "events.hpp"
#include "libraries.hpp"

#include <memory>
#include <string>
#include <type_traits>

namespace shared_libraries {
namespace {

template <class T>
Emit emit(event::EventBus& bus) {
    auto emitter = std::make_shared<event::Emitter<T>>(bus.emitter<T>({.retain = true}));
    return [emitter](int value) {
        T event;
        if constexpr (std::is_same_v<T, NamedText>) {
            event.value = std::to_string(value);
        } else if constexpr (std::is_same_v<T, Derived>) {
            event.NamedBase::value = value;
            event.UnnamedBase::value = -value;
        } else {
            event.value = value;
        }
        return emitter->emit(event);
    };
}

}  // namespace
}  // namespace shared_libraries

const shared_libraries::Emitting* emitting_library() {
    using namespace shared_libraries;
    static constexpr Emitting all{.named = &emit<Named>,
                                  .named_text = &emit<NamedText>,
                                  .unnamed = &emit<Unnamed>,
                                  .resized = &emit<Resized>,
                                  .derived = &emit<Derived>};
    return &all;
}
