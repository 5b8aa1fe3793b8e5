#include <event/detail/event/payload.hpp>

#include <algorithm>
#include <mutex>

namespace event::detail {

PayloadPool::PayloadPool(const EventType& type) noexcept
    : type_(type),
      size_(std::max(type.payload_size, sizeof(Block))),
      alignment_(std::align_val_t{std::max(type.payload_alignment, alignof(Block))}) {}

PayloadPool::~PayloadPool() {
    while (kept_ != nullptr) free(std::exchange(kept_, kept_->next));
}

void* PayloadPool::allocate() {
    {
        std::lock_guard guard(lock_);
        if (kept_ != nullptr) {
            ++in_use_;
            --kept_count_;
            return std::exchange(kept_, kept_->next);
        }
    }
    void* block = ::operator new(size_, alignment_);
    std::lock_guard guard(lock_);
    ++in_use_;
    return block;
}

void PayloadPool::deallocate(void* block) noexcept {
    const std::size_t size = size_;
    const std::align_val_t alignment = alignment_;
    bool last = false;
    {
        std::lock_guard guard(lock_);
        --in_use_;
        last = abandoned_ && in_use_ == 0;
        if (kept_count_ < most_kept) {
            kept_ = ::new (block) Block{kept_};
            ++kept_count_;
            block = nullptr;
        }
    }
    // from here on the pool may be gone, unless it goes here
    if (block != nullptr) ::operator delete(block, size, alignment);
    if (last) delete this;
}

void PayloadPool::abandon() noexcept {
    bool last = false;
    {
        std::lock_guard guard(lock_);
        abandoned_ = true;
        last = in_use_ == 0;
    }
    if (last) delete this;
}

void PayloadPool::free(void* block) const noexcept { ::operator delete(block, size_, alignment_); }

}  // namespace event::detail
