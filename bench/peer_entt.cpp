/// EnTT's dispatcher: events of a type are queued once, and its listeners called in `update`. It has no locks.

#include "event.hpp"
#include "fan_out_rows.hpp"

#include <boost/asio/io_context.hpp>

#include <cstddef>
#include <entt/signal/dispatcher.hpp>
#include <utility>
#include <vector>

namespace bench {
namespace {

template <class T>
class EnttFanOut {
    struct Listener {
        Tally* tally;
        void hear(const T& event) { (*tally)(event); }
    };

public:
    EnttFanOut(boost::asio::io_context&, std::size_t subscribers) : listeners_(subscribers, Listener{&tally_}) {
        for (Listener& listener : listeners_) dispatcher_.sink<T>().template connect<&Listener::hear>(listener);
    }
    void emit(T&& event) { dispatcher_.enqueue(std::move(event)); }
    void drain() { dispatcher_.update<T>(); }
    [[nodiscard]] const Tally& tally() const { return tally_; }

private:
    Tally tally_;
    std::vector<Listener> listeners_;
    entt::dispatcher dispatcher_;
};

[[maybe_unused]] const bool added = add_peer<EnttFanOut>("entt_one_thread");

}  // namespace
}  // namespace bench
