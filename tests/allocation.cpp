/// Replaces what allocates, to count it and to let it fail. Sanitizers see the malloc beneath.

#include "allocation.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace {

/// Whether this is an allocation that is to fail.
bool fails() noexcept {
    using namespace allocation;
    ++count;
    if (until_failure < 0) return false;
    if (until_failure > 0) {
        --until_failure;
        return false;
    }
    if (others == Others::succeed) until_failure = -1;
    return has_failed = true;
}

void* counted(void* memory) {
    if (memory == nullptr) throw std::bad_alloc{};
    ++allocation::live;
    return memory;
}

void* allocate(std::size_t size) {
    for (std::size_t seen = allocation::largest;
         seen < size && !allocation::largest.compare_exchange_weak(seen, size);) {
    }
    return counted(fails() ? nullptr : std::malloc(size == 0 ? 1 : size));
}

void* allocate_or_not(std::size_t size) noexcept {
    try {
        return allocate(size);
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}

void* allocate(std::size_t size, std::align_val_t alignment) {
    if (fails()) throw std::bad_alloc{};
    void* memory = nullptr;
    const std::size_t least = std::max(static_cast<std::size_t>(alignment), sizeof(void*));
    counted(posix_memalign(&memory, least, size) == 0 ? memory : nullptr);
    allocation::payload_bytes += static_cast<long>(size);
    return memory;
}

void deallocate(void* memory) noexcept {
    if (memory != nullptr) --allocation::live;
    std::free(memory);
}

}  // namespace

void* operator new(std::size_t size) { return allocate(size); }
void* operator new[](std::size_t size) { return allocate(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return allocate_or_not(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return allocate_or_not(size); }
void* operator new(std::size_t size, std::align_val_t alignment) { return allocate(size, alignment); }
void* operator new[](std::size_t size, std::align_val_t alignment) { return allocate(size, alignment); }
void operator delete(void* memory) noexcept { deallocate(memory); }
void operator delete[](void* memory) noexcept { deallocate(memory); }
void operator delete(void* memory, std::size_t) noexcept { deallocate(memory); }
void operator delete[](void* memory, std::size_t) noexcept { deallocate(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { deallocate(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { deallocate(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { deallocate(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { deallocate(memory); }
void operator delete(void* memory, std::size_t size, std::align_val_t) noexcept {
    allocation::payload_bytes -= static_cast<long>(size);
    deallocate(memory);
}
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { deallocate(memory); }

// the linker sends calls of aligned_alloc here
extern "C" void* __real_aligned_alloc(std::size_t alignment, std::size_t size);
extern "C" void* __wrap_aligned_alloc(std::size_t alignment, std::size_t size) {
    return fails() ? nullptr : __real_aligned_alloc(alignment, size);
}
