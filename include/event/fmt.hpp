#pragma once

/// What the library's types look like in a log: `fmt::format("{}", subscription.stat())`. Each takes the format
/// specification of a string, as in `{:<20}`. Include it where they are printed; nothing else of the library does.

#include <event/detail/requirements.hpp>

#include <event/any_event.hpp>
#include <event/backpressure.hpp>
#include <event/delivery.hpp>
#include <event/detail/event/text_formatter.hpp>
#include <event/emit_result.hpp>
#include <event/error.hpp>
#include <event/name.hpp>
#include <event/report.hpp>
#include <event/snapshot.hpp>

#include <fmt/format.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

/// What the error means, in words.
template <>
struct fmt::formatter<event::errc> : fmt::formatter<fmt::string_view> {
    template <class Context>
    auto format(event::errc error, Context& context) const {
        return fmt::formatter<fmt::string_view>::format(event::make_error_code(error).message(), context);
    }
};

/// The policy's name.
template <>
struct fmt::formatter<event::Policy> : fmt::formatter<fmt::string_view> {
    template <class Context>
    auto format(event::Policy policy, Context& context) const {
        return fmt::formatter<fmt::string_view>::format(name(policy), context);
    }

private:
    [[nodiscard]] static fmt::string_view name(event::Policy policy) noexcept {
        switch (policy) {
            case event::Policy::notify:
                return "Notify";
            case event::Policy::drop:
                return "Drop";
            case event::Policy::drop_oldest:
                return "DropOldest";
            case event::Policy::latest:
                return "Latest";
            case event::Policy::kill:
                return "Kill";
            case event::Policy::wait:
                return "Wait";
        }
        return "?";
    }
};

template <>
struct fmt::formatter<event::Backpressure> : fmt::formatter<event::Policy> {
    template <class Context>
    auto format(const event::Backpressure& backpressure, Context& context) const {
        return fmt::formatter<event::Policy>::format(event::policy_of(backpressure), context);
    }
};

/// Each policy by itself.
template <class Policy>
    requires event::detail::is_policy<Policy>
struct fmt::formatter<Policy> : fmt::formatter<event::Policy> {
    template <class Context>
    auto format(const Policy& policy, Context& context) const {
        return fmt::formatter<event::Policy>::format(event::policy_of(policy), context);
    }
};

/// "3 subscribers: 2 delivered, 1 refused"; figures that are zero are left out. With an error, "nothing delivered: "
/// and why, or, of several emits together, the figures up to it and why it ended.
template <>
struct fmt::formatter<event::EmitResult> : event::detail::TextFormatter<event::EmitResult> {
    static void print(const event::EmitResult& result, fmt::appender out) {
        if (result.error != event::errc{} && result.subscribers == 0) {
            fmt::format_to(out, "nothing delivered: {}", result.error);
            return;
        }
        fmt::format_to(out, "{} subscriber{}", result.subscribers, result.subscribers == 1 ? "" : "s");
        std::string_view separator = ": ";
        const auto add = [&](std::size_t count, std::string_view what) {
            if (count == 0) return;
            fmt::format_to(out, "{}{} {}", separator, count, what);
            separator = ", ";
        };
        add(result.delivered, "delivered");
        add(result.rejected, "rejected");
        add(result.refused, "refused");
        add(result.displaced, "displaced");
        add(result.killed, "killed");
        if (result.error != event::errc{}) fmt::format_to(out, "; then {}", result.error);
    }
};

/// "#17", and what is unusual about it.
template <>
struct fmt::formatter<event::Meta> : event::detail::TextFormatter<event::Meta> {
    static void print(const event::Meta& meta, fmt::appender out) {
        fmt::format_to(out, "#{}", meta.sequence);
        if (meta.missed != 0) fmt::format_to(out, ", {} missed before it", meta.missed);
        if (meta.replayed) fmt::format_to(out, ", replayed");
    }
};

/// The event if it can be printed, otherwise its name and size; "no event" for an empty one.
template <class... Ts>
struct fmt::formatter<event::Delivery<Ts...>> : event::detail::TextFormatter<event::Delivery<Ts...>> {
    static void print(const event::Delivery<Ts...>& delivery, fmt::appender out) {
        if (delivery.empty()) {
            fmt::format_to(out, "no event");
        } else {
            delivery.visit([&](const auto& event) { event::detail::print_event(event, out); });
        }
    }
};

/// The event if its type can be printed, otherwise its name and size; "no event" for an empty one.
template <>
struct fmt::formatter<event::AnyEvent> : event::detail::TextFormatter<event::AnyEvent> {
    static void print(const event::AnyEvent& event, fmt::appender out) {
        if (event) {
            event.print_to(out);
        } else {
            fmt::format_to(out, "no event");
        }
    }
};

