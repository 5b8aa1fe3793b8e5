#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>

#include <atomic>
#include <cstddef>
#include <mutex>
#include <utility>
#include <vector>

namespace event::net::detail {

class ParcelPool;

/// A message's bytes: encoded once, and shared by the queues of all peers that it goes to.
class Parcel {
public:
    std::vector<std::byte> bytes;

private:
    friend ParcelPool;
    explicit Parcel(ParcelPool& pool) noexcept : pool_(pool) {}

    friend void intrusive_ptr_add_ref(Parcel* parcel) noexcept {
        parcel->references_.fetch_add(1, std::memory_order_relaxed);
    }
    friend void intrusive_ptr_release(Parcel* parcel) noexcept;

    ParcelPool& pool_;
    Parcel* next_ = nullptr;  // of those that are kept; guarded by the pool's mutex_
    std::atomic<std::size_t> references_{0};
};

using ParcelPtr = boost::intrusive_ptr<Parcel>;

/// Gives parcels that were used before, with their memory, so that a message allocates nothing. Any thread. Outlives
/// its parcels.
class ParcelPool {
public:
    /// So many bytes are kept for later at most.
    explicit ParcelPool(std::size_t max_kept = 256 * 1'024) noexcept : max_kept_(max_kept) {}
    ParcelPool(const ParcelPool&) = delete;
    ParcelPool& operator=(const ParcelPool&) = delete;
    ~ParcelPool() {
        while (kept_ != nullptr) delete std::exchange(kept_, kept_->next_);
    }

    /// An empty one.
    [[nodiscard]] ParcelPtr take() {
        {
            const std::lock_guard guard(mutex_);
            if (kept_ != nullptr) {
                Parcel* const parcel = std::exchange(kept_, kept_->next_);
                kept_bytes_ -= weight(*parcel);
                return ParcelPtr(parcel);
            }
        }
        return ParcelPtr(new Parcel(*this));
    }

private:
    friend void intrusive_ptr_release(Parcel* parcel) noexcept {
        if (parcel->references_.fetch_sub(1, std::memory_order_acq_rel) == 1) parcel->pool_.give_back(parcel);
    }
    [[nodiscard]] static std::size_t weight(const Parcel& parcel) noexcept {
        return sizeof(Parcel) + parcel.bytes.capacity();
    }
    void give_back(Parcel* parcel) noexcept {
        parcel->bytes.clear();
        {
            const std::lock_guard guard(mutex_);
            if (kept_bytes_ + weight(*parcel) <= max_kept_) {
                kept_bytes_ += weight(*parcel);
                parcel->next_ = std::exchange(kept_, parcel);
                return;
            }
        }
        delete parcel;
    }

    const std::size_t max_kept_;
    std::mutex mutex_;
    Parcel* kept_ = nullptr;
    std::size_t kept_bytes_ = 0;
};

}  // namespace event::net::detail
