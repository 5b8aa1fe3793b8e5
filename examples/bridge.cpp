/// Two buses that tell each other what happens, and nothing twice.

#include <event/bus.hpp>
#include <event/not_from.hpp>
#include <event/overloaded.hpp>

#include <boost/asio/io_context.hpp>

#include <fmt/format.h>

#include <string>

namespace asio = boost::asio;

struct PeerSeen {
    std::string peer;
};
struct PeerLost {
    std::string peer;
};

// [bridge]
/// Emits on one bus what happens on the other, but for what the bridge has brought there itself.
class Bridge {
public:
    Bridge(event::EventBus& here, event::EventBus& there)
        : to_here_(here.emitter<PeerSeen, PeerLost>({.name = "bridge"})),
          to_there_(there.emitter<PeerSeen, PeerLost>({.name = "bridge"})),
          out_(here.subscribe<PeerSeen, PeerLost>([this](const auto& event) { to_there_.emit(event); },
                                                  event::not_from(to_here_))),
          in_(there.subscribe<PeerSeen, PeerLost>([this](const auto& event) { to_here_.emit(event); },
                                                  event::not_from(to_there_))) {}
    Bridge(const Bridge&) = delete;
    Bridge& operator=(const Bridge&) = delete;

private:
    event::Emitter<PeerSeen, PeerLost> to_here_, to_there_;
    event::Subscription<PeerSeen, PeerLost> out_, in_;
};
// [bridge]

int main() {
    asio::io_context io;
    event::EventBus here{io}, there{io};
    int shown = 0;
    // [whose]
    auto log = here.subscribe<PeerSeen, PeerLost>([&](const auto& event, const event::Meta& meta) {
        for (const event::EmitterReport& emitter : here.report().emitters)
            if (emitter.id == meta.emitter) fmt::print("here: {}, from the {}\n", event.peer, emitter.name);
        ++shown;
    });
    // [whose]
    const Bridge bridge{here, there};
    const auto near = here.emitter<PeerSeen>({.name = "swarm"});
    const auto far = there.emitter<PeerLost>({.name = "swarm"});
    near.emit({.peer = "alice"});
    far.emit({.peer = "bob"});
    while (io.poll() != 0) {
    }
    return shown == 2 ? 0 : 1;
}
