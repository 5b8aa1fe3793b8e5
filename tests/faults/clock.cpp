#include "clock.hpp"

namespace turned_clock {

// the linker sends calls of steady_clock::now here
Clock::time_point real_now() noexcept __asm__("__real__ZNSt6chrono3_V212steady_clock3nowEv");
Clock::time_point turned_now() noexcept __asm__("__wrap__ZNSt6chrono3_V212steady_clock3nowEv");

Clock::time_point turned_now() noexcept { return stands_at ? *stands_at : real_now(); }

}  // namespace turned_clock
