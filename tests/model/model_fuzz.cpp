/// The same with programs that libFuzzer finds by what of the library they reach:
///
///     cmake --preset fuzz && cmake --build --preset fuzz
///     build/fuzz/tests/eventbus_model_fuzz -entropic=0 -reduce_inputs=0 -max_len=800 -len_control=0 NEW CORPUS
///
/// CORPUS is tests/model/corpus, and what it finds goes into NEW; `-jobs=2` takes two processes, and
/// `-merge=1 -set_cover_merge=1 SMALL NEW` chooses what is worth keeping. It says how many steps it has done, at the
/// end and now and then. The first two options, and that comparisons are not traced, make it nearly three times as
/// fast.

#include "program.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>

namespace {

class Progress {
public:
    ~Progress() { print(); }
    void count(std::size_t steps) {
        steps_ += steps;
        if (++programs_ % 1024 != 0) return;
        const auto now = std::chrono::steady_clock::now();
        if (now - printed_ < std::chrono::seconds(20)) return;
        printed_ = now;
        print();
    }
    void print() const {
        std::fprintf(stderr, "%llu steps in %llu programs\n", static_cast<unsigned long long>(steps_),
                     static_cast<unsigned long long>(programs_));
    }

private:
    std::uint64_t steps_ = 0;
    std::uint64_t programs_ = 0;
    std::chrono::steady_clock::time_point printed_ = std::chrono::steady_clock::now();
};

Progress progress;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const model::Program program = model::program_of(std::span(data, size));
    progress.count(program.size());
    if (const std::string failure = model::run(program); !failure.empty()) {
        const model::Program shortest = model::shrunk(program);
        std::fprintf(stderr, "%s\nshortest: %s\n%s", failure.c_str(), model::run(shortest).c_str(),
                     to_string(shortest).c_str());
        progress.print();
        std::abort();
    }
    return 0;
}
