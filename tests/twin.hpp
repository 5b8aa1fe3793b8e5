#pragma once

#include <event/all.hpp>

#include <string>
#include <string_view>

/// The types of an unnamed namespace in another file, whose names are spelled like those of name_test.cpp.
namespace twin {
std::string_view name();
event::EmitResult emit(event::EventBus& bus);
std::string label_on(event::EventBus& bus);
event::errc emit_declared(event::EventBus& bus);
}  // namespace twin
