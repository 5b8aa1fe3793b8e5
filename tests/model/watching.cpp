#include "machine.hpp"

namespace model {

void Machine::watch(const Step& step) {
    if (watchers_.size() >= most_of_a_kind) return end_watcher({step.what, step.a, 1, 0});
    const auto type = static_cast<Type>(step.a % started);
    const int number = next_++;
    if (auto* viewed = step.b % 3 == 0 ? pick(views_, step.a) : nullptr) {
        model_.watch(number, viewed->second.topic);
        watchers_[number].handle = viewed->second.handle->watch();
        return;
    }
    try {
        auto handle = model::watch(*bus_, type);
        expect(!model_.is_closed, "a watcher of a closed bus");
        model_.watch(number, type);
        watchers_[number].handle = std::move(handle);
    } catch (const boost::system::system_error& error) {
        expect(error.code() == errc::closed && model_.is_closed, "a watcher is refused: {}", error.what());
    }
}

bool Machine::may_have_seen_newest(const Watcher& watcher) const {
    return watcher.may_have_seen && model_.newest(watcher) && !is_wanted(model_.newest(watcher)->number);
}

bool Machine::has_ended_by(Watcher& watcher, error_code error) {
    if (error == errc::closed && model_.topics.at(watcher.topic).is_closed && may_have_seen_newest(watcher))
        model_.see(watcher);
    return model_.has_ended(watcher);
}

void Machine::try_get(const Step& step) {
    auto* picked = pick(watchers_, step.a);
    if (picked == nullptr) return;
    Watcher& watcher = model_.watchers.at(picked->first);
    const auto seen = picked->second.handle->try_get();
    const bool is_readable = !watcher.is_closed && model_.is_behind(watcher);
    if (!seen) {
        expect(!is_readable || may_have_seen_newest(watcher), "watcher {} has seen what it has not seen",
               picked->first);
        if (is_readable) model_.see(watcher);
        return;
    }
    expect(is_readable, "watcher {} sees what is not new", picked->first);
    if (!is_readable) return;
    expect(seen->number == model_.newest(watcher)->number, "watcher {} sees {}, not {}", picked->first, seen->number,
           model_.newest(watcher)->number);
    note_sequence(model_.newest(watcher)->order, seen->version);
    model_.see(watcher);
}

void Machine::start_get(const Step& step) {
    auto* picked = pick(watchers_, step.a);
    if (picked == nullptr) return;
    Operation operation{.kind = static_cast<Kind>(static_cast<int>(Kind::get) + step.b % 3),
                        .target = picked->first,
                        .context = choose_context(step.b / 3),
                        .is_on_strand = step.b / 6 % 4 == 1,
                        .then = step.c};
    if (operation.kind == Kind::get) operation.limit = limit_of(step.b / 24);
    if (!is_alive(operation.context)) return;
    if (is_occupied(picked->first, true)) operation.fixed = errc::concurrent_receive;
    if (operation.kind == Kind::get_if && !operation.fixed) model_.watchers.at(picked->first).may_have_seen = true;
    const int number = begin(operation);
    const Handling handling = this->handling(number);
    switch (operation.kind) {
        case Kind::get:
            if (operation.limit == Operation::Limit::none) return picked->second.handle->get(handling);
            return picked->second.handle->get_for(handling, duration_of(operation.limit));
        case Kind::get_if:
            return picked->second.handle->get_if(handling);
        default:
            return picked->second.handle->wait(handling);
    }
}

void Machine::end_watcher(const Step& step) {
    auto* picked = pick(watchers_, step.a);
    if (picked == nullptr) return;
    model_.close(model_.watchers.at(picked->first));
    if (step.b % 2 == 0) return picked->second.handle->close();
    const auto handle = std::move(picked->second.handle);
    watchers_.erase(picked->first);
}

}  // namespace model
