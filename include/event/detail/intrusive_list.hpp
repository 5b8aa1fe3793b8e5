#pragma once

namespace event::detail {

/// An object's place in an `IntrusiveList`. An object that is in several lists at once derives from several, told apart
/// by a tag.
template <class Tag>
class ListHook {
public:
    ListHook() = default;
    ListHook(const ListHook&) = delete;
    ListHook& operator=(const ListHook&) = delete;

    [[nodiscard]] bool is_linked() const noexcept { return next_ != nullptr; }
    /// Nothing if it is in no list.
    void unlink() noexcept {
        if (!is_linked()) return;
        previous_->next_ = next_;
        next_->previous_ = previous_;
        previous_ = next_ = nullptr;
    }

    /// Goes where the other one was, if that is in a list.
    void take_place_of(ListHook& other) noexcept {
        if (!other.is_linked()) return;
        link_before(*other.next_);
        other.unlink();
    }

protected:
    ~ListHook() = default;

private:
    template <class, class>
    friend class IntrusiveList;

    void link_before(ListHook& next) noexcept {
        previous_ = next.previous_;
        next_ = &next;
        previous_->next_ = next.previous_ = this;
    }

    ListHook* previous_ = nullptr;
    ListHook* next_ = nullptr;
};

/// A list of objects that exist elsewhere, threaded through them. Nothing allocates or fails.
template <class T, class Tag = T>
class IntrusiveList {
    using Hook = ListHook<Tag>;
    struct End : Hook {};

public:
    class Iterator {
    public:
        explicit Iterator(Hook* at) noexcept : at_(at) {}
        T& operator*() const noexcept { return static_cast<T&>(*at_); }
        Iterator& operator++() noexcept {
            at_ = at_->next_;
            return *this;
        }
        bool operator==(const Iterator&) const = default;

    private:
        Hook* at_;
    };

    IntrusiveList() noexcept { end_.previous_ = end_.next_ = &end_; }
    IntrusiveList(const IntrusiveList&) = delete;
    IntrusiveList& operator=(const IntrusiveList&) = delete;

    [[nodiscard]] bool empty() const noexcept { return end_.next_ == &end_; }
    /// Null if there is none.
    [[nodiscard]] T* front() const noexcept { return empty() ? nullptr : &static_cast<T&>(*end_.next_); }
    void push_back(T& object) noexcept { static_cast<Hook&>(object).link_before(end_); }
    /// The last one that it holds for, looked for from the back; null if there is none.
    template <class Holds>
    [[nodiscard]] T* find_last(Holds&& holds) noexcept {
        for (Hook* at = end_.previous_; at != &end_; at = at->previous_)
            if (holds(static_cast<const T&>(*at))) return static_cast<T*>(at);
        return nullptr;
    }
    /// In front of all if `before` is null.
    void insert_behind(T* before, T& object) noexcept {
        static_cast<Hook&>(object).link_before(before != nullptr ? *static_cast<Hook&>(*before).next_ : *end_.next_);
    }
    [[nodiscard]] T* pop_front() noexcept {
        T* first = front();
        if (first != nullptr) static_cast<Hook*>(first)->unlink();
        return first;
    }

    /// An object may be unlinked once the iterator has left it.
    [[nodiscard]] Iterator begin() noexcept { return Iterator(end_.next_); }
    [[nodiscard]] Iterator end() noexcept { return Iterator(&end_); }

private:
    End end_;
};

}  // namespace event::detail
