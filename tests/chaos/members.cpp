#include "chaos/members.hpp"

namespace chaos {
namespace {

event::Backpressure policy(bool is_steady, bool may_be_latest, Random& random) {
    switch (random.below(6)) {
        case 0:
            return event::Drop{};
        case 1:
            return event::DropOldest{};
        case 2:
            return event::Wait{};
        case 3:
            if (may_be_latest) return event::Latest{};
            return event::Drop{};
        case 4:
            if (!is_steady) return event::Kill{};
            [[fallthrough]];
        default:
            return event::Notify{};
    }
}

bool is_wanted(const Id& id) noexcept { return id.number % 3 != 0; }

/// Makes one of this list, filtered if told so, with keys where it has any.
template <class... Ts>
struct Maker {
    const Choice& choice;
    Random& random;

    template <class... Refinements>
    std::shared_ptr<Member> operator()(bool may_be_latest, Refinements&&... refinements) {
        auto member = std::make_shared<MemberOf<Ts...>>(choice.home, choice.ledger.open());
        // a steady one that nobody receives from would stop all who wait for it
        const auto way = static_cast<Way>(choice.is_steady ? 1 + random.below(2) : random.below(3));
        member->begin(choice.bus,
                      {.capacity = 1 + random.below(8), .on_full = policy(choice.is_steady, may_be_latest, random)},
                      way, std::forward<Refinements>(refinements)...);
        return member;
    }
};

}  // namespace

std::shared_ptr<Member> make_member(const Choice& choice, std::uint32_t kind, Random& random) {
    const auto filter = event::where([](const auto& event) { return is_wanted(id_of(event)); });
    const auto key = [](const Keyed& event) { return event.key; };
    switch (kind) {
        case 0:
            return Maker<Small>{choice, random}(true);
        case 1:
            return Maker<Small, Keyed>{choice, random}(true);
        case 2:
            return Maker<Small, Keyed>{choice, random}(false, event::latest_by(key), filter);
        case 3:
            return Maker<Small, Shared>{choice, random}(true);
        case any_event:
            return Maker<event::AnyEvent>{choice, random}(false);
        default:
            return Maker<event::Implements<Told>>{choice, random}(false);
    }
}

std::array<bool, event_types> types_of(std::uint32_t kind) noexcept {
    switch (kind) {
        case 0:
            return {true, false, false};
        case 1:
        case 2:
            return {true, true, false};
        case 3:
            return {true, false, true};
        case any_event:
            return {true, true, true};
        default:
            return {false, false, true};
    }
}

}  // namespace chaos
