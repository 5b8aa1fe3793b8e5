#include "allocations.hpp"

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <new>
#include <stdlib.h>

namespace bench {
namespace {

std::atomic<std::uint64_t> count{0};

// not aligned_alloc, which is counted below
void* aligned_block(std::size_t size, std::size_t alignment) noexcept {
    count.fetch_add(1, std::memory_order_relaxed);
    void* block = nullptr;
    const int error = ::posix_memalign(&block, alignment < sizeof(void*) ? sizeof(void*) : alignment, size);
    if (error != 0) errno = error;
    return error == 0 ? block : nullptr;
}

}  // namespace

std::uint64_t allocations() noexcept { return count.load(std::memory_order_relaxed); }

}  // namespace bench

// The forms that are not replaced here, for arrays and without exceptions, call these.

void* operator new(std::size_t size) {
    bench::count.fetch_add(1, std::memory_order_relaxed);
    if (void* block = std::malloc(size != 0 ? size : 1)) return block;
    throw std::bad_alloc();
}
void* operator new(std::size_t size, std::align_val_t alignment) {
    if (void* block = bench::aligned_block(size, static_cast<std::size_t>(alignment))) return block;
    throw std::bad_alloc();
}
void operator delete(void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }
void operator delete(void* block, std::align_val_t) noexcept { std::free(block); }
void operator delete(void* block, std::size_t, std::align_val_t) noexcept { std::free(block); }

extern "C" void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
    return bench::aligned_block(size, alignment);
}
