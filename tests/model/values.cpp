#include "machine.hpp"

#include <utility>

namespace model {
namespace {

/// What `update` makes of a number.
int next_of(int number) {
    if (number % 19 == 3) throw Thrown();
    return number + 2;
}
bool next_throws(int number) { return number % 19 == 3; }

}  // namespace

void Machine::make_value(const Step& step) {
    if (values_.size() >= most_of_a_kind) return end_value(step);
    const auto type = static_cast<Type>(step.a % started);
    const int number = next_++;
    if (step.b % 2 == 0) {
        if (home_is_gone_) return;
        const int topic = types + number;
        model_.add_lone(topic);
        values_.emplace(number, Valued{model::make_value(*contexts_[0], type), topic, type});
        return;
    }
    const errc expected = model_.add_value(type);
    try {
        auto handle = model::make_value(*bus_, type);
        expect(expected == errc{}, "a value that cannot be");
        const event::EmitterId emitter = bus_->report().emitters.back().id;
        values_.emplace(number, Valued{std::move(handle), type, type, emitter});
    } catch (const boost::system::system_error& error) {
        expect(error.code() == expected, "a value is refused: {}", error.what());
    }
}

void Machine::set_value(const Step& step) {
    auto* picked = pick(values_, step.a);
    if (picked == nullptr) return;
    const Valued& value = picked->second;
    const bool is_lone = value.topic >= types;
    if (!is_lone && somebody_waits_beside(value.type)) return;
    const auto& kept = model_.topics.at(value.topic).kept;
    const int now = kept ? kept->number : 0;
    const bool may_set = is_lone || value.is_open;
    const bool would_set = may_set && !model_.topics.at(value.topic).is_closed;
    int number = next_number_++ * 2 + step.b / 4 % 3;
    bool throws = false, changes = true;
    switch (step.b % 4) {
        case 0:
            throws = may_set && copy_throws(value.type, number);
            break;
        case 1:
            if (step.b / 16 % 2 == 0 && kept) number = now;
            changes = !kept || now != number;
            throws = may_set && changes && copy_throws(value.type, number);
            break;
        case 2:
            break;
        default:
            throws = may_set && next_throws(now);
            if (!next_throws(now)) number = next_of(now);
    }
    changes = changes && would_set;
    if (changes && !throws) {
        if (is_lone) {
            model_.set_lone(value.topic, value.type, number);
        } else {
            model_.emit(value.type, number, value.emitter);
            throws = model_.user_code_threw;
        }
    }
    AnyValue& handle = *value.handle;
    const bool is_conditional = step.b % 4 == 1;
    bool has_changed = changes;
    const Outcome outcome = guarded([&] {
        if (step.b % 4 == 0) handle.set(number);
        if (is_conditional) has_changed = handle.set_if_changed(number);
        if (step.b % 4 == 2) handle.emplace(number);
        if (step.b % 4 == 3) handle.update(next_of);
    });
    expect_thrown(outcome, throws);
    expect(outcome.threw || has_changed == changes, "a value was set: {}", has_changed);
}

void Machine::end_value(const Step& step) {
    auto* picked = pick(values_, step.a);
    if (picked == nullptr) return;
    Valued& value = picked->second;
    if (std::exchange(value.is_open, false)) {
        if (value.topic >= types) {
            model_.close_lone(value.topic);
        } else {
            model_.close_value(value.type);
        }
    }
    value.handle->close();
    if (step.b % 2 == 0 || depth_ != 1) return;  // it may be setting else
    const int topic = value.topic;
    model_.remove_view(topic);
    values_.erase(picked->first);
}

void Machine::view(const Step& step) {
    auto* valued = pick(values_, step.a);
    if (step.b % 3 != 0 && views_.size() < most_of_a_kind && valued != nullptr) {
        model_.add_view(valued->second.topic);
        views_.emplace(next_++, Viewed{valued->second.handle->view(), valued->second.topic});
        return;
    }
    auto* picked = pick(views_, step.a);
    if (picked == nullptr) return;
    const int topic = picked->second.topic;
    views_.erase(picked->first);
    model_.remove_view(topic);
}

void Machine::compare_views() {
    for (const auto& [number, viewed] : views_) {
        const auto& kept = model_.topics.at(viewed.topic).kept;
        const auto seen = viewed.handle->try_get();
        expect(seen.has_value() == kept.has_value(), "view {} sees something: {}", number, seen.has_value());
        if (!seen || !kept) continue;
        expect(seen->number == kept->number, "view {} sees {}, not {}", number, seen->number, kept->number);
        note_sequence(kept->order, seen->version);
    }
}

}  // namespace model
