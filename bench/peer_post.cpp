/// `asio::post` of a copy of the event to the strand of each subscriber.

#include "event.hpp"
#include "fan_out_rows.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>

#include <cstddef>
#include <mutex>
#include <shared_mutex>
#include <vector>

namespace bench {
namespace {

template <class T>
class PostFanOut {
    using Strand = boost::asio::strand<boost::asio::io_context::executor_type>;

public:
    PostFanOut(boost::asio::io_context& io, std::size_t subscribers) : io_(io) {
        for (std::size_t i = 0; i < subscribers; ++i) strands_.push_back(boost::asio::make_strand(io));
    }
    void emit(T&& event) {
        const std::shared_lock lock(mutex_);
        for (const Strand& strand : strands_) {
            boost::asio::post(strand, [this, event] { tally_(event); });
        }
    }
    void drain() { io_.poll(); }
    [[nodiscard]] const Tally& tally() const { return tally_; }

private:
    boost::asio::io_context& io_;
    Tally tally_;
    std::shared_mutex mutex_;
    std::vector<Strand> strands_;  // guarded by mutex_
};

[[maybe_unused]] const bool added = add_peer<PostFanOut>("post");

}  // namespace
}  // namespace bench
