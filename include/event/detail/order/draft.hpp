#pragma once

#include <event/detail/event/payload.hpp>
#include <event/detail/intrusive_ptr.hpp>
#include <event/detail/order/batch.hpp>
#include <event/detail/order/typed_topic.hpp>
#include <event/emit_result.hpp>

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace event::detail {

/// The next value while it is made. What is not small lies where it will stay, and never on the stack.
template <class T>
class Draft {
public:
    explicit Draft(Topic<T>& topic, Origin origin = {}) noexcept : topic_(topic), origin_(origin) {}

    [[nodiscard]] bool is_built() const noexcept { return static_cast<bool>(built_); }
    [[nodiscard]] T& operator*() noexcept {
        if constexpr (stored_inline<T>) {
            return *built_;
        } else {
            return built_->draft();
        }
    }

    template <class... Args>
    T& build(Args&&... args) {
        if constexpr (stored_inline<T>) {
            built_.emplace(std::forward<Args>(args)...);
        } else {
            built_ = {};  // its memory is used again
            built_ = Shared::adopt(Payload<T>::create(topic_.pool(), std::forward<Args>(args)...));
        }
        return **this;
    }
    /// What an unset value is taken for.
    T& build_default() {
        if constexpr (std::default_initializable<T>) {
            return build();
        } else {
            throw std::bad_optional_access();
        }
    }
    /// What `make()` returns.
    template <class Make>
    void build_by(Make&& make) {
        if constexpr (stored_inline<T>) {
            const T made(make());
            build(made);
        } else {
            build(ResultOf<Make>{make});
        }
    }

    /// Emits it if the retained event is still that of `sequence`; otherwise nothing is emitted, and it stays built.
    std::optional<EmitResult> emit_if_unchanged(std::uint64_t sequence) {
        if constexpr (stored_inline<T>) {
            Batch one(topic_.type(), std::addressof(*built_), 1, origin_);
            return topic_.emit_if_unchanged(sequence, one);
        } else {
            built_->set_emitter(origin_.id());
            Batch one(*built_.detach(), origin_);
            const std::optional<EmitResult> result = topic_.emit_if_unchanged(sequence, one);
            if (!result) built_ = Shared::adopt(static_cast<Payload<T>*>(one.take_shared()));
            return result;
        }
    }

private:
    using Shared = IntrusivePtr<Payload<T>>;

    Topic<T>& topic_;
    Origin origin_;
    std::conditional_t<stored_inline<T>, std::optional<T>, Shared> built_;
};

}  // namespace event::detail
