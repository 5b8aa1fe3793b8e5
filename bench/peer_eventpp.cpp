/// eventpp: one queue for all subscribers, whose callbacks run where it is processed; and, without a queue, on the
/// emitter's stack.

#include "event.hpp"
#include "fan_out_rows.hpp"

#include <boost/asio/io_context.hpp>

#include <cstddef>
#include <eventpp/eventdispatcher.h>
#include <eventpp/eventqueue.h>

namespace bench {
namespace {

template <class T>
class QueueFanOut {
public:
    QueueFanOut(boost::asio::io_context&, std::size_t subscribers) {
        for (std::size_t i = 0; i < subscribers; ++i) {
            queue_.appendListener(0, [this](const T& event) { tally_(event); });
        }
    }
    void emit(T&& event) { queue_.enqueue(0, event); }
    void drain() { queue_.process(); }
    [[nodiscard]] const Tally& tally() const { return tally_; }

private:
    Tally tally_;
    eventpp::EventQueue<int, void(const T&)> queue_;
};

template <class T>
class DispatcherFanOut {
public:
    DispatcherFanOut(boost::asio::io_context&, std::size_t subscribers) {
        for (std::size_t i = 0; i < subscribers; ++i) {
            dispatcher_.appendListener(0, [this](const T& event) { tally_(event); });
        }
    }
    void emit(T&& event) { dispatcher_.dispatch(0, event); }
    void drain() {}
    [[nodiscard]] const Tally& tally() const { return tally_; }

private:
    Tally tally_;
    eventpp::EventDispatcher<int, void(const T&)> dispatcher_;
};

[[maybe_unused]] const bool added = add_peer<QueueFanOut>("eventpp") && add_peer<DispatcherFanOut>("eventpp_inline");

}  // namespace
}  // namespace bench
