#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace chaos {

/// Looks from outside while a round runs: that threads do not wait for each other in a circle, and that the round comes
/// to its end. Otherwise it prints what every thread does and who waits for whom, and ends the program.
class Watchdog {
public:
    /// `round`: how to run this one again.
    explicit Watchdog(std::string round);
    Watchdog(const Watchdog&) = delete;
    Watchdog& operator=(const Watchdog&) = delete;
    ~Watchdog();

private:
    void run();
    [[noreturn]] void give_up(const char* why) const;

    const std::string round_;
    std::mutex mutex_;
    std::condition_variable over_;
    bool is_over_ = false;  // guarded by mutex_
    std::thread thread_;
};

/// What the watchdog prints beside the threads: the operations that have not ended.
[[nodiscard]] std::string pending_operations();

}  // namespace chaos
