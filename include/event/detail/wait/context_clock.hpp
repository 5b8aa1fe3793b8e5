#pragma once

#include <event/meta.hpp>

#include <boost/asio/execution_context.hpp>

#include <memory>

namespace event::detail {

class ManualTime;

/// The time of a bus: that of its context, where a test moves that on, otherwise the steady clock.
class ContextClock {
public:
    explicit ContextClock(boost::asio::execution_context& context);
    [[nodiscard]] Moment now() const noexcept;

private:
    const std::shared_ptr<ManualTime> manual_;  // null: the steady clock
};

}  // namespace event::detail