/// The value if it can be printed, otherwise its type's name and size; "no value" for an empty one.
template <class T>
struct fmt::formatter<event::Snapshot<T>> : event::detail::TextFormatter<event::Snapshot<T>> {
    static void print(const event::Snapshot<T>& snapshot, fmt::appender out) {
        if (snapshot) {
            event::detail::print_event(*snapshot, out);
        } else {
            fmt::format_to(out, "no value");
        }
    }
};

/// "'journal' lost 3 events so far, of type Text first: its queue of 64 was full (episode 2)"
template <>
struct fmt::formatter<event::SlowSubscriber> : event::detail::TextFormatter<event::SlowSubscriber> {
    static void print(const event::SlowSubscriber& slow, fmt::appender out) {
        if (slow.age != std::chrono::nanoseconds(0)) {
            fmt::format_to(out, "'{}' has not been empty for {} ms, with {} lost so far (episode {})", slow.name,
                           std::chrono::duration_cast<std::chrono::milliseconds>(slow.age).count(), slow.lost,
                           slow.episodes);
        } else {
            fmt::format_to(out, "'{}' lost {} event{} so far, of type {} first: its queue of {} was full (episode {})",
                           slow.name, slow.lost, slow.lost == 1 ? "" : "s", slow.type, slow.capacity, slow.episodes);
        }
    }
};

/// "2 emitters, 1 subscriber, 17 emitted, retained"
template <>
struct fmt::formatter<event::TopicStat> : event::detail::TextFormatter<event::TopicStat> {
    static void print(const event::TopicStat& stat, fmt::appender out) {
        fmt::format_to(out, "{} emitter{}, {} subscriber{}, {} emitted", stat.emitters, stat.emitters == 1 ? "" : "s",
                       stat.subscribers, stat.subscribers == 1 ? "" : "s", stat.emitted);
        if (stat.refused != 0) fmt::format_to(out, ", {} refused", stat.refused);
        if (!stat.retained) return;
        if (stat.replays > 1) {
            fmt::format_to(out, ", {} retained", stat.replays);
        } else {
            fmt::format_to(out, "{}", stat.replayable ? ", retained" : ", retained: nothing yet");
        }
    }
};

/// "p50 1.2us, p90 3us, p99 12ms, max 1.5s"
template <>
struct fmt::formatter<event::DurationStat> : event::detail::TextFormatter<event::DurationStat> {
    static void print(const event::DurationStat& stat, fmt::appender out) {
        fmt::format_to(out, "{}", to_string(stat));
    }
};

/// "journal (DropOldest): 3 of 256 queued, 12 at most; 1000 delivered, 2 lost, 7 rejected, 4 to come (emits that
/// wait), of the keys ping, echo"; the last three if there are any; and its latency and its handler's time, where the
/// bus stamps events
template <>
struct fmt::formatter<event::SubscriptionStat> : event::detail::TextFormatter<event::SubscriptionStat> {
    static void print(const event::SubscriptionStat& stat, fmt::appender out) {
        fmt::format_to(out, "{} ({}): {} of {} queued, {} at most; {} delivered, {} lost", stat.name, stat.policy,
                       stat.size, stat.capacity, stat.high_water, stat.delivered, stat.lost);
        if (stat.rejected != 0) fmt::format_to(out, ", {} rejected", stat.rejected);
        if (stat.emits_waiting != 0) fmt::format_to(out, ", {} to come", stat.emits_waiting);
        std::string_view separator = ", of the keys ";
        for (const std::string& key : stat.keys) {
            fmt::format_to(out, "{}{}", separator, key);
            separator = ", ";
        }
        if (stat.latency) fmt::format_to(out, "; latency {}", *stat.latency);
        if (stat.handler_time) fmt::format_to(out, "; handler {}", *stat.handler_time);
    }
};

/// As the others, with its name and its emitters: "swarm.PeerConnected: 1 emitter, …; emitted by swarm"
template <>
struct fmt::formatter<event::TopicReport> : event::detail::TextFormatter<event::TopicReport> {
    static void print(const event::TopicReport& topic, fmt::appender out) {
        fmt::format_to(out, "{}: {}", topic.name, static_cast<const event::TopicStat&>(topic));
        std::string_view separator = "; emitted by ";
        for (const std::string& name : topic.emitter_names) {
            if (name.empty()) continue;
            fmt::format_to(out, "{}{}", separator, name);
            separator = ", ";
        }
    }
};

/// "host.Reachability: version 17, 3 watchers, 1 of them behind"
template <>
struct fmt::formatter<event::ValueReport> : event::detail::TextFormatter<event::ValueReport> {
    static void print(const event::ValueReport& value, fmt::appender out) {
        fmt::format_to(out, "{}: version {}, {} watcher{}, {} of them behind", value.name, value.version,
                       value.watchers, value.watchers == 1 ? "" : "s", value.behind);
    }
};

/// A table of at most 100 columns.
template <>
struct fmt::formatter<event::BusReport> : fmt::formatter<fmt::string_view> {
    template <class Context>
    auto format(const event::BusReport& report, Context& context) const {
        return fmt::formatter<fmt::string_view>::format(to_string(report), context);
    }
};
