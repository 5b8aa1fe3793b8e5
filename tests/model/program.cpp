#include "machine.hpp"
#include "program.hpp"

#include <fmt/format.h>

#include <iterator>
#include <utility>

namespace model {

Program program_of(std::span<const std::uint8_t> bytes) {
    Program program;
    for (std::size_t i = 0; i + 4 <= bytes.size(); i += 4)
        program.push_back({bytes[i], bytes[i + 1], bytes[i + 2], bytes[i + 3]});
    return program;
}

std::string to_string(const Program& program) {
    static constexpr const char* names[] = {
        "subscribe",   "subscribe",   "close emitter", "emit",        "emit",   "emit_all",     "async_emit", "end",
        "try_receive", "try_receive", "receive",       "cancel",      "run",    "run",          "run",        "emitter",
        "watch",       "try_get",     "get",           "end watcher", "beside", "start/forget", "cancel all", "life",
        "value",       "set",         "end value",     "view",        "pass",   "emit",         "run",        "receive",
        "subscribe",   "subscribe",   "share",         "advance"};
    static_assert(std::size(names) == kinds_of_steps);
    std::string text;
    for (const Step& step : program)
        text += fmt::format("    {{{}, {}, {}, {}}},  // {}\n", step.what, step.a, step.b, step.c,
                            names[step.what % std::size(names)]);
    return text;
}

namespace {

void run(const Program& program, Machine& machine) {
    for (const Step& step : program) {
        machine.execute(step);
        machine.compare();
        if (!machine.failure().empty()) return;
    }
    machine.execute({23, 255, 0, 0});
    machine.compare(true);
}

}  // namespace

std::string run(const Program& program) {
    for (std::vector<int> tellers;;) {
        Machine machine(tellers);
        run(program, machine);
        if (!machine.was_misled()) return machine.failure();
        tellers = machine.tellers();
    }
}

Program shrunk(Program program) {
    const auto kind_of = [](std::string failure) {
        std::erase_if(failure, [](char character) { return character >= '0' && character <= '9'; });
        return failure;
    };
    const std::string kind = kind_of(run(program));
    for (std::size_t length = program.size() / 2 + 1; length > 0;) {
        bool is_shorter = false;
        for (std::size_t begin = 0; begin + length <= program.size();) {
            Program candidate = program;
            const auto first = candidate.begin() + static_cast<std::ptrdiff_t>(begin);
            candidate.erase(first, first + static_cast<std::ptrdiff_t>(length));
            if (kind_of(run(candidate)) != kind) {
                begin += length;
            } else {
                program = std::move(candidate);
                is_shorter = true;
            }
        }
        if (length == 1 && !is_shorter) break;
        length = length == 1 ? 1 : length / 2;
    }
    return program;
}

}  // namespace model
