#pragma once

#include <event/detail/bus/value_core.hpp>
#include <event/detail/event/payload.hpp>
#include <event/detail/intrusive_ptr.hpp>
#include <event/detail/order/aftermath.hpp>
#include <event/detail/order/batch.hpp>
#include <event/detail/order/typed_topic.hpp>
#include <event/detail/wait/combination.hpp>
#include <event/detail/wait/projected.hpp>
#include <event/fwd.hpp>
#include <event/snapshot.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/container/small_vector.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>

#pragma push_macro("emit")  // Qt has one
#undef emit

/// Latest values that a function makes of others.

namespace event::detail {

/// How the inside sees views.
class ViewAccess {
public:
    /// Null: it was default-constructed.
    template <class T>
    [[nodiscard]] static Topic<T>* topic(const ValueView<T>& view) noexcept {
        return view.core_ ? &view.topic() : nullptr;
    }
    template <class T>
    [[nodiscard]] static ValueView<T> make(TopicBase& topic) noexcept {
        return ValueView<T>(topic);
    }
};

using Readings = boost::container::small_vector<Reading*, 8>;

/// One attempt at making a value: it reads all sources, and then makes the value of what it has read.
template <class R>
class Attempt {
public:
    Attempt() = default;
    Attempt(const Attempt&) = delete;
    Attempt& operator=(const Attempt&) = delete;
    virtual ~Attempt() = default;

    /// Of the sources, in their order.
    [[nodiscard]] const Readings& readings() const noexcept { return readings_; }
    /// Null if a source has no value. Throws what the function throws. It lives as long as this.
    [[nodiscard]] virtual const R* make() = 0;

protected:
    Readings readings_;
};

template <class R>
class CombinationOf : public Combination {
public:
    [[nodiscard]] virtual std::unique_ptr<Attempt<R>> attempt() = 0;

protected:
    using Combination::Combination;
    ~CombinationOf() = default;
};

/// What an attempt has read of one view. Of one that is made of others, it has read those: to make the inner value may
/// take long, and is no part of the moment.
template <class T>
class Part final : public Reading {
public:
    explicit Part(const ValueView<T>& view) : view_(view), topic_(*ViewAccess::topic(view)) {
        if (Combination* inner = topic_.combination()) inner_ = static_cast<CombinationOf<T>*>(inner)->attempt();
    }
    ~Part() = default;

    void list_in(Readings& readings) {
        if (!inner_) return readings.push_back(this);
        readings.insert(readings.end(), inner_->readings().begin(), inner_->readings().end());
    }
    void read() override {
        snapshot_ = view_.try_get();
        version_ = snapshot_ ? snapshot_->version() : 0;
    }
    [[nodiscard]] bool is_current() const noexcept override { return topic_.retained_sequence() == version_; }
    [[nodiscard]] const T* value() const {
        if (inner_) return inner_->make();
        return snapshot_ ? std::addressof(**snapshot_) : nullptr;
    }

private:
    const ValueView<T>& view_;
    const TopicBase& topic_;
    std::optional<Snapshot<T>> snapshot_;
    std::unique_ptr<Attempt<T>> inner_;
};

template <class F, class... Ts>
using CombinedBy = std::decay_t<std::invoke_result_t<const F&, const Ts&...>>;

/// A value that `F` makes of those of the views.
template <class F, class... Ts>
class CombinedCore final : public ValueCore<CombinedBy<F, Ts...>>, public CombinationOf<CombinedBy<F, Ts...>> {
    using R = CombinedBy<F, Ts...>;
    using Views = std::tuple<ValueView<Ts>...>;

public:
    /// None of the views was default-constructed.
    [[nodiscard]] static IntrusivePtr<CombinedCore> create(Views&& views, F&& function) {
        auto core = IntrusivePtr<CombinedCore>::adopt(new CombinedCore(std::move(views), std::move(function)));
        const auto topics = std::apply(
            [](const auto&... view) { return std::array<TopicBase*, sizeof...(Ts)>{ViewAccess::topic(view)...}; },
            core->views_);
        core->make_of(topics, core->context());
        return core;
    }

    void refresh() override {
        const typename Combination::Making making(*this);
        for (bool is_known = false; !is_known;) {
            ThisAttempt attempt(*this);
            read_at_one_moment(attempt.readings());
            this->listen();
            is_known = attempt.has_been_made() || attempt.make_known();
        }
        this->close_if_over();
    }
    [[nodiscard]] std::unique_ptr<Attempt<R>> attempt() override { return std::make_unique<ThisAttempt>(*this); }

private:
    CombinedCore(Views&& views, F&& function)
        : ValueCore<R>(executor_of(views)),
          CombinationOf<R>(this->topic()),
          views_(std::move(views)),
          function_(std::move(function)) {}

