#pragma once

#include <event/clock.hpp>
#include <event/net/detail/alarm.hpp>
#include <event/net/detail/link_core.hpp>
#include <event/net/supervisor_options.hpp>
#include <event/value.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <vector>

namespace event::net::detail {

/// One link after the other, without the dialer. On its strand, where nothing else is said.
class SupervisorCore : public Port {
public:
    SupervisorCore(const boost::asio::any_io_executor& executor, SupervisorOptions&& options, BusAccess access);

    void serve(std::shared_ptr<const Group> group) override;
    void consume(std::shared_ptr<Consumer> consumer) override;
    [[nodiscard]] ValueView<LinkState> state() const override { return state_.view(); }
    /// Any thread.
    [[nodiscard]] SupervisorStat stat() const;

protected:
    /// Ends by calling `was_dialed`, on the strand.
    virtual void dial() = 0;
    virtual void cancel_dial() noexcept = 0;
    void was_dialed(const error_code& error);
    /// Over the stream that was dialed.
    [[nodiscard]] virtual std::shared_ptr<LinkCore> make_link(LinkOptions&& options) = 0;

private:
    void begin() override;
    void stop(const Reason& reason) override;
    [[nodiscard]] error_code result() const override;

    void attempt();
    void back_off();
    void connect();
    void was_opened();
    void was_ended();
    void end();
    [[nodiscard]] std::chrono::steady_clock::duration next_backoff();
    [[nodiscard]] std::shared_ptr<SupervisorCore> self() {
        return std::static_pointer_cast<SupervisorCore>(shared_from_this());
    }
    template <class F>
    void count(F&& f) {
        const std::lock_guard guard(mutex_);
        f(stat_);
    }

    const SupervisorOptions options_;
    const Clock clock_;
    Value<LinkState> state_;
    Alarm alarm_;
    std::mt19937_64 random_;

    std::vector<std::shared_ptr<const Group>> groups_;
    std::vector<std::shared_ptr<Consumer>> consumers_;
    std::shared_ptr<LinkCore> link_;
    std::chrono::steady_clock::time_point opened_at_{};
    bool was_opened_ = false;
    bool is_dialing_ = false;
    bool has_dialed_ = false;
    bool is_waiting_ = false;
    bool is_stopping_ = false;
    std::uint32_t attempts_ = 0;  // since a link held
    std::optional<Reason> final_;

    mutable std::mutex mutex_;
    SupervisorStat stat_;                       // guarded by mutex_
    std::shared_ptr<const LinkCore> observed_;  // the same: the last link
};

}  // namespace event::net::detail
