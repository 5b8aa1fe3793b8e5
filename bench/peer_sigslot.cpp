/// sigslot: no queue, the subscribers run on the emitter's stack.

#include "event.hpp"
#include "fan_out_rows.hpp"

#include <boost/asio/io_context.hpp>

#include <cstddef>
#include <sigslot/signal.hpp>

namespace bench {
namespace {

template <class T>
class SigslotFanOut {
public:
    SigslotFanOut(boost::asio::io_context&, std::size_t subscribers) {
        for (std::size_t i = 0; i < subscribers; ++i) {
            signal_.connect([this](const T& event) { tally_(event); });
        }
    }
    void emit(T&& event) { signal_(event); }
    void drain() {}
    [[nodiscard]] const Tally& tally() const { return tally_; }

private:
    Tally tally_;
    sigslot::signal<const T&> signal_;
};

[[maybe_unused]] const bool added = add_peer<SigslotFanOut>("sigslot_inline");

}  // namespace
}  // namespace bench
