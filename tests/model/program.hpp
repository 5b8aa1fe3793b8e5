#pragma once

/// Programs: what is done to the library and to the model.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace model {

/// One step of a program. Every four bytes are one: what they name is taken modulo what there is.
struct Step {
    std::uint8_t what = 0, a = 0, b = 0, c = 0;
};
constexpr unsigned kinds_of_steps = 36;
using Program = std::vector<Step>;

[[nodiscard]] Program program_of(std::span<const std::uint8_t> bytes);
[[nodiscard]] std::string to_string(const Program& program);

/// The first thing that differs; empty if nothing does.
[[nodiscard]] std::string run(const Program& program);
/// A program that differs as well, of which no step can be left out.
[[nodiscard]] Program shrunk(Program program);

}  // namespace model
