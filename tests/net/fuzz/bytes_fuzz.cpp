/// What a peer may send, as libFuzzer finds it: the bytes of events, their JSON (json_fuzz.cpp), schemas
/// (schema_fuzz.cpp), and what makes a link of them (protocol_fuzz.cpp). With AddressSanitizer it finds more:
///
///     cmake --preset fuzz -DCMAKE_CXX_FLAGS=-fsanitize=address,undefined
///     cmake --build --preset fuzz
///     build/fuzz/tests/eventbus_net_bytes_fuzz NEW tests/net/corpus/bytes
///
/// `tests/net/fuzz/run` does it with all four.
///
/// `-merge=1 tests/net/corpus/bytes NEW` keeps what reaches something new; corpus_test.cpp tries the corpus each time.

#include "net/fuzz/input.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string fault = net_fuzz::fault_of_bytes({reinterpret_cast<const char*>(data), size});
    if (fault.empty()) return 0;
    std::fprintf(stderr, "%s\n", fault.c_str());
    std::abort();
}
