#pragma once

#include <event/detail/intrusive_ptr.hpp>
#include <event/detail/wait/contexts.hpp>

#include <cstdint>
#include <utility>

namespace event::detail {

/// What a handle and its initiations hold: a counted reference to their object; or, where that was given away or never
/// was, to who knows whether its home context still lives, and to nothing else: no bus and no event lives longer for
/// it; or to nothing at all. In one word, whose lowest bit says that it is not the object.
template <class T>
class ObjectOrContext {
public:
    /// Nothing.
    ObjectOrContext() = default;
    /// The object, which there is.
    explicit ObjectOrContext(IntrusivePtr<T> object) noexcept : word_(to_word(object.detach())) {}
    explicit ObjectOrContext(IntrusivePtr<ContextRegistry> context) noexcept : word_(to_word(context.detach()) | tag) {}

    ObjectOrContext(const ObjectOrContext& other) noexcept : word_(other.word_) {
        if (*this) {
            get()->add_reference();
        } else if (ContextRegistry* context = context_here()) {
            context->add_reference();
        }
    }
    /// Leaves nothing.
    ObjectOrContext(ObjectOrContext&& other) noexcept : word_(std::exchange(other.word_, nothing)) {}
    ObjectOrContext& operator=(ObjectOrContext other) noexcept {
        std::swap(word_, other.word_);
        return *this;
    }
    ~ObjectOrContext() {
        if (word_ != nothing) let_go();
    }

    /// Whether it is the object.
    explicit operator bool() const noexcept {
        if ((word_ & tag) == 0) [[likely]]
            return true;
        return false;
    }
    [[nodiscard]] T* get() const noexcept { return reinterpret_cast<T*>(word_); }
    T& operator*() const noexcept { return *get(); }
    T* operator->() const noexcept { return get(); }
    /// The object, which there is.
    [[nodiscard]] IntrusivePtr<T> object() const& noexcept { return IntrusivePtr<T>(get()); }
    [[nodiscard]] IntrusivePtr<T> object() && noexcept {
        return IntrusivePtr<T>::adopt(reinterpret_cast<T*>(std::exchange(word_, nothing)));
    }

    /// Who knows whether the home context of the object lives; null: nobody does.
    [[nodiscard]] IntrusivePtr<ContextRegistry> context() const noexcept {
        return *this ? get()->home_context() : IntrusivePtr<ContextRegistry>(context_here());
    }
    /// Moves what it is, and leaves the context; where that is not the object's, `otherwise`. Out of line, so that
    /// what keeps handles has the usual cases within it.
    [[nodiscard, gnu::noinline]] ObjectOrContext give_away() noexcept { return give_away(context()); }
    [[nodiscard]] ObjectOrContext give_away(IntrusivePtr<ContextRegistry> otherwise) noexcept {
        return std::exchange(*this, ObjectOrContext(std::move(otherwise)));
    }

private:
    static constexpr std::uintptr_t tag = 1;
    static constexpr std::uintptr_t nothing = tag;

    // out of line: what keeps handles has it in every way out
    [[gnu::noinline]] void let_go() noexcept {
        if (*this) {
            get()->release();
        } else {
            context_here()->release();
        }
    }
    template <class Counted>
    [[nodiscard]] static std::uintptr_t to_word(Counted* counted) noexcept {
        static_assert(alignof(Counted) > tag);
        return reinterpret_cast<std::uintptr_t>(counted);
    }
    [[nodiscard]] ContextRegistry* context_here() const noexcept {
        return reinterpret_cast<ContextRegistry*>(word_ & ~tag);
    }

    std::uintptr_t word_ = nothing;
};

}  // namespace event::detail
