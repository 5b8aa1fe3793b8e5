#pragma once

#include <array>
#include <string_view>

namespace bench {

/// What binds the rows whose names begin so: the row of limits_bench.cpp that a system with a bounded queue for each
/// subscriber cannot be below, or next to which its figure has to be read. The first that fits counts.
struct Binding {
    std::string_view rows;
    std::string_view limit;
};

inline constexpr std::array bindings{
    Binding{"P0/", "limit/atomic_load"},             // is anybody there?
    Binding{"P2/string", "limit/lock_and_ring"},     // a reference in each queue
    Binding{"P2/", "limit/ring"},                    // the lock is shared by many deliveries
    Binding{"P1/", "limit/lock_and_ring"},           //
    Binding{"P3/", "limit/lock_and_ring"},           //
    Binding{"P4/one", "limit/post_each"},            // each event is a wake-up
    Binding{"P4/", "limit/lock_and_ring"},           // one wake-up for the batch
    Binding{"P5/", "limit/resume_post"},             //
    Binding{"P6/", "limit/ring_threads"},            //
    Binding{"P7/unrelated", "limit/lock_and_ring"},  //
    Binding{"P7/1", "limit/ring_threads"},           //
    Binding{"P7/2", "limit/ring_threads"},           // and not the row of an emit beside another
    Binding{"P8/sleeping", "limit/wake_sleeping"},   //
    Binding{"P8/", "limit/wake_polling"},            //
    Binding{"P9/", "limit/lock"},                    //
    Binding{"P10/", "limit/post_batch"},             // each watcher's executor is its own
    Binding{"P11/set_try_get", "limit/lock"},        // two of them
    Binding{"P11/", "limit/resume_post"},            //
    Binding{"P12/", "limit/new_delete"},             //
};

}  // namespace bench
