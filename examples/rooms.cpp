/// A chat of many rooms, and whoever is in some of them: keys that are known at run time only.

#include <event/bus.hpp>
#include <event/where_key.hpp>

#include <boost/asio/io_context.hpp>

#include <fmt/format.h>

#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

namespace asio = boost::asio;

struct Said {
    std::string room;
    std::string who;
    std::string text;
};

// [member]
/// Hears what is said in its rooms, each line once, and in one order across them.
class Member {
public:
    Member(event::EventBus& bus, std::string name, const std::vector<std::string>& rooms)
        : name_(std::move(name)),
          said_(bus.subscribe<Said>([this](const Said& said) { hear(said); }, event::where_key(&Said::room, rooms))) {}
    Member(const Member&) = delete;
    Member& operator=(const Member&) = delete;
    int heard = 0;

private:
    void hear(const Said& said) {
        fmt::print("{} hears {} in {}: {}\n", name_, said.who, said.room, said.text);
        ++heard;
    }

    std::string name_;
    event::Subscription<Said> said_;  // last: it goes first, and its handler uses the others
};
// [member]

int main() {
    asio::io_context io;
    event::EventBus bus{io};
    Member alice{bus, "alice", {"garden", "kitchen"}};
    Member bob{bus, "bob", {"kitchen"}};

    // [rooms]
    std::vector<event::Subscription<Said>> logs;
    for (int i = 0; i < 10'000; ++i)
        logs.push_back(bus.subscribe<Said>(event::where_key(&Said::room, fmt::format("room {}", i))));

    const auto said = bus.emitter<Said>();
    said.emit({.room = "kitchen", .who = "carol", .text = "tea?"});  // asks none of the ten thousand
    said.emit({.room = "garden", .who = "dave", .text = "rain"});
    const event::EmitResult result = said.emit({.room = "room 17", .who = "erin", .text = "anybody?"});
    // [rooms]
    fmt::print("in room 17: {} listening\n", result.subscribers);

    io.poll();
    return alice.heard == 2 && bob.heard == 1 && logs[17].try_receive() && result.subscribers == 1 ? EXIT_SUCCESS
                                                                                                   : EXIT_FAILURE;
}
