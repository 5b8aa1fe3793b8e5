/// Boost.Signals2: no queue, the subscribers run on the emitter's stack.

#include "event.hpp"
#include "fan_out_rows.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/signals2/signal.hpp>

#include <cstddef>

namespace bench {
namespace {

template <class T>
class SignalsFanOut {
public:
    SignalsFanOut(boost::asio::io_context&, std::size_t subscribers) {
        for (std::size_t i = 0; i < subscribers; ++i) {
            signal_.connect([this](const T& event) { tally_(event); });
        }
    }
    void emit(T&& event) { signal_(event); }
    void drain() {}
    [[nodiscard]] const Tally& tally() const { return tally_; }

private:
    Tally tally_;
    boost::signals2::signal<void(const T&)> signal_;
};

[[maybe_unused]] const bool added = add_peer<SignalsFanOut>("signals2_inline");

}  // namespace
}  // namespace bench
