#include "allocations.hpp"

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <stdlib.h>

namespace {

// Of each thread its own: a shared counter would slow down the peers, and have the threads of a row contend.
thread_local constinit std::uint64_t blocks_taken = 0;
// Only where a row asks for it.
constinit std::atomic<bool> counts_all_threads = false;
constinit std::atomic<std::uint64_t> blocks_taken_by_all = 0;

void count() noexcept {
    ++blocks_taken;
    if (counts_all_threads.load(std::memory_order_relaxed)) blocks_taken_by_all.fetch_add(1, std::memory_order_relaxed);
}

void* take(std::size_t size) noexcept {
    count();
    return std::malloc(size != 0 ? size : 1);
}
void* take(std::size_t size, std::size_t alignment) noexcept {
    count();
    void* block = nullptr;
    const int error = ::posix_memalign(&block, alignment < sizeof(void*) ? sizeof(void*) : alignment, size);
    if (error == 0) return block;
    errno = error;
    return nullptr;
}

}  // namespace

// The forms that are not replaced here, for arrays and without exceptions, call these.

void* operator new(std::size_t size) {
    if (void* block = take(size)) return block;
    throw std::bad_alloc();
}
void* operator new(std::size_t size, std::align_val_t alignment) {
    if (void* block = take(size, static_cast<std::size_t>(alignment))) return block;
    throw std::bad_alloc();
}
void operator delete(void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }
void operator delete(void* block, std::align_val_t) noexcept { std::free(block); }
void operator delete(void* block, std::size_t, std::align_val_t) noexcept { std::free(block); }

extern "C" void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept { return take(size, alignment); }

namespace bench {

std::uint64_t allocations() noexcept { return blocks_taken; }

void count_allocations_of_all_threads(bool on) noexcept {
    if (on) blocks_taken_by_all = 0;
    counts_all_threads = on;
}
std::uint64_t allocations_of_all_threads() noexcept { return blocks_taken_by_all; }

}  // namespace bench
