#pragma once

#include <barrier>
#include <cstddef>
#include <pthread.h>
#include <sched.h>
#include <thread>
#include <vector>

namespace bench {

/// Keeps the calling thread on one core, where that core is there, until destroyed; threads that it starts, too.
///
/// Two threads that wake each other are soon put on one core or on two, and differ tenfold in either; rows of two
/// threads therefore say where they run.
class OnCore {
public:
    explicit OnCore(int core) noexcept {
        ::pthread_getaffinity_np(::pthread_self(), sizeof before_, &before_);
        cpu_set_t only;
        CPU_ZERO(&only);
        CPU_SET(static_cast<unsigned>(core), &only);
        ::pthread_setaffinity_np(::pthread_self(), sizeof only, &only);
    }
    OnCore(const OnCore&) = delete;
    OnCore& operator=(const OnCore&) = delete;
    ~OnCore() { ::pthread_setaffinity_np(::pthread_self(), sizeof before_, &before_); }

private:
    cpu_set_t before_;
};

/// In its place, where it does not matter.
class AnyCore {
public:
    explicit AnyCore(int) noexcept {}
};

/// Threads that do the same again and again, the calling one among them. What they do should take much longer than to
/// start and to end together.
template <class Work>
class Team {
public:
    /// `work(i)` is what the i-th of them does.
    Team(std::size_t threads, Work work) : gate_(static_cast<std::ptrdiff_t>(threads)), work_(work) {
        for (std::size_t i = 1; i < threads; ++i) {
            others_.emplace_back([this, i] {
                for (;;) {
                    gate_.arrive_and_wait();
                    if (is_done_) return;
                    work_(i);
                    gate_.arrive_and_wait();
                }
            });
        }
    }
    Team(const Team&) = delete;
    Team& operator=(const Team&) = delete;
    ~Team() {
        is_done_ = true;
        gate_.arrive_and_wait();
        for (std::thread& other : others_) other.join();
    }

    /// Returns when all have done it once.
    void run() {
        gate_.arrive_and_wait();
        work_(0);
        gate_.arrive_and_wait();
    }

private:
    std::barrier<> gate_;
    bool is_done_ = false;  // read behind the gate
    Work work_;
    std::vector<std::thread> others_;
};

}  // namespace bench
