/// SObjectizer: a message chain for each subscriber, who empties it without waiting.

#include "event.hpp"
#include "fan_out_rows.hpp"

#include <boost/asio/io_context.hpp>

#include <cstddef>
#include <so_5/all.hpp>
#include <vector>

namespace bench {
namespace {

so_5::environment_t& environment() {
    static so_5::wrapped_env_t wrapped;
    return wrapped.environment();
}

template <class T>
class ChainFanOut {
public:
    ChainFanOut(boost::asio::io_context&, std::size_t subscribers) {
        for (std::size_t i = 0; i < subscribers; ++i) chains_.push_back(so_5::create_mchain(environment()));
    }
    void emit(T&& event) {
        for (const so_5::mchain_t& chain : chains_) so_5::send<T>(chain, event);
    }
    void drain() {
        for (const so_5::mchain_t& chain : chains_) {
            so_5::receive(so_5::from(chain).handle_all().no_wait_on_empty(), [this](const T& event) { tally_(event); });
        }
    }
    [[nodiscard]] const Tally& tally() const { return tally_; }

private:
    Tally tally_;
    std::vector<so_5::mchain_t> chains_;
};

[[maybe_unused]] const bool added = add_peer<ChainFanOut>("sobjectizer");

}  // namespace
}  // namespace bench
