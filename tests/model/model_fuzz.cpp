/// The same with programs that libFuzzer finds by what of the library they reach:
///
///     cmake --preset fuzz && cmake --build --preset fuzz
///     build/fuzz/tests/eventbus_model_fuzz -max_len=1200 CORPUS

#include "program.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const model::Program program = model::program_of(std::span(data, size));
    if (const std::string failure = model::run(program); !failure.empty()) {
        const model::Program shortest = model::shrunk(program);
        std::fprintf(stderr, "%s\nshortest: %s\n%s", failure.c_str(), model::run(shortest).c_str(),
                     to_string(shortest).c_str());
        std::abort();
    }
    return 0;
}
