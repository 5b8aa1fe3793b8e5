#include "../allocation.hpp"
#include "link_fixture.hpp"

#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <memory>

/// Links that come and go by the thousand: nothing is left of them, no memory, no file descriptor, no topic.

namespace link_many_test {

using namespace links;

/// A bus that stays, to which links come.
class ManyLinks : public testing::Test {
protected:
    template <class Stream>
    struct Pair {
        Pair(event::EventBus& bus, Stream&& here, Stream&& there)
            : client(bus, std::move(here)), server(bus, std::move(there)) {}
        event::net::Link<Stream> client, server;
        std::optional<event::Subscription<Count>> counts;
        std::optional<event::Subscription<Joined>> joined;
        event::ValueView<Count> view;
    };

    template <class Stream>
    std::unique_ptr<Pair<Stream>> open(Stream&& here, Stream&& there, bool with_all = true) {
        auto pair = std::make_unique<Pair<Stream>>(bus_, std::move(here), std::move(there));
        pair->server.template serve<Count, Joined>({.capacity = 4}, event::net::by_key(&Joined::room));
        pair->counts = pair->client.template subscribe<Count>({.capacity = 4});
        if (with_all) {
            pair->joined = pair->client.template subscribe<Joined>({.capacity = 4}, event::where_key(&Joined::room, 1));
            pair->view = pair->client.template watch<Count>();
        }
        for (auto* link : {&pair->client, &pair->server}) link->async_run([this](const error_code&) { ++over_; });
        return pair;
    }
    void emit() {
        for (int i = 0; i < 3; ++i) {
            counts_.emit({i});
            joined_.emit({"peer", i});
        }
    }
    void expect_nothing_left(std::size_t ends) {
        EXPECT_EQ(std::exchange(over_, 0), ends);
        const event::BusReport report = bus_.report();
        EXPECT_TRUE(report.subscriptions.empty());
        EXPECT_EQ(report.topics.size(), 2U);
        EXPECT_EQ(report.emitters.size(), 2U);
        for (const event::ValueReport& value : report.values) EXPECT_EQ(value.watchers, 0U);
    }

    asio::io_context io_;
    event::testing::ManualClock clock_{io_};
    event::EventBus bus_{io_, {.on_slow_subscriber = [](const auto&) {}}};
    event::Emitter<Count> counts_ = bus_.emitter<Count>({.retain = true});
    event::Emitter<Joined> joined_ = bus_.emitter<Joined>();
    std::size_t over_ = 0;
};

TEST_F(ManyLinks, LeaveNothingWhenTheyAreCut) {
    constexpr int batches = 100, pairs = 50;  // two links each: ten thousand
    const auto open_and_cut = [this](int batch) {
        std::vector<std::unique_ptr<Pair<duplex::End>>> all;
        std::vector<duplex::Pipe> pipes;
        for (int i = 0; i < pairs; ++i) {
            auto [here, there] = duplex::pair(io_);
            pipes.push_back((i % 2 == 0 ? here : there).outgoing());
            if (i % 5 == 0) pipes.back().cut_after(static_cast<std::size_t>(batch + i));
            all.push_back(open(std::move(here), std::move(there), i % 5 < 2));
        }
        drive(io_);
        emit();
        if (batch % 2 == 0) drive(io_);
        for (int i = 0; i < pairs; ++i) {
            auto& pair = *all[static_cast<std::size_t>(i)];
            switch (i % 4) {
                case 0:
                    pair.client.close();
                    break;
                case 1:
                    pair.counts.reset();
                    break;
                default:
                    break;
            }
            pipes[static_cast<std::size_t>(i)].cut();
            if (i % 3 == 0) all[static_cast<std::size_t>(i)].reset();
        }
        drive(io_);
        all.clear();
        drive(io_);
    };
    for (int batch = 0; batch < 4; ++batch) open_and_cut(batch);  // what is kept for those that come again
    over_ = 0;
    const long live = allocation::live;
    const auto in_use = [] { return static_cast<std::size_t>(allocation::live.load()); };
    std::size_t most = 0;
    for (int batch = 0; batch < batches; ++batch) {
        open_and_cut(batch);
        most = std::max(most, in_use());
    }
    expect_nothing_left(2 * batches * pairs);
    EXPECT_LE(allocation::live, live + 50) << "some of the largest buffer's, and no more with each link";
    EXPECT_LE(most, static_cast<std::size_t>(live) + 200);
}

std::size_t open_files() {
    const std::filesystem::directory_iterator files("/proc/self/fd");
    return static_cast<std::size_t>(std::distance(begin(files), end(files)));
}

TEST_F(ManyLinks, LeaveNoFileDescriptor) {
    using Socket = asio::local::stream_protocol::socket;
    constexpr int batches = 10, pairs = 50;
    Socket one(io_), other(io_);
    asio::local::connect_pair(one, other);  // the context opens some of its own with the first
    const std::size_t before = open_files();
    for (int batch = 0; batch < batches; ++batch) {
        std::vector<std::unique_ptr<Pair<Socket>>> all;
        for (int i = 0; i < pairs; ++i) {
            Socket here(io_), there(io_);
            asio::local::connect_pair(here, there);
            all.push_back(open(std::move(here), std::move(there)));
        }
        drive(io_);
        emit();
        EXPECT_GE(open_files(), before + 2 * pairs);
        for (int i = 0; i < pairs; ++i) {
            auto& pair = all[static_cast<std::size_t>(i)];
            if (i % 3 == 0) {
                pair.reset();
            } else if (i % 3 == 1) {
                pair->server.close();
            } else {
                pair->client.close();
            }
        }
        io_.restart();
        while (over_ < static_cast<std::size_t>(2 * pairs * (batch + 1)) &&
               io_.run_one_for(std::chrono::seconds(20)) != 0) {
        }
        EXPECT_EQ(open_files(), before) << "also while the links, which are over, are still there";
    }
    expect_nothing_left(2 * batches * pairs);
}

}  // namespace link_many_test
