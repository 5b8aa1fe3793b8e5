#include "soak/receiving.hpp"
#include "soak/round.hpp"

#include <event/combine.hpp>

#include <boost/asio/strand.hpp>

#include <memory>
#include <utility>

/// Several receivers of one queue, and one value of several.

namespace soak {

void Round::share() {
    auto first = ground_.bus.subscribe<Number, Text>(any_options());
    for (unsigned workers = 1 + lot(3); workers > 0; --workers) {
        const asio::any_io_executor strand = asio::make_strand(ground_.pool);
        ground_.tasks.spawn(strand, "a worker", receive(first.share(), over_.view(), lot(3)));
    }
    hold(pulled(std::move(first)));
}

namespace {

struct Parts {
    explicit Parts(const asio::any_io_executor& at) : text(at, Text{"a part"}), state(at) {}

    event::Value<Text> text;
    event::Value<State> state;
    event::ValueView<Text> whole = event::combine(
        text.view(), state.view(),
        [counted = CountedHandler()](const Text& front, const State& back) { return Text{front.value + back.value}; });
};

}  // namespace

void Round::combine() {
    auto parts = std::make_shared<Parts>(ground_.pool);
    for (unsigned watchers = lot(4); watchers > 0; --watchers) {
        const asio::any_io_executor strand = asio::make_strand(ground_.pool);
        ground_.tasks.spawn(strand, "a watcher", follow(parts->whole.watch(), over_.view(), lot(2)));
    }
    hold({parts, [own = parts.get()](unsigned lot) {
              if (lot == 0) return own->text.close();
              if (lot == 1) return own->state.close();
              if (lot % 3 == 0) return own->text.emplace("another part");
              if (lot % 3 == 1) return own->state.set(State{});
              static_cast<void>(own->whole.try_get());
          }});
}

}  // namespace soak
