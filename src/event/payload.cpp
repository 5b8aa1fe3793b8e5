#include <event/detail/event/payload.hpp>

#include <algorithm>
#include <mutex>

namespace event::detail {

PayloadPool::PayloadPool(const EventType& type, std::size_t most_bytes) noexcept
    : type_(type),
      size_(std::max(type.payload_size, sizeof(Block))),
      alignment_(std::align_val_t{std::max(type.payload_alignment, alignof(Block))}),
      most_kept_(most_bytes / size_) {}

void* PayloadPool::allocate() {
    {
        std::lock_guard guard(lock_);
        keeps_ = most_kept_;
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
        if (kept_count_ < keeps_) {
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
        keeps_ = 0;
        last = in_use_ == 0;
    }
    if (last) delete this;
}

void PayloadPool::rest() noexcept {
    std::lock_guard guard(lock_);
    keeps_ = 0;
}

void PayloadPool::empty() noexcept {
    Block* blocks = nullptr;
    {
        std::lock_guard guard(lock_);
        if (keeps_ != 0) return;
        blocks = std::exchange(kept_, nullptr);
        kept_count_ = 0;
    }
    free(blocks);
}

void PayloadPool::free(Block* blocks) const noexcept {
    while (blocks != nullptr) ::operator delete(std::exchange(blocks, blocks->next), size_, alignment_);
}

}  // namespace event::detail
