#pragma once

#include <event/detail/bus/core.hpp>
#include <event/detail/order/aftermath.hpp>
#include <event/detail/order/typed_topic.hpp>
#include <event/options.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <cstdint>
#include <string>
#include <utility>

namespace event::detail {

/// A retained topic without a bus.
template <class T>
class ValueCore : public Core {
    static_assert(check_event_type<T>());

public:
    [[nodiscard]] static IntrusivePtr<ValueCore> create(boost::asio::any_io_executor executor) {
        return IntrusivePtr<ValueCore>::adopt(new ValueCore(std::move(executor)));
    }

    [[nodiscard]] Topic<T>& topic() noexcept { return topic_; }

    void close() noexcept override {
        if (!defer()) end_under<DomainGuard>(topic_, [this](Aftermath& after) { topic_.close(after); });
    }

protected:
    explicit ValueCore(boost::asio::any_io_executor executor)
        : Core(std::move(executor), BusOptions().pooled_bytes), topic_(event_type<T>, std::string(), *this) {
        topic_.retain();
    }
    ~ValueCore() override = default;

private:
    void destroy_core() noexcept override { delete this; }
    void begin_watching(TopicBase& topic) override {
        const DomainGuard guard(topic);
        topic.add_watcher();
    }
    void end_watching(TopicBase& topic, std::uint64_t seen) noexcept override {
        const DomainGuard guard(topic);
        topic.remove_watcher(seen);
    }
    void unviewed(TopicBase&) noexcept override {}  // what it holds goes with it
    void destroy_pending() noexcept override {
        Doomed doomed;
        const CertainGuard guard(topic_);
        topic_.doom_waiting(doomed);
    }

    Topic<T> topic_;
};

}  // namespace event::detail
