#include "soak/process.hpp"

#include <cstdio>
#include <cstdlib>
#include <dirent.h>
#include <malloc.h>
#include <memory>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define EVENTBUS_SOAK_SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define EVENTBUS_SOAK_SANITIZED
#endif
#endif

#ifdef EVENTBUS_SOAK_SANITIZED
// NOLINTBEGIN(bugprone-reserved-identifier)
/// Of <sanitizer/allocator_interface.h>, which GCC does not bring along.
extern "C" std::size_t __sanitizer_get_current_allocated_bytes();
/// What is freed is kept for a while, to find who uses it still: as much as is soon reached, or the resident memory
/// would grow for minutes.
extern "C" const char* __asan_default_options();
extern "C" const char* __asan_default_options() { return "quarantine_size_mb=16"; }
// NOLINTEND(bugprone-reserved-identifier)
#endif

namespace soak {
namespace {

std::size_t entries(const char* folder) {
    const std::unique_ptr<DIR, int (*)(DIR*)> open(::opendir(folder), &::closedir);
    std::size_t count = 0;
    while (open && ::readdir(open.get()) != nullptr) ++count;
    return count - 2;  // without . and ..
}

std::size_t resident_bytes() {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen("/proc/self/statm", "r"), &std::fclose);
    unsigned long total = 0, resident = 0;
    if (!file || std::fscanf(file.get(), "%lu %lu", &total, &resident) != 2) return 0;
    return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

void restart_without_thread_caches([[maybe_unused]] char** arguments) {
#ifndef EVENTBUS_SOAK_SANITIZED
    constexpr const char* tunables = "GLIBC_TUNABLES";
    if (std::getenv(tunables) != nullptr || ::setenv(tunables, "glibc.malloc.tcache_count=0", 1) != 0) return;
    ::execv("/proc/self/exe", arguments);
#endif
}

std::size_t heap_bytes() {
#ifdef EVENTBUS_SOAK_SANITIZED
    return __sanitizer_get_current_allocated_bytes();
#else
    return ::mallinfo2().uordblks;
#endif
}

ProcessFigures process_figures() {
    return {.heap = heap_bytes(),
            .resident = resident_bytes(),
            .descriptors = entries("/proc/self/fd") - 1,  // without the folder's own
            .threads = entries("/proc/self/task")};
}

}  // namespace soak
