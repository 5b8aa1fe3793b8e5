#include "twin.hpp"

namespace {
struct Twin {
    double there = 2;
};
struct DeclaredTwin {
    static constexpr std::string_view event_name = "test.DeclaredTwin";
    int here = 1;
};
}  // namespace

namespace twin {

std::string_view name() { return event::name_of<Twin>(); }

event::EmitResult emit(event::EventBus& bus) {
    auto emitter = bus.emitter<Twin>();
    return emitter.emit({});
}

std::string label_on(event::EventBus& bus) { return bus.subscribe<Twin>().stat().types.front(); }

event::errc emit_declared(event::EventBus& bus) {
    boost::system::error_code error;
    auto emitter = bus.emitter<DeclaredTwin>({}, error);
    return static_cast<event::errc>(error.value());
}

}  // namespace twin
