#include <event/detail/order/aftermath.hpp>
#include <event/detail/wait/combination.hpp>

#include <boost/container/small_vector.hpp>
#include <boost/system/errc.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <mutex>
#include <thread>
#include <utility>

namespace event::detail {

// ---- sources ----------------------------------------------------------------------------------------------------

IntrusivePtr<Source> Source::create(TopicBase& topic, Combination& owner, boost::asio::execution_context& context) {
    auto source = IntrusivePtr<Source>::adopt(new Source(topic, owner, context));
    source->ear_.follow_context();
    topic.core().begin_watching(topic);
    return source;
}

void Source::listen() {
    const DomainGuard guard(topic_);
    if (is_heard()) return;
    if (topic_.is_closed()) {
        has_ended_.store(true, std::memory_order_release);
        is_heard_.store(true, std::memory_order_release);
        return;
    }
    // Who tells what listens there of the context's death does so under this lock, and after this.
    const ContextListener& told_of_death = ear_.is_foreign() ? static_cast<ContextListener&>(*this) : core();
    if (told_of_death.registry()->is_gone() || begin() == 0) return;
    add_reference();
    park(ear_);
    topic_.watching().push_back(ear_);
    if (const std::uint64_t newest = topic_.retained_sequence(); newest != 0 && seen_ != newest) {
        seen_ = newest;
        topic_.newest_was_seen(newest);
    }
    is_heard_.store(true, std::memory_order_release);
}

void Source::land() noexcept {
    const IntrusivePtr<Source> self(this);
    finish();
    is_heard_.store(false, std::memory_order_release);
    IntrusivePtr<Core> alive;
    Combination* owner = nullptr;
    {
        const std::lock_guard guard(lock_);
        owner = owner_;
        if (owner != nullptr) alive = owner->owner();
    }
    if (alive) owner->tell();
}

void Source::let_go_of_owner() noexcept {
    {
        const std::lock_guard guard(lock_);
        owner_ = nullptr;
    }
    stop();
}

void Source::stop() noexcept {
    if (defer_request(close_it)) return;
    end_under<DomainGuard>(topic_, [this](Aftermath& after) { after.wake(claim()); });
    core().end_watching(topic_, seen_);
}

// ---- one moment -------------------------------------------------------------------------------------------------

/// What was read first still is so when the last one has been read: then all were, at that moment. Versions never come
/// back. What changes fast is read last the next time.
void read_at_one_moment(std::span<Reading* const> readings) {
    constexpr int attempts_in_haste = 16;
    boost::container::small_vector<Reading*, 8> order(readings.begin(), readings.end());
    for (int attempt = 0;; ++attempt) {
        for (Reading* reading : order) reading->read();
        const auto is_still_so = [last = order.back()](const Reading* reading) {
            return reading == last || reading->is_current();
        };
        if (std::partition(order.begin(), order.end(), is_still_so) == order.end()) return;
        if (attempt >= attempts_in_haste) std::this_thread::yield();
    }
}

// ---- combinations -----------------------------------------------------------------------------------------------

thread_local const Combination::Making* Combination::Making::innermost_ = nullptr;

Combination::Making::Making(const Combination& combination) : combination_(combination), outer_(innermost_) {
    for (const Making* making = outer_; making != nullptr; making = making->outer_) {
        if (&making->combination_ != &combination) continue;
        throw boost::system::system_error(
            boost::system::errc::make_error_code(boost::system::errc::resource_deadlock_would_occur),
            "event: the function given to combine reads what it makes");
    }
    innermost_ = this;
}

Combination::Making::~Making() { innermost_ = outer_; }

void Combination::make_of(std::span<TopicBase* const> topics, boost::asio::execution_context& context) {
    for (TopicBase* topic : topics) {
        if (const Combination* inner = topic->combination()) {
            for (const auto& source : inner->sources())
                sources_.push_back(Source::create(source->topic(), *this, context));
        } else {
            sources_.push_back(Source::create(*topic, *this, context));
        }
    }
    topic_.combine(*this);
}

Combination::~Combination() {
    for (const auto& source : sources_) source->let_go_of_owner();
}

IntrusivePtr<Core> Combination::owner() const noexcept {
    Core& core = topic_.core();
    return core.try_add_reference() ? IntrusivePtr<Core>::adopt(&core) : IntrusivePtr<Core>();
}

void Combination::tell() noexcept {
    end_under<DomainGuard>(topic_, [this](Aftermath& after) { after.wake_all(topic_.watching()); });
}

bool Combination::has_changed() const noexcept {
    return std::any_of(sources_.begin(), sources_.end(), [](const auto& source) { return source->has_changed(); });
}

bool Combination::is_stale() const noexcept {
    return has_changed() ||
           !std::all_of(sources_.begin(), sources_.end(), [](const auto& source) { return source->is_heard(); });
}

bool Combination::knows(std::span<Reading* const> readings) const noexcept {
    return std::equal(sources_.begin(), sources_.end(), readings.begin(), readings.end(),
                      [](const auto& source, const Reading* reading) { return source->known() == reading->version(); });
}

void Combination::note(std::span<Reading* const> readings, bool has_failed) noexcept {
    for (std::size_t i = 0; i < sources_.size(); ++i) sources_[i]->note_known(readings[i]->version());
    has_failed_.store(has_failed, std::memory_order_release);
    changes_.fetch_add(1, std::memory_order_acq_rel);
}

bool Combination::note_none(std::span<Reading* const> readings, std::uint64_t since, bool has_failed) noexcept {
    bool is_first = false;
    end_under<DomainGuard>(topic_, [&](Aftermath& after) {
        is_first = changes() == since;
        if (!is_first) return;
        note(readings, has_failed);
        topic_.forget(after);
    });
    return is_first;
}

void Combination::listen() {
    if (UserCode::runs()) return;
    for (const auto& source : sources_) source->listen();
}

void Combination::close_if_over() noexcept {
    const auto never_comes = [](const auto& source) {
        return source->has_ended() && source->topic().retained_sequence() == 0;
    };
    const bool have_ended =
        std::all_of(sources_.begin(), sources_.end(), [](const auto& source) { return source->has_ended(); });
    if (!(have_ended && !has_changed()) && !std::any_of(sources_.begin(), sources_.end(), never_comes)) return;
    end_under<DomainGuard>(topic_, [this](Aftermath& after) {
        if (!topic_.is_closed()) topic_.close(after);
    });
}

}  // namespace event::detail
