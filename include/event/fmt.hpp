#pragma once

/// What the library's types look like in a log: `fmt::format("{}", subscription.stat())`. None takes a format
/// specification. Include it where they are printed; nothing else of the library does.

#include <event/any_event.hpp>
#include <event/backpressure.hpp>
#include <event/delivery.hpp>
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

namespace event::detail {

/// For formatters that have only one way to print.
class PlainFormatter {
public:
    constexpr auto parse(fmt::format_parse_context& context) {
        const auto* at = context.begin();
        if (at != context.end() && *at != '}')
            throw fmt::format_error("event: this type takes no format specification");
        return at;
    }
};

}  // namespace event::detail

/// What the error means, in words.
template <>
struct fmt::formatter<event::errc> : event::detail::PlainFormatter {
    auto format(event::errc error, fmt::format_context& context) const {
        return fmt::format_to(context.out(), "{}", event::make_error_code(error).message());
    }
};

/// The policy's name.
template <>
struct fmt::formatter<event::Policy> : event::detail::PlainFormatter {
    auto format(event::Policy policy, fmt::format_context& context) const {
        return fmt::format_to(context.out(), "{}", name(policy));
    }

private:
    [[nodiscard]] static std::string_view name(event::Policy policy) noexcept {
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
    auto format(const event::Backpressure& backpressure, fmt::format_context& context) const {
        return fmt::formatter<event::Policy>::format(event::policy_of(backpressure), context);
    }
};

/// "3 subscribers: 2 delivered, 1 refused"; figures that are zero are left out.
template <>
struct fmt::formatter<event::EmitResult> : event::detail::PlainFormatter {
    auto format(const event::EmitResult& result, fmt::format_context& context) const {
        auto out = context.out();
        if (result.error != event::errc{})
            return fmt::format_to(out, "nothing delivered: {}", event::make_error_code(result.error).message());
        out = fmt::format_to(out, "{} subscriber{}", result.subscribers, result.subscribers == 1 ? "" : "s");
        std::string_view separator = ": ";
        const auto add = [&](std::size_t count, std::string_view what) {
            if (count == 0) return;
            out = fmt::format_to(out, "{}{} {}", separator, count, what);
            separator = ", ";
        };
        add(result.delivered, "delivered");
        add(result.rejected, "rejected");
        add(result.refused, "refused");
        add(result.displaced, "displaced");
        add(result.killed, "killed");
        return out;
    }
};

/// "#17", and what is unusual about it.
template <>
struct fmt::formatter<event::Meta> : event::detail::PlainFormatter {
    auto format(const event::Meta& meta, fmt::format_context& context) const {
        auto out = fmt::format_to(context.out(), "#{}", meta.sequence);
        if (meta.missed != 0) out = fmt::format_to(out, ", {} missed before it", meta.missed);
        if (meta.replayed) out = fmt::format_to(out, ", replayed");
        return out;
    }
};

/// The event if it can be printed, otherwise its name and size; "no event" for an empty one.
template <class... Ts>
struct fmt::formatter<event::Delivery<Ts...>> : event::detail::PlainFormatter {
    auto format(const event::Delivery<Ts...>& delivery, fmt::format_context& context) const {
        auto out = context.out();
        if (delivery.empty()) return fmt::format_to(out, "no event");
        return delivery.visit([&](const auto& event) { return event::detail::print_event(event, out); });
    }
};

/// The event if its type can be printed (and could be where the type was first emitted), otherwise its name and size;
/// "no event" for an empty one.
template <>
struct fmt::formatter<event::AnyEvent> : event::detail::PlainFormatter {
    auto format(const event::AnyEvent& event, fmt::format_context& context) const {
        return event ? event.print_to(context.out()) : fmt::format_to(context.out(), "no event");
    }
};

/// The value if it can be printed, otherwise its type's name and size; "no value" for an empty one.
template <class T>
struct fmt::formatter<event::Snapshot<T>> : event::detail::PlainFormatter {
    auto format(const event::Snapshot<T>& snapshot, fmt::format_context& context) const {
        auto out = context.out();
        return snapshot ? event::detail::print_event(*snapshot, out) : fmt::format_to(out, "no value");
    }
};

/// "'journal' lost 3 events so far, of type Text first: its queue of 64 was full (episode 2)"
template <>
struct fmt::formatter<event::SlowSubscriber> : event::detail::PlainFormatter {
    auto format(const event::SlowSubscriber& slow, fmt::format_context& context) const {
        if (slow.age != std::chrono::nanoseconds(0)) {
            return fmt::format_to(context.out(), "'{}' has not been empty for {} ms, with {} lost so far (episode {})",
                                  slow.name, std::chrono::duration_cast<std::chrono::milliseconds>(slow.age).count(),
                                  slow.lost, slow.episodes);
        }
        return fmt::format_to(context.out(),
                              "'{}' lost {} event{} so far, of type {} first: its queue of {} was full (episode {})",
                              slow.name, slow.lost, slow.lost == 1 ? "" : "s", slow.type, slow.capacity, slow.episodes);
    }
};

/// "2 emitters, 1 subscriber, 17 emitted, retained"
template <>
struct fmt::formatter<event::TopicStat> : event::detail::PlainFormatter {
    auto format(const event::TopicStat& stat, fmt::format_context& context) const {
        return fmt::format_to(context.out(), "{} emitter{}, {} subscriber{}, {} emitted{}", stat.emitters,
                              stat.emitters == 1 ? "" : "s", stat.subscribers, stat.subscribers == 1 ? "" : "s",
                              stat.emitted,
                              !stat.retained    ? ""
                              : stat.replayable ? ", retained"
                                                : ", retained: nothing yet");
    }
};

/// "journal (DropOldest): 3 of 256 queued, 12 at most; 1000 delivered, 2 lost"
template <>
struct fmt::formatter<event::SubscriptionStat> : event::detail::PlainFormatter {
    auto format(const event::SubscriptionStat& stat, fmt::format_context& context) const {
        return fmt::format_to(context.out(), "{} ({}): {} of {} queued, {} at most; {} delivered, {} lost", stat.name,
                              stat.policy, stat.size, stat.capacity, stat.high_water, stat.delivered, stat.lost);
    }
};

/// As the others, with its name and its emitters: "swarm.PeerConnected: 1 emitter, …; emitted by swarm"
template <>
struct fmt::formatter<event::TopicReport> : fmt::formatter<event::TopicStat> {
    auto format(const event::TopicReport& topic, fmt::format_context& context) const {
        context.advance_to(fmt::format_to(context.out(), "{}: ", topic.name));
        auto out = fmt::formatter<event::TopicStat>::format(topic, context);
        std::string_view separator = "; emitted by ";
        for (const std::string& name : topic.emitter_names) {
            if (name.empty()) continue;
            out = fmt::format_to(out, "{}{}", separator, name);
            separator = ", ";
        }
        return out;
    }
};

/// "host.Reachability: version 17, 3 watchers, 1 of them behind"
template <>
struct fmt::formatter<event::ValueReport> : event::detail::PlainFormatter {
    auto format(const event::ValueReport& value, fmt::format_context& context) const {
        return fmt::format_to(context.out(), "{}: version {}, {} watcher{}, {} of them behind", value.name,
                              value.version, value.watchers, value.watchers == 1 ? "" : "s", value.behind);
    }
};

/// A table of at most 100 columns.
template <>
struct fmt::formatter<event::BusReport> : event::detail::PlainFormatter {
    auto format(const event::BusReport& report, fmt::format_context& context) const {
        return fmt::format_to(context.out(), "{}", to_string(report));
    }
};
