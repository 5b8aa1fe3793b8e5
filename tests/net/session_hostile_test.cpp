#include "net/session_pair.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

/// Sessions whose other side was started anew, or lies, at the worst moment.

namespace session_test {

using testing::ElementsAre;

constexpr SessionOptions plain_here{.epoch = 11}, plain_there{.epoch = 12};
constexpr SessionOptions here{.epoch = 11, .is_reliable = true}, there{.epoch = 12, .is_reliable = true};

void write_all(Sessions& sessions, Wire& wire, std::size_t end) {
    while (sessions.write(wire, end)) {
    }
}
void read_all(Sessions& sessions, Wire& wire, std::size_t end) {
    while (sessions.read(wire, end)) {
    }
}

TEST(NetSessionHostile, APlainQueueAfterAReliableOneIsNotAcknowledged) {
    SessionOptions small = there;
    small.inbox = 2;
    Sessions sessions(here, small);
    Wire& first = sessions.connect();
    sessions.settle();
    ASSERT_TRUE(sessions.here().send("a"));
    write_all(sessions, first, 0);
    read_all(sessions, first, 1);
    sessions.lose(first);
    sessions.ends[0] = End({.epoch = 14});
    Wire& second = sessions.connect();
    write_all(sessions, second, 1);  // Resume
    sessions.there().take();
    sessions.settle();
    EXPECT_EQ(sessions.here().violations, 0U);
}

}  // namespace session_test
