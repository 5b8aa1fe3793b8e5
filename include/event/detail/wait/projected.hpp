#pragma once

#include <event/detail/intrusive_ptr.hpp>
#include <event/detail/order/typed_topic.hpp>
#include <event/detail/wait/watch.hpp>
#include <event/snapshot.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

/// Watchers of what a projection makes of a value.

namespace event::detail {

template <class Projection, class T>
using Projected = std::decay_t<std::invoke_result_t<Projection&, const T&>>;

template <class Result>
inline constexpr bool only_looks_at_others = false;
template <class Char, class Traits>
inline constexpr bool only_looks_at_others<std::basic_string_view<Char, Traits>> = true;
template <class T, std::size_t extent>
inline constexpr bool only_looks_at_others<std::span<T, extent>> = true;

template <class Result>
[[nodiscard]] consteval bool check_projected() noexcept {
    static_assert(!only_looks_at_others<Result>,
                  "event: what a projection gives outlives the value: no string_view and no span of it");
    static_assert(std::regular<Result> || only_looks_at_others<Result>,
                  "event: what a projection gives is kept, and compared with what comes later: it must be equality "
                  "comparable, copyable and default-constructible");
    constexpr bool is_certain = std::is_nothrow_default_constructible_v<Result> &&
                                std::is_nothrow_move_constructible_v<Result> &&
                                std::is_nothrow_move_assignable_v<Result>;
    static_assert(is_certain || !std::regular<Result> || only_looks_at_others<Result>,
                  "event: what a projection gives is moved where nothing may fail: making an empty one and moving it "
                  "must be noexcept");
    return std::regular<Result> && is_certain;
}

/// A watcher that has seen what the projection gave, and tells of what is not equal to that. The projection is called
/// under no lock, by who takes the value.
template <class T, class Projection, class Base = ParkingSpot>
class ProjectedSpot : public WatchSpot<T, Base> {
    using Whole = WatchSpot<T, Base>;

public:
    using Got = Projected<Projection, T>;
    using Value = Got;
    [[nodiscard]] static const Got& value_in(const Got& got) noexcept { return got; }

    struct Kept {
        explicit Kept(Projection&& p) : projection(std::move(p)) {}
        Projection projection;
        std::optional<Got> seen = std::nullopt;
        std::optional<Got> noticed = std::nullopt;
    };
    /// What may throw comes before the spot is made, of which its topic knows.
    [[nodiscard]] static std::unique_ptr<Kept> keep(Projection projection) {
        return std::make_unique<Kept>(std::move(projection));
    }
    [[nodiscard]] static IntrusivePtr<ProjectedSpot> create(TopicBase& topic, Projection projection) {
        auto kept = keep(std::move(projection));
        auto spot = IntrusivePtr<ProjectedSpot>::adopt(new ProjectedSpot(topic, std::move(kept)));
        topic.core().begin_watching(topic);
        return spot;
    }

    [[nodiscard]] Look take(Got& got) {
        Snapshot<T> whole;
        const Look found = Whole::take(whole);
        if (found == Look::readable) got = project(whole);
        return found;
    }
    [[nodiscard]] Look take_again(Got& got) {
        Snapshot<T> whole;
        const Look found = Whole::take_again(whole);
        if (found == Look::readable) got = project(whole);
        return found;
    }
    /// Whether it differs from what was seen last; it counts as seen from now on.
    [[nodiscard]] bool is_news(const Got& got) {
        if (is_known(got)) return false;
        kept_->seen = got;
        return true;
    }
    [[nodiscard]] bool peek(Got& got) {
        Snapshot<T> whole;
        if (!Whole::peek(whole)) return false;
        got = project(whole);
        return true;
    }
    /// Passes over values of which there is nothing to tell.
    [[nodiscard]] Look look_now() {
        for (;;) {
            Snapshot<T> whole;
            const Look found = Whole::look_at(whole).look;
            if (found != Look::readable || !is_known_or_pass(project_or_pass(whole), whole.version())) return found;
            static_cast<void>(this->see(whole.version()));
        }
    }

    // ---- for who waits until it settles ----------------------------------------------------------------------

    // Where the projection, or `==`, throws, the value counts as seen.
    [[nodiscard]] Got project_or_pass(const Snapshot<T>& whole) {
        return or_pass(whole.version(), [&] { return project(whole); });
    }
    [[nodiscard]] bool is_known_or_pass(const Got& got, std::uint64_t version) {
        return or_pass(version, [&] { return is_known(got); });
    }
    /// Whether it differs from what was noticed last.
    [[nodiscard]] bool notice_or_pass(const Got& got, std::uint64_t version) {
        return or_pass(version, [&] {
            if (kept_->noticed && *kept_->noticed == got) return false;
            kept_->noticed = got;
            return true;
        });
    }
    void forget_noticed() noexcept { kept_->noticed.reset(); }

protected:
    ProjectedSpot(TopicBase& topic, std::unique_ptr<Kept> kept) noexcept : Whole(topic), kept_(std::move(kept)) {}
    ~ProjectedSpot() override = default;

    /// The memory may be kept longer.
    void let_go() noexcept override {
        kept_.reset();
        Base::let_go();
    }

private:
    [[nodiscard]] Got project(const Snapshot<T>& whole) { return std::invoke(kept_->projection, *whole); }

    [[nodiscard]] bool is_known(const Got& got) const { return kept_->seen && *kept_->seen == got; }
    template <class Look>
    auto or_pass(std::uint64_t version, Look look) {
        try {
            return look();
        } catch (...) {
            static_cast<void>(this->see(version));
            throw;
        }
    }

    std::unique_ptr<Kept> kept_;  // used by who takes, one at a time
};

template <class T, class Projection, class Base>
struct SelectWatchSpot {
    using type = ProjectedSpot<T, Projection, Base>;
};
template <class T, class Base>
struct SelectWatchSpot<T, void, Base> {
    using type = WatchSpot<T, Base>;
};
/// Of all of the value, or of what the projection makes of it.
template <class T, class Projection, class Base = ParkingSpot>
using WatchSpotOf = typename SelectWatchSpot<T, Projection, Base>::type;

}  // namespace event::detail