    [[nodiscard]] static boost::asio::any_io_executor executor_of(const Views& views) {
        boost::asio::any_io_executor first;
        const auto look = [&](const auto& view) {
            if (!first) first = view.get_executor();
        };
        std::apply([&](const auto&... view) { (look(view), ...); }, views);
        return first;
    }

    class ThisAttempt final : public Attempt<R> {
    public:
        explicit ThisAttempt(CombinedCore& core) : core_(core), begun_at_(core.changes()), parts_(core.views_) {
            std::apply([this](auto&... part) { (part.list_in(this->readings_), ...); }, parts_);
        }

        /// Whether the topic is up to date.
        [[nodiscard]] bool has_been_made() const noexcept {
            const ReadGuard guard(core_.topic());
            return core_.knows(this->readings()) && !core_.has_failed();
        }
        /// Whether it is now: not if somebody else came first.
        [[nodiscard]] bool make_known() {
            static_cast<void>(make());
            return is_known_;
        }
        [[nodiscard]] const R* make() override {
            if (read_made()) return made_before_ ? std::addressof(*made_before_) : nullptr;
            try {
                return make_anew(std::index_sequence_for<Ts...>());
            } catch (...) {
                static_cast<void>(core_.note_none(this->readings(), begun_at_, true));
                throw;
            }
        }

    private:
        /// Whether it has been made of the same before.
        [[nodiscard]] bool read_made() noexcept {
            const ReadGuard guard(core_.topic());
            if (!core_.knows(this->readings()) || core_.has_failed()) return false;
            made_before_.read(core_.topic());
            return true;
        }
        template <std::size_t... I>
        [[nodiscard]] const R* make_anew(std::index_sequence<I...>) {
            std::tuple<const Ts*...> values;
            if (!((std::get<I>(values) = std::get<I>(parts_).value()) && ...)) {
                is_known_ = core_.note_none(this->readings(), begun_at_, false);
                return nullptr;
            }
            const auto call = [&]() -> decltype(auto) { return std::invoke(core_.function_, *std::get<I>(values)...); };
            if constexpr (stored_inline<R>) {
                made_.emplace(call());
                publish(Batch(event_type<R>, std::addressof(*made_), 1, Origin()));
                return std::addressof(*made_);
            } else {
                using Call = const decltype(call);
                made_ = Shared::adopt(Payload<R>::create(core_.topic().pool(), ResultOf<Call>{call}));
                publish(Batch(*Shared(made_).detach(), Origin()));
                return std::addressof(made_->value());
            }
        }
        void publish(Batch made) {
            Aftermath after;
            const auto is_first = [this] { return core_.changes() == begun_at_; };
            const auto note = [this] { core_.note(this->readings()); };
            is_known_ = core_.topic().emit_if(made, is_first, nullptr, after, note).has_value();
            after.settle();
        }

        using Shared = IntrusivePtr<Payload<R>>;

        CombinedCore& core_;
        const std::uint64_t begun_at_;
        std::tuple<Part<Ts>...> parts_;
        Snapshot<R> made_before_;
        std::conditional_t<stored_inline<R>, std::optional<R>, Shared> made_;
        bool is_known_ = false;
    };

    const Views views_;
    const F function_;
};

template <class T>
inline constexpr bool is_view = false;
template <class T>
inline constexpr bool is_view<ValueView<T>> = true;

/// Of a tuple of views, with the function behind them.
template <class Given, std::size_t... I>
[[nodiscard]] auto combine_given(Given&& given, std::index_sequence<I...>) {
    using Function = std::tuple_element_t<sizeof...(I), Given>;
    constexpr bool are_views = (is_view<std::tuple_element_t<I, Given>> && ...);
    static_assert(are_views, "event: combine takes views, as of a.view(), and the function last");
    if constexpr (are_views) {
        constexpr bool is_function =
            std::is_invocable_v<const Function&, const typename std::tuple_element_t<I, Given>::value_type&...>;
        static_assert(is_function,
                      "event: combine takes, last, a function that can be called, as const, with the values of the "
                      "views as const references: (const A&, const B&)");
        if constexpr (is_function) {
            using Combined = CombinedCore<Function, typename std::tuple_element_t<I, Given>::value_type...>;
            using R = CombinedBy<Function, typename std::tuple_element_t<I, Given>::value_type...>;
            constexpr bool is_value = !std::is_void_v<R> && !only_looks_at_others<R>;
            static_assert(!std::is_void_v<R>, "event: the function given to combine returns a value: watch that");
            static_assert(!only_looks_at_others<R>,
                          "event: what combine makes outlives what it is made of: no string_view and no span of it");
            if constexpr (is_value) {
                if (((ViewAccess::topic(std::get<I>(given)) == nullptr) || ...)) return ValueView<R>();
                const auto core = Combined::create(std::tuple(std::move(std::get<I>(given))...),
                                                   std::move(std::get<sizeof...(I)>(given)));
                return ViewAccess::make<R>(core->topic());
            }
        }
    }
}

}  // namespace event::detail

#pragma pop_macro("emit")
