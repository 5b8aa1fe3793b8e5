#pragma once

/// Somebody who listens, and keeps waiting who wants the order of what he listens to.

#include "../support.hpp"

#include <cstddef>
#include <functional>
#include <latch>
#include <thread>
#include <utility>
#include <vector>

namespace busy {

using namespace support;
using event::AnyEvent;
using event::Implements;

struct First {};
struct Second {};
struct Third {};

template <int I>
struct Numbered : First, Second, Third {
    using event_interfaces = event::Interfaces<First, Second, Third>;
};
using New = Numbered<0>;
using OtherNew = Numbered<1>;

template <class Kind>
struct Old : Kind {
    using event_interfaces = event::Interfaces<Kind>;
};
struct Unrelated {};

/// One who listens, and whose filter looks at the first of three events until it is let go on.
template <class Listed, class Event = Old<First>>
class Busy {
public:
    struct Wishes {
        int unwanted = 3;  // so many of the three are rejected
        event::SubscriptionOptions options = {};
        std::function<void(Busy&)> last_act = [](Busy&) {};  // of the filter, at the end of the long look
    };

    explicit Busy(event::EventBus& bus, Wishes wishes = {})
        : unwanted_(wishes.unwanted),
          last_act_(std::move(wishes.last_act)),
          queue(bus.subscribe<Listed>(std::move(wishes.options), event::where([this](const auto&) { return look(); }))),
          emitter_(bus.emitter<Event>()),
          emitting_([this] { emitter_.emit_all(std::vector<Event>(3)); }) {
        looks_.wait();
    }
    Busy(const Busy&) = delete;
    Busy& operator=(const Busy&) = delete;
    ~Busy() { go_on(); }
    void go_on() {
        if (!emitting_.joinable()) return;
        goes_on_.count_down();
        emitting_.join();
    }
    /// How many events have come.
    [[nodiscard]] std::size_t heard() { return take_all(queue).size(); }

private:
    bool look() {
        if (++looked_at_ == 1) {
            looks_.count_down();
            goes_on_.wait();
            last_act_(*this);
        }
        return looked_at_ > unwanted_;
    }

    const int unwanted_;
    int looked_at_ = 0;
    std::latch looks_{1}, goes_on_{1};
    const std::function<void(Busy&)> last_act_;

public:
    event::Subscription<Listed> queue;

private:
    event::Emitter<Event> emitter_;
    std::thread emitting_;
};

/// Does something on a thread of its own, and has begun to.
class Elsewhere {
public:
    explicit Elsewhere(std::function<void()> act)
        : thread_([this, act = std::move(act)] {
              begins_.count_down();
              act();
          }) {
        begins_.wait();
    }
    Elsewhere(const Elsewhere&) = delete;
    Elsewhere& operator=(const Elsewhere&) = delete;
    ~Elsewhere() { join(); }
    void join() {
        if (thread_.joinable()) thread_.join();
    }

private:
    std::latch begins_{1};
    std::thread thread_;
};

/// As long as it takes for many others to register. None of these ends before the filter has: its end waits for the
/// order of what that looks at.
inline auto register_many(event::EventBus& bus) {
    std::vector<event::Emitter<Old<First>>> emitters;
    for (int i = 0; i < 3'000; ++i) {
        emitters.push_back(bus.emitter<Old<First>>());
        std::this_thread::yield();
    }
    return emitters;
}

/// Those whose type is of no kind that anybody listens to.
inline void come_and_go(event::EventBus& bus) {
    for (int i = 0; i < 3'000; ++i) {
        auto unrelated = bus.subscribe<Unrelated>({.capacity = 1});
        bus.emitter<Unrelated>().emit({});
        EXPECT_TRUE(unrelated.try_receive());
        std::this_thread::yield();
    }
}

}  // namespace busy
