#pragma once

/// Operations in which one thing after the other fails, and what can be seen of them before and after.

#include "../allocation.hpp"
#include "../support.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace faults {

using namespace support;

/// Thrown by the user's code.
struct Thrown {};

/// The user's code says that it runs; it throws where that is asked for.
void user_code();

struct Base {
    static constexpr std::string_view event_name = "base";
};
/// Copied into each queue.
struct Small : Base {
    static constexpr std::string_view event_name = "small";
    using event_interfaces = event::Interfaces<Base>;
    Small() = default;
    explicit Small(int v) : value(v) {}
    int value = 0;
};
/// Shared, and counted; to copy and to compare it may throw.
struct Large : Base {
    static constexpr std::string_view event_name = "large";
    using event_interfaces = event::Interfaces<Base>;
    explicit Large(std::string v = {}) : value(std::move(v)) { ++alive; }
    Large(const Large& other) : Base(), value((user_code(), other.value)) { ++alive; }
    Large(Large&& other) : Base(), value((user_code(), std::move(other.value))) { ++alive; }
    Large& operator=(const Large&) = default;
    Large& operator=(Large&&) = default;
    ~Large() { --alive; }
    friend bool operator==(const Large& left, const Large& right) {
        user_code();
        return left.value == right.value;
    }
    std::string value;
    inline static int alive = 0;
};
/// Longer than what a string keeps without memory of its own.
inline constexpr const char* long_text = "a text that is longer than the small buffer";

enum class Place { empty, crowded };

/// A bus with an operation on it, and all that can be seen of both. `crowded`: with retained events, subscribers of
/// everything, watchers, and somebody who counts.
class Scene {
public:
    explicit Scene(Place place);
    Scene(const Scene&) = delete;
    Scene& operator=(const Scene&) = delete;
    virtual ~Scene();

    virtual void act() = 0;
    /// Goes on as the user would, and so shows what was left: events, and whatever is ready runs.
    virtual void go_on();
    [[nodiscard]] std::string look() const;
    /// Of the types, those whose names nobody else may have: also those are in use that no report shows.
    [[nodiscard]] std::string names_in_use();
    /// After a failure that was not thrown: whether what can be seen now is what the documentation says.
    [[nodiscard]] virtual bool may_look(const std::string&) const { return false; }
    /// Without what the documentation says may differ after something was thrown.
    [[nodiscard]] virtual std::string forgive(std::string look) const { return look; }

    asio::io_context io;
    asio::io_context other;
    // made before anything fails: Boost 1.81 crashes where one is made half
    const asio::strand<asio::io_context::executor_type> strand = asio::make_strand(io);
    const asio::any_io_executor erased = asio::make_strand(other);
    event::EventBus bus;
    std::vector<std::string> notes;  // what emitting has told
    long told = 0;                   // of slow subscribers

    /// Runs what is ready on both contexts.
    void run();
    /// One of each type, from emitters that come and go.
    void emit_both();

protected:
    /// What else there is to be seen.
    virtual void look_into(std::string&) const {}

private:
    struct Crowd;
    std::unique_ptr<Crowd> crowd_;
};

[[nodiscard]] std::string text(const event::EmitResult& result);
[[nodiscard]] std::string text(const event::SubscriptionStat& stat);
[[nodiscard]] std::string text(const event::BusReport& report);

template <class T>
[[nodiscard]] std::string text(const Completion<T>& completion) {
    if (completion.pending()) return "pending";
    return completion.done() ? completion.error().message() : "none";
}

using MakeScene = std::function<std::unique_ptr<Scene>(Place)>;

/// What is made to fail, one time after the other.
struct Source {
    std::string_view name;
    /// Calls it with the n-th one failing; whether it came so far. What that throws is caught: then `threw` is true.
    bool (*failing)(long n, const std::function<void()>& f, bool& threw);
};
extern const Source allocation_alone;  // the others succeed
extern const Source allocations_from;  // those after it fail, too
extern const Source user_code_alone;

/// Acts with one thing after the other failing, in both places. Each time, either it has thrown, and everything is as
/// it was before, and it can be done once more; or it has not, and is done. Either way things then go on as if nothing
/// had failed, and in the end nothing is left.
void expect_all_or_nothing(const Source& source, const MakeScene& make, bool is_to_fail = true);
/// The same for allocations, alone and from one on.
void expect_all_or_nothing(const MakeScene& make, bool is_to_fail = true);

/// Something that registers, and is kept.
template <class Make>
class Registering : public Scene {
public:
    Registering(Place place, Make make) : Scene(place), make_(std::move(make)) {}
    void act() override { made_.emplace(make_(*this)); }
    void go_on() override {
        Scene::go_on();
        made_.reset();
        Scene::go_on();
    }

private:
    Make make_;
    std::optional<std::invoke_result_t<Make&, Scene&>> made_;
};

template <class Make>
MakeScene registering(Make make) {
    return [make](Place place) { return std::make_unique<Registering<Make>>(place, make); };
}

/// Something that is done to what was prepared, which shows what it sees by `look_into`, and goes on by `go_on`.
template <class Prepared>
class Doing final : public Scene {
public:
    using Act = std::function<void(Prepared&)>;
    Doing(Place place, Act act) : Scene(place), prepared_(*this), act_(std::move(act)) {}
    void act() override { act_(prepared_); }
    void go_on() override {
        prepared_.go_on();
        Scene::go_on();
        prepared_.go_on();
    }
    [[nodiscard]] bool may_look(const std::string&) const override {
        if constexpr (requires { prepared_.adds_up(); }) return prepared_.adds_up();
        return false;
    }

private:
    void look_into(std::string& all) const override { prepared_.look_into(all); }

    Prepared prepared_;
    Act act_;
};

template <class Prepared>
MakeScene doing(typename Doing<Prepared>::Act act) {
    return [act](Place place) { return std::make_unique<Doing<Prepared>>(place, act); };
}

template <class S>
MakeScene scene() {
    return [](Place place) { return std::make_unique<S>(place); };
}

}  // namespace faults
