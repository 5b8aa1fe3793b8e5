#pragma once

/// One thread's part of a round: things of the library's that come and go, as chosen by lot.

#include "host.hpp"
#include "soak/counted.hpp"
#include "soak/ledger.hpp"

#include <event/bus.hpp>
#include <event/value.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <random>
#include <vector>

namespace soak {

namespace asio = boost::asio;

/// Where it all happens; outlives the rounds.
struct Ground {
    asio::any_io_executor pool;
    event::EventBus& bus;  ///< all emits on it are in the ledger
    host::Host& hub;       ///< with a bus of its own, on which a host lives
    Ledger& ledger;
    host::Tasks& tasks;  ///< coroutines of the rounds
};

/// Something that is held for a while, and what its holder may do with it meanwhile.
struct Held {
    std::shared_ptr<void> thing;
    std::function<void(unsigned lot)> use;
};

/// Threads: made, used and destroyed on one. When it has been destroyed, what it has begun ends soon.
class Round {
public:
    Round(Ground ground, unsigned seed);
    Round(const Round&) = delete;
    Round& operator=(const Round&) = delete;
    ~Round();

    /// Begins, uses or ends something.
    void step();

private:
    [[nodiscard]] unsigned lot(unsigned below) { return static_cast<unsigned>(random_()) % below; }
    [[nodiscard]] event::Backpressure any_policy();
    [[nodiscard]] event::SubscriptionOptions any_options();
    [[nodiscard]] asio::any_io_executor any_executor();
    void hold(Held held);
    void emit();
    void emit_and_wait();
    void pass();
    void pull();
    void push();
    void receive_in_a_coroutine();
    void trace();
    void listen_to_the_hub();
    void follow_values();
    void share();
    void combine();
    void report();

    const Ground ground_;
    std::minstd_rand random_;
    event::Value<bool> over_;  // set when it is
    event::Emitter<Number, Text, Overheard, Announced, State> emitter_;
    std::vector<Held> held_;
};

/// A bus that is used by this thread alone, and goes while its subscribers, on the pool, are at work.
void let_a_bus_go(const asio::any_io_executor& pool, unsigned seed);
/// A context that dies with all that waits on it, before or after the handles.
void let_a_context_die(const asio::any_io_executor& pool, unsigned seed);

}  // namespace soak
